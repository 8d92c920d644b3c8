//! From, to and through the host.

use dprobe_probes::tcp::TcpOutcome;

use super::facts::{self, Facts, container};
use super::pair;
use crate::report::Verdict;
use crate::topology::{NetworkMode, Protocol, Status};

#[test]
fn the_name_of_the_host() {
    let check = pair().finds_nothing("host.docker.internal").check("host.docker.internal:5432");
    assert_eq!(facts::codes(&check), ["host-name-missing"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("172.18.0.1:5432"));
}

#[test]
fn what_the_host_listens_on() {
    let on = |address: Option<&str>| {
        let facts = pair().dials("172.18.0.1", 5432, TcpOutcome::Refused);
        match address {
            Some(address) => facts.listens("host", address, 5432),
            None => facts.listens_nowhere("host"),
        }
        .check("172.18.0.1:5432")
    };
    assert_eq!(facts::codes(&on(Some("127.0.0.1"))), ["host-bind-loopback"]);
    assert_eq!(facts::codes(&on(None)), ["host-not-listening"]);
    assert_eq!(facts::codes(&on(Some("0.0.0.0"))), ["host-firewall"], "a good listener refuses nobody");
}

#[test]
fn ports_of_the_host() {
    let published = |protocol| {
        Facts::new()
            .network("front", "172.18.0.0/16")
            .container(container("web", "nginx").on("front", "172.18.0.2").publishes(8083, 80, protocol))
            .seen_from_host()
    };
    let wrong = published(Protocol::Tcp)
        .dials_closed("127.0.0.1", 8083)
        .listens("web", "0.0.0.0", 8080)
        .check("127.0.0.1:8083");
    assert_eq!(facts::codes(&wrong), ["published-wrong-port"]);
    assert_eq!(wrong.verdict, Verdict::Unreachable, "connected and closed at once is not through");
    let loopback =
        published(Protocol::Tcp).dials_closed("127.0.0.1", 8083).listens("web", "127.0.0.1", 80).check("web:80");
    assert_eq!(facts::codes(&loopback), ["bind-loopback"]);
    let healthy = published(Protocol::Tcp)
        .dials("127.0.0.1", 8083, TcpOutcome::Connected)
        .listens("web", "0.0.0.0", 80)
        .check("web:80");
    assert_eq!((healthy.verdict, healthy.diagnoses.len()), (Verdict::Reachable, 0));
    let udp = published(Protocol::Udp)
        .dials_as("localhost", "127.0.0.1", 8083, TcpOutcome::Refused)
        .listens_nowhere("host")
        .check("localhost:8083");
    assert_eq!(facts::codes(&udp), ["published-other-protocol"]);
}

#[test]
fn exposed_is_not_published() {
    let facts = || {
        Facts::new()
            .network("front", "172.18.0.0/16")
            .container(container("web", "nginx").on("front", "172.18.0.2").exposes(80))
            .seen_from_host()
            .listens("web", "0.0.0.0", 80)
    };
    let by_name = facts().check("web:80");
    assert_eq!(facts::codes(&by_name), ["not-published"]);
    assert_eq!(by_name.verdict, Verdict::Unreachable);
    let by_port = facts()
        .dials_as("localhost", "127.0.0.1", 80, TcpOutcome::Refused)
        .listens_nowhere("host")
        .check("localhost:80");
    assert_eq!(facts::codes(&by_port), ["not-published"]);
}

#[test]
fn a_source_in_host_mode_knows_no_container_names() {
    let facts = || {
        pair()
            .edit("web", |web| {
                web.network_mode = NetworkMode::Host;
                web.attachments.clear();
            })
            .edit("mongodb", |mongodb| *mongodb = mongodb.clone().publishes(27018, 27017, Protocol::Tcp))
    };
    let by_name = facts().finds_nothing("mongodb").listens("mongodb", "0.0.0.0", 27017).check("mongodb:27017");
    assert_eq!(facts::codes(&by_name), ["source-host-network"]);
    assert_eq!(by_name.diagnoses[0].fixes[0].dial.as_deref(), Some("localhost:27018"));
    let published = facts()
        .dials_as("localhost", "127.0.0.1", 27018, TcpOutcome::Connected)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("localhost:27018");
    assert_eq!((published.verdict, published.diagnoses.len()), (Verdict::Reachable, 0));
}

#[test]
fn a_target_in_host_mode_has_no_name() {
    let check = pair()
        .edit("mongodb", |mongodb| {
            mongodb.network_mode = NetworkMode::Host;
            mongodb.attachments.clear();
        })
        .finds_nothing("mongodb")
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["unknown-name"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("172.18.0.1:27017"));
}

#[test]
fn published_on_the_loopback_of_the_host() {
    let check = pair()
        .edit("mongodb", |mongodb| {
            *mongodb = mongodb.clone().publishes(27018, 27017, Protocol::Tcp);
            mongodb.published[0].host_ip = "127.0.0.1".parse().ok();
        })
        .dials("172.18.0.1", 27018, TcpOutcome::Refused)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("172.18.0.1:27018");
    assert_eq!(facts::codes(&check), ["published-loopback-from-container"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn a_stopped_container_that_would_publish_the_port() {
    let facts = |outcome| {
        pair()
            .edit("mongodb", |mongodb| {
                *mongodb = mongodb.clone().publishes(27018, 27017, Protocol::Tcp);
                mongodb.requested = std::mem::take(&mut mongodb.published);
                mongodb.state.status = Status::Exited;
            })
            .seen_from_host()
            .dials_as("localhost", "127.0.0.1", 27018, outcome)
            .check("localhost:27018")
    };
    assert_eq!(facts::codes(&facts(TcpOutcome::Refused)), ["target-not-running"]);
    assert_eq!(facts(TcpOutcome::Connected).verdict, Verdict::Reachable, "somebody else serves the port now");
}

#[test]
fn nothing_on_the_host_listens_there() {
    let check = Facts::new()
        .seen_from_host()
        .dials_as("localhost", "127.0.0.1", 1, TcpOutcome::Refused)
        .listens("host", "0.0.0.0", 22)
        .check("localhost:1");
    assert_eq!(facts::codes(&check), ["nothing-listening"]);
}

#[test]
fn the_address_of_the_default_bridge_is_the_host_although_the_engine_names_no_gateway() {
    let check = pair()
        .default_bridge()
        .edit_network("bridge", |bridge| bridge.subnets[0].gateway = None)
        .dials("172.17.0.1", 5432, TcpOutcome::Refused)
        .listens("host", "127.0.0.1", 5432)
        .check("172.17.0.1:5432");
    assert_eq!(facts::codes(&check), ["host-bind-loopback"]);
}
