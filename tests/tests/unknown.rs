//! What dprobe has no name for yet: it says what it measured, and guesses nothing.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use dprobe_tests::{Outcome, Stack, check};

/// Asserts that the source does not get through and that no cause is claimed.
fn unexplained(outcome: &Outcome) {
    assert!(["unreachable", "inconclusive"].contains(&outcome.verdict()), "{}", outcome.verdict());
    outcome.says(outcome.verdict(), None, if outcome.verdict() == "unreachable" { 1 } else { 3 });
    assert_eq!(outcome.codes(), [""; 0]);
    outcome.replays();
}

#[test]
fn a_good_listener_on_a_network_that_keeps_its_containers_apart() {
    let stack = Stack::new();
    let net = stack.network_with("apart", &["-o", "com.docker.network.bridge.enable_icc=false"]);
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();

    let outcome = check([web.name(), "api:80", "-t", "2s"]);
    unexplained(&outcome);
    outcome.shows(["80", "UNREACHABLE"]);
}

#[test]
fn a_server_that_has_stopped_accepting() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,hang"]).start();
    // Its queue has room for one; from then on the kernel drops what comes.
    let address = SocketAddr::from((api.ip(net.name()), 3000));
    let held: Vec<TcpStream> =
        (0..3).map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(700)).ok()).collect();
    assert!((1..3).contains(&held.len()), "{} connections got through", held.len());

    unexplained(&check([web.name(), "api:3000", "-t", "2s"]));
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
