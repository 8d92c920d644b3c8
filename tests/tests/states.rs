//! Faults of the containers themselves: one of the two ends is not up.

use std::time::Duration;

use dprobe_tests::docker::inspect;
use dprobe_tests::{Container, Network, Stack, check, until};

/// A network with a source whose failed lookups are answered at once.
fn web(stack: &Stack) -> (Network, Container) {
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    (net, web)
}

#[test]
fn target_not_running_after_a_stop() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    db.docker("stop");

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome
        .unreachable("target-not-running")
        .words([db.name(), "docker start"])
        .shows(["target-not-running", db.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn target_not_running_after_a_crash_says_why_it_died() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db =
        stack.container("mongodb").on(&net).runs(["web", "print=no space left on device", "exit=14"]).unready().start();
    db.wait_for_status("exited");

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("target-not-running").words([db.name(), "14", "no space left on device"]);
}

#[test]
fn target_not_running_because_it_never_was() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).runs(["mongod", "--bind_ip_all"]).create();

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("target-not-running").words([db.name(), "docker start"]);
    outcome.fix_works(&stack);
}

#[test]
fn target_not_running_because_its_program_is_not_there() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).runs(["mongodd", "--bind_ip_all"]).create();
    db.fails_to_start();

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("target-not-running").words([db.name(), "no program `mongodd`", "misspelt"]);
    db.recreate(["mongod", "--bind_ip_all"]);
    outcome.passes_now();
}

#[test]
fn target_restarting_seen_between_two_lives() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).flags(["--restart", "always"]);
    let db = db.runs(["web", "print=cannot read its configuration", "exit=3"]).unready().start();
    // The engine doubles its pause from 0.1 s each time: after the sixth it is long enough to be caught in.
    until("a long pause between two lives", Duration::from_secs(60), || {
        let db = inspect(db.name())?;
        (db["RestartCount"].as_i64()? >= 6 && db["State"]["Status"] == "restarting").then_some(())
    });

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("target-restarting").words([db.name(), "exit code 3", "cannot read its configuration"]);
}

#[test]
fn target_restarting_seen_in_one_of_its_lives() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).flags(["--restart", "always"]);
    let db = db.runs(["web", "print=cannot read its configuration", "exit=3,after=4s"]).unready().start();
    until("its second life", Duration::from_secs(60), || {
        let db = inspect(db.name())?;
        (db["RestartCount"].as_i64()? >= 1 && db["State"]["Status"] == "running").then_some(())
    });

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("target-restarting").words([db.name(), "cannot read its configuration"]);
    // The engine has forgotten the last exit code by now, and dprobe must not make one up.
    assert!(!outcome.report["checks"].to_string().contains("exit code 0"), "{}", outcome.report["checks"]);
}

#[test]
fn target_paused() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    db.docker("pause");

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("target-paused").words([db.name(), "docker unpause"]);
    outcome.fix_works(&stack);
}

#[test]
fn target_starting() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    stack.container("api").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,delay=8s"]).unready().start();

    let outcome = check([web.name(), "api:3000"]);
    outcome.unreachable("target-starting").words(["3000"]);
    outcome.fix_works(&stack);
}

#[test]
fn source_not_running_after_a_stop() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    web.docker("stop");

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("source-not-running").words([web.name(), "docker start"]);
    assert_eq!(outcome.checks()[0]["from"]["stand_in"], true);
    outcome.fix_works(&stack);
}

#[test]
fn source_not_running_because_its_program_is_not_there() {
    let stack = Stack::new();
    let (net, _) = web(&stack);
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let source = stack.container("worker").on(&net).runs(["worker.sh"]).create();
    source.fails_to_start();

    let outcome = check([source.name(), "mongodb:27017"]);
    outcome.unreachable("source-not-running").words([source.name(), "no program `worker.sh`"]);
    source.recreate(["web"]);
    outcome.passes_now();
}

#[test]
fn source_not_running_does_not_hide_what_is_wrong_behind_it() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
    web.docker("stop");

    let outcome = check([web.name(), "mongodb:27017"]);
    assert_eq!(outcome.verdict(), "unreachable");
    assert!(outcome.codes().contains(&"source-not-running"), "{:?}", outcome.codes());
    assert!(outcome.codes().contains(&"bind-loopback"), "{:?}", outcome.codes());
}

#[test]
fn source_not_running_because_it_is_paused() {
    let stack = Stack::new();
    let (net, web) = web(&stack);
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    web.docker("pause");

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("source-not-running").words([web.name(), "docker unpause"]);
    outcome.fix_works(&stack);
}

#[test]
fn source_network_none() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").flags(["--network", "none"]).start();
    let db = stack.container("mongodb").on(&net).runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &db.port(27017)]);
    outcome.unreachable("source-network-none").words([web.name(), "none"]);
    outcome.fix_works(&stack);
}
