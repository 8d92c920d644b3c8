//! Several engines, engines elsewhere, and networks that an engine has lost.

use dprobe_probes::tcp::TcpOutcome;

use super::facts::{self, Facts, container};
use crate::report::{Severity, Verdict};
use crate::topology::{Elsewhere, EngineFlavor, Protocol, PublishedPort, Status};

fn alone() -> Facts {
    Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "nginx:1").on("favorites-net", "172.18.0.3"))
}

fn there(word: &str) -> Elsewhere {
    Elsewhere {
        word: word.to_owned(),
        container: word.to_owned(),
        running: true,
        engine: "unix:///run/user/1000/docker.sock".to_owned(),
        ..Elsewhere::default()
    }
}

#[test]
fn a_target_of_another_engine_is_told_where_it_is() {
    let check = alone().elsewhere(there("mongodb")).finds_nothing("mongodb").check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["other-engine"]);
    let fixes = &check.diagnoses[0].fixes;
    assert_eq!(fixes[0].commands, ["export DOCKER_HOST=unix:///run/user/1000/docker.sock"]);

    let context = |word: &str| Elsewhere { context: Some("rootless".to_owned()), ..there(word) };
    let check =
        alone().elsewhere(context("mongodb")).elsewhere(context("web")).finds_nothing("mongodb").check("mongodb:27017");
    let fixes = &check.diagnoses[0].fixes;
    assert_eq!(fixes[0].commands, ["dprobe --context rootless check web mongodb:27017"], "it has both");
    assert_eq!(fixes[1].commands, ["docker context use rootless"]);
}

#[test]
fn a_port_that_another_engine_publishes_leads_there_through_the_host() {
    let port = PublishedPort {
        container_port: 27017,
        protocol: Protocol::Tcp,
        host_ip: "0.0.0.0".parse().ok(),
        host_port: Some(27018),
    };
    let mongodb = Elsewhere { published: vec![port], ..there("mongodb") };
    let check = alone().elsewhere(mongodb).finds_nothing("mongodb").check("mongodb:27017");
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("172.18.0.1:27018"));
}

#[test]
fn a_name_that_is_known_here_or_nowhere_is_no_matter_of_other_engines() {
    let check = alone().elsewhere(there("mysql")).finds_nothing("mongodb").check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["unknown-name"]);
    let check = alone()
        .elsewhere(there("mongodb"))
        .finds("mongodb", &["10.0.0.9"])
        .dials("10.0.0.9", 27017, TcpOutcome::Connected)
        .check("mongodb:27017");
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
}

#[test]
fn localhost_of_an_engine_elsewhere_is_elsewhere() {
    let from_host = || alone().remote("docker").seen_from_host();
    let check = from_host()
        .dials_as("localhost", "127.0.0.1", 8080, TcpOutcome::Refused)
        .listens_nowhere("host")
        .check("localhost:8080");
    assert_eq!(facts::codes(&check), ["dind-localhost"]);
    assert_eq!(check.verdict, Verdict::Unreachable);
    let check = from_host()
        .dials_as("localhost", "127.0.0.1", 8080, TcpOutcome::Connected)
        .listens("host", "0.0.0.0", 8080)
        .check("localhost:8080");
    assert_eq!((facts::codes(&check), check.verdict), (vec!["dind-localhost"], Verdict::Reachable));
    assert_eq!(check.diagnoses[0].severity, Severity::Warning);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("docker:8080"));
    let check = alone()
        .seen_from_host()
        .dials_as("localhost", "127.0.0.1", 8080, TcpOutcome::Refused)
        .listens_nowhere("host")
        .check("localhost:8080");
    assert!(!facts::codes(&check).contains(&"dind-localhost"), "an engine of this machine");
}

#[test]
fn the_host_of_a_rootless_engine_is_not_the_machine() {
    let facts = |flavor| {
        alone()
            .flavor(flavor)
            .dials("172.18.0.1", 8000, TcpOutcome::Refused)
            .listens("host", "0.0.0.0", 22)
            .check("172.18.0.1:8000")
    };
    let check = facts(EngineFlavor::Rootless);
    assert_eq!(facts::codes(&check), ["rootless-host-loopback"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("10.0.2.2:8000"));
    assert_eq!(facts::codes(&facts(EngineFlavor::Docker)), ["host-not-listening"]);
    let check = alone()
        .flavor(EngineFlavor::Rootless)
        .dials("172.18.0.1", 22, TcpOutcome::Connected)
        .listens("host", "0.0.0.0", 22)
        .check("172.18.0.1:22");
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
}

/// `mongodb` on favorites-net, stopped, which remembers a network with this id.
fn stopped(id: &str) -> Facts {
    alone().container(container("mongodb", "mongo:7").on("favorites-net", "")).edit("mongodb", |container| {
        container.state.status = Status::Exited;
        for attachment in container.attachments.values_mut() {
            id.clone_into(&mut attachment.network_id);
            attachment.names = vec!["mongodb".to_owned(), "zzzzzzzzzzzz".to_owned(), "db".to_owned()];
        }
    })
}

#[test]
fn a_stopped_container_that_means_another_network_of_that_name() {
    let check = stopped(&"a".repeat(64)).finds_nothing("mongodb").check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["network-recreated"]);
    assert_eq!(
        check.diagnoses[0].fixes[0].commands,
        [
            "docker network disconnect favorites-net mongodb",
            "docker network connect --alias db favorites-net mongodb",
            "docker start mongodb"
        ]
    );
    // The same network, and an engine that notes the name in the place of the id.
    for id in ["", "favorites-net"] {
        let check = stopped(id).finds_nothing("mongodb").check("mongodb:27017");
        assert_eq!(facts::codes(&check), ["target-not-running"], "{id:?}");
    }
    // With each start of the engine the default bridge is another one.
    let facts = stopped(&"a".repeat(64)).edit_network("favorites-net", |network| {
        network.options.insert("com.docker.network.bridge.default_bridge".to_owned(), "true".to_owned());
    });
    let check = facts.finds_nothing("mongodb").check("mongodb:27017");
    assert!(!facts::codes(&check).contains(&"network-recreated"));
}

#[test]
fn a_container_that_was_made_for_a_network_that_never_was() {
    let facts = alone().container(container("mongodb", "mongo:7").on("other-net", "")).edit("mongodb", |container| {
        container.state.status = Status::Created;
        "network other-net not found".clone_into(&mut container.state.error);
    });
    let check = facts.finds_nothing("mongodb").check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["network-missing"]);
    assert_eq!(
        check.diagnoses[0].fixes[0].commands,
        ["docker network create other-net", "docker start mongodb", "docker network connect other-net web"]
    );
    assert!(check.diagnoses[0].explanation.contains("network other-net not found"));
}
