//! More engines than one, and engines that are elsewhere.

use std::path::Path;

use dprobe_tests::fake_engine::FakeEngine;
use dprobe_tests::{Dprobe, HostListener, Lab, Stack, check, host};
use serde_json::json;

/// An engine at one of the usual sockets that has one container.
fn other_engine(name: &str) -> FakeEngine {
    let list = json!([{
        "Names": [format!("/{name}")], "State": "running", "Labels": {},
        "Ports": [{ "IP": "0.0.0.0", "PrivatePort": 27017, "PublicPort": 27018, "Type": "tcp" }],
    }]);
    FakeEngine::answering("200 OK", "", &list.to_string())
}

/// Has the socket of an engine be one of the usual ones.
fn beside(dprobe: Dprobe, socket: &Path) -> Dprobe {
    dprobe.env("XDG_RUNTIME_DIR", socket.parent().expect("a directory"))
}

#[test]
fn a_target_that_lives_in_another_engine() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let asks = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(asks).start();
    let mongodb = stack.unique("mongodb");
    let other = other_engine(&mongodb);

    let outcome = beside(Dprobe::new(["check", web.name(), &format!("{mongodb}:27017")]), &other.path()).json();
    outcome.unreachable("other-engine").words(["DOCKER_HOST=", &other.host(), "27018"]);

    // Another name is not there either.
    let outcome = beside(Dprobe::new(["check", web.name(), "nobody:27017"]), &other.path()).json();
    outcome.unreachable("unknown-name");
}

#[test]
fn a_source_that_lives_in_another_engine() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let address = lab.engine().address().expect("an address").to_owned();
    let socket = Path::new(address.trim_start_matches("unix://"));

    let asked = ["check", web.name(), "api:80"];
    let done = beside(Dprobe::new(asked), socket).run();
    assert_eq!(done.status.code(), Some(2), "{}", done.stderr);
    let hint = format!("dprobe --host {address} check {} api:80", web.name());
    assert!(done.stderr.contains(&hint), "{}", done.stderr);
    Dprobe::new(hint.split_whitespace().skip(1)).json().healthy();

    // The same engine by the name of a context.
    let config = tempfile::tempdir().expect("a directory");
    let create = ["context", "create", "lab", "--docker", &format!("host={address}")];
    let made = std::process::Command::new("docker").args(create).env("DOCKER_CONFIG", config.path()).output();
    assert!(made.expect("docker").status.success());
    let done = Dprobe::new(asked).env("DOCKER_CONFIG", config.path()).run();
    let hint = format!("dprobe --context lab check {} api:80", web.name());
    assert!(done.status.code() == Some(2) && done.stderr.contains(&hint), "{}", done.stderr);
    Dprobe::new(hint.split_whitespace().skip(1)).env("DOCKER_CONFIG", config.path()).json().healthy();
}

#[test]
fn an_engine_that_says_nothing_is_not_waited_for() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let asks = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(asks).start();
    let silent = FakeEngine::saying("");
    let outcome = beside(Dprobe::new(["check", web.name(), "nobody:27017"]), &silent.path()).json();
    outcome.unreachable("unknown-name");
}

#[test]
fn localhost_is_that_of_an_engine_elsewhere() {
    let Some(lab) = Lab::with(&["--host", "tcp://0.0.0.0:2375"]) else { return };
    let stack = lab.stack();
    let web = stack.container("web").flags(["-p", "8080:80"]).runs(["nginx"]).start();
    // From the machine outside, the host of the lab is another machine.
    let outside = |words: &[&str]| {
        let line = format!(
            "DOCKER_HOST=tcp://{}:2375 {} check {} --format json || true",
            lab.address(),
            dprobe_tests::binary::dprobe().display(),
            words.join(" ")
        );
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("report.json");
        std::fs::write(&file, lab.outside(&line)).expect("a file");
        Dprobe::new(["explain".as_ref(), file.as_os_str()]).json()
    };
    let engine = lab.address().to_string();
    outside(&["host", "localhost:9090"]).unreachable("dind-localhost").words([&engine, "9090"]);
    outside(&[web.name(), "host:9090"]).unreachable("dind-localhost").words([&engine]);
    let outcome = outside(&["host", "localhost:8080"]);
    outcome.says("reachable", None, 0);
    assert_eq!(outcome.codes(), ["dind-localhost"]);
    outcome.words([&format!("{engine}:8080")]);
    outside(&[web.name(), "localhost:80"]).healthy();
    outside(&["host", &format!("{engine}:8080")]).healthy();
    // On its own machine the same engine is an ordinary one.
    lab.check(["host", "localhost:8080"]).healthy();
}

/// What is said of a report if the engine was rootless; no such engine can be had here.
#[test]
fn the_machine_of_a_rootless_engine_is_out_of_sight() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).flags(["--add-host", "host.docker.internal:host-gateway"]).start();
    let explained = |port: u16| {
        let mut report = check([web.name(), &format!("host.docker.internal:{port}")]).report;
        report["topology"]["flavor"] = "rootless".into();
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("report.json");
        std::fs::write(&file, report.to_string()).expect("a file");
        Dprobe::new(["explain".as_ref(), file.as_os_str()]).json()
    };
    explained(host::free_port()).unreachable("rootless-host-loopback").words(["10.0.2.2", "rootless"]);
    let server = HostListener::on("0.0.0.0");
    explained(server.port()).healthy();
}
