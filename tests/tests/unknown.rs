//! What dprobe has no name for yet: it says what it measured, and guesses nothing.

use dprobe_tests::{Outcome, Outside, Stack, check};

/// Asserts that the source does not get through and that no cause is claimed.
fn unexplained(outcome: &Outcome) {
    assert!(["unreachable", "inconclusive"].contains(&outcome.verdict()), "{}", outcome.verdict());
    outcome.says(outcome.verdict(), None, if outcome.verdict() == "unreachable" { 1 } else { 3 });
    assert_eq!(outcome.codes(), [""; 0]);
    outcome.replays();
}

#[test]
fn a_server_outside_that_refuses() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let Some(outside) = Outside::new() else { return };

    let outcome = check([web.name(), &format!("{}:81", outside.address())]);
    unexplained(&outcome);
    outcome.shows(["81", "refused", "UNREACHABLE"]);
}

#[test]
fn an_http_status_is_told_and_judged() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api");
    api.runs(["node", "tcp:0.0.0.0:3000,http=503,body=no database", "tcp:0.0.0.0:3001,http=404"]).start();

    check([web.name(), "http://api:3000/"]).says("degraded", None, 1).shows(["503", "DEGRADED"]);
    check([web.name(), "http://api:3001/"]).says("reachable", None, 0).shows(["404"]);
}

#[test]
fn tls_to_a_server_that_speaks_none() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();

    let outcome = check([web.name(), "https://api:3000/"]);
    assert_eq!((outcome.verdict(), outcome.exit), ("unreachable", Some(1)));
}
