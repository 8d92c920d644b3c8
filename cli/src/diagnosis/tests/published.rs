//! Published ports, and what is published in vain.

use dprobe_probes::tcp::TcpOutcome::{Connected, Refused};

use super::facts::{Facts, codes, container};
use super::pair;
use crate::report::Verdict;
use crate::topology::{EngineFlavor, Protocol, PublishedPort, Status};

/// `db` on one network, seen from the host; `edit` says how it is published.
fn host(edit: impl FnOnce(&mut crate::topology::Container)) -> Facts {
    Facts::new()
        .network("back", "172.18.0.0/16")
        .container(container("db", "postgres:16").on("back", "172.18.0.2").exposes(5432))
        .edit("db", edit)
        .seen_from_host()
}

fn port(host_ip: &str, host_port: Option<u16>, container_port: u16) -> PublishedPort {
    PublishedPort { container_port, protocol: Protocol::Tcp, host_ip: host_ip.parse().ok(), host_port }
}

#[test]
fn a_port_that_the_engine_chose() {
    let facts = |asked: Option<u16>| {
        host(|db| {
            db.published.push(port("0.0.0.0", Some(32768), 5432));
            db.requested.push(port("", asked, 5432));
        })
        .dials_as("localhost", "127.0.0.1", 5432, Refused)
        .listens_nowhere("host")
        .check("localhost:5432")
    };
    let chosen = facts(None);
    assert_eq!(codes(&chosen), ["published-random-port"]);
    assert_eq!(chosen.diagnoses[0].fixes[0].dial.as_deref(), Some("localhost:32768"));
    let named = facts(Some(32768));
    assert_eq!(codes(&named), ["nothing-listening"], "somebody wanted that port");
    assert_eq!(named.diagnoses[0].fixes[0].dial.as_deref(), Some("localhost:32768"));
}

#[test]
fn published_on_one_address_of_the_host() {
    let facts = |bound: &str, dialled: &str, outcome| {
        host(|db| db.published.push(port(bound, Some(5432), 5432)))
            .has_address("host", "192.168.1.10")
            .dials(dialled, 5432, outcome)
            .listens("db", "0.0.0.0", 5432)
            .check(&format!("{dialled}:5432"))
    };
    let loopback = facts("127.0.0.1", "192.168.1.10", Refused);
    assert_eq!(codes(&loopback), ["published-loopback-only"]);
    assert_eq!(loopback.diagnoses[0].fixes[1].dial.as_deref(), Some("127.0.0.1:5432"));
    let gateway = facts("127.0.0.1", "172.18.0.1", Refused);
    assert_eq!(codes(&gateway), ["published-loopback-only"]);
    let other = facts("192.168.1.10", "127.0.0.1", Refused);
    assert_eq!(other.diagnoses[0].fixes[0].dial.as_deref(), Some("192.168.1.10:5432"));
    assert!(codes(&facts("0.0.0.0", "192.168.1.10", Connected)).is_empty());
    assert!(codes(&facts("127.0.0.1", "192.168.1.77", Refused)).is_empty(), "not an address of this host");
}

#[test]
fn somebody_else_on_another_address_of_the_host() {
    let facts = |bound: &str| {
        host(|db| db.published.push(port(bound, Some(5432), 5432)))
            .finds("localhost", &["127.0.0.1"])
            .dials_as("localhost", "127.0.0.1", 5432, Connected)
            .listens("db", "0.0.0.0", 5432)
            .check("localhost:5432")
    };
    let wrong = facts("192.168.1.10");
    assert_eq!((codes(&wrong), wrong.verdict), (vec!["wrong-server-answers"], Verdict::Degraded));
    assert_eq!(wrong.diagnoses[0].fixes[0].dial.as_deref(), Some("192.168.1.10:5432"));
    for right in ["0.0.0.0", "127.0.0.1"] {
        let right = facts(right);
        assert_eq!((codes(&right), right.verdict), (vec![], Verdict::Reachable));
    }
}

#[test]
fn ipv6_is_not_judged_from_an_engine_that_names_ipv4_alone() {
    let facts = || {
        host(|db| db.published.push(port("0.0.0.0", Some(5432), 5432)))
            .finds("localhost", &["::1"])
            .dials_as("localhost", "::1", 5432, Connected)
            .listens("db", "0.0.0.0", 5432)
    };
    assert!(codes(&facts().check("localhost:5432")).is_empty());
    let bound = facts().listens("host", "::1", 5432).check("localhost:5432");
    assert_eq!(codes(&bound), ["wrong-server-answers"]);
}

/// A container that could not be started on the host's port 5432.
fn failed(error: &str) -> Facts {
    let error = format!("driver failed programming external connectivity on endpoint db (1f): {error}");
    host(|db| {
        db.requested.push(port("", Some(5432), 5432));
        db.state.status = Status::Created;
        db.state.error = error;
    })
    .dials_as("localhost", "127.0.0.1", 5432, Connected)
}

#[test]
fn a_port_that_is_taken() {
    let allocated = "Bind for 0.0.0.0:5432 failed: port is already allocated";
    let by_container = failed(allocated)
        .container(container("old", "postgres").on("back", "172.18.0.3").publishes(5432, 5432, Protocol::Tcp))
        .check("db:5432");
    assert_eq!(codes(&by_container), ["publish-failed"]);
    assert_eq!(by_container.diagnoses[0].fixes[0].commands, ["docker stop old", "docker start db"]);
    let in_use = "Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use";
    let by_program = failed(in_use).without_observations().listens("host", "127.0.0.1", 5432).check("db:5432");
    assert_eq!((codes(&by_program), by_program.verdict), (vec!["publish-failed"], Verdict::Unreachable));
    assert!(by_program.diagnoses[0].explanation.contains("127.0.0.1:5432"));
    let free = failed(in_use).without_observations().listens_nowhere("host").check("db:5432");
    assert!(free.diagnoses[0].explanation.contains("now it is free"));
    assert_eq!(free.diagnoses[0].fixes[0].commands, ["docker start db"]);
    let answered = failed(in_use).listens("host", "0.0.0.0", 5432).check("localhost:5432");
    assert_eq!((codes(&answered), answered.verdict), (vec!["publish-failed"], Verdict::Reachable));
}

#[test]
fn an_address_that_the_host_does_not_have() {
    let error = "Error starting userland proxy: listen tcp4 10.9.9.9:5432: bind: cannot assign requested address";
    let check = failed(error)
        .edit("db", |db| db.requested = vec![port("10.9.9.9", Some(5432), 5432)])
        .without_observations()
        .check("db:5432");
    assert_eq!(codes(&check), ["publish-failed"]);
    assert!(check.diagnoses[0].explanation.contains("10.9.9.9"));
}

#[test]
fn nothing_is_published_on_an_internal_network() {
    let facts = |internal: bool| {
        host(|db| db.requested.push(port("", Some(8080), 5432)))
            .edit_network("back", |back| back.internal = internal)
            .dials_as("localhost", "127.0.0.1", 8080, Refused)
            .listens("db", "0.0.0.0", 5432)
    };
    for target in ["localhost:8080", "db:5432", "db:8080"] {
        let check = facts(true).check(target);
        assert_eq!(codes(&check), ["published-on-internal"], "{target}");
        assert_eq!(check.diagnoses[0].fixes[0].commands[1], "docker network connect db-net db");
    }
    assert!(!codes(&facts(false).check("db:5432")).contains(&"published-on-internal"));
}

#[test]
fn a_flag_behind_the_image() {
    let facts = |status| {
        host(|db| {
            db.command = ["postgres", "-p", "8080:5432"].map(ToOwned::to_owned).to_vec();
            db.state.status = status;
        })
        .dials_as("localhost", "127.0.0.1", 8080, Refused)
        .listens_nowhere("host")
    };
    for target in ["localhost:8080", "db:5432"] {
        let check = facts(Status::Running).check(target);
        assert_eq!(codes(&check), ["flag-after-image"], "{target}");
        assert_eq!(check.diagnoses[0].fixes[0].argv.as_deref(), Some(&["postgres".to_owned()][..]));
    }
    assert_eq!(codes(&facts(Status::Exited).check("db:5432")), ["flag-after-image"]);
    let asked = facts(Status::Running).edit("db", |db| db.published.push(port("0.0.0.0", Some(8080), 5432)));
    assert!(!codes(&asked.check("db:5432")).contains(&"flag-after-image"));
}

#[test]
fn the_containers_of_docker_desktop_are_in_a_virtual_machine() {
    let facts = |flavor, target: &str| {
        host(|db| db.published.push(port("0.0.0.0", Some(5433), 5432)))
            .flavor(flavor)
            .dials("172.18.0.2", 5432, Connected)
            .dials("127.0.0.1", 5433, Connected)
            .listens("db", "0.0.0.0", 5432)
            .check(target)
    };
    let desktop = facts(EngineFlavor::Desktop, "172.18.0.2:5432");
    assert_eq!((codes(&desktop), desktop.verdict), (vec!["container-ip-from-desktop"], Verdict::Unreachable));
    assert_eq!(desktop.diagnoses[0].fixes[0].dial.as_deref(), Some("localhost:5433"));
    assert_eq!(facts(EngineFlavor::Docker, "172.18.0.2:5432").verdict, Verdict::Reachable);
    assert_eq!(facts(EngineFlavor::Desktop, "db:5432").verdict, Verdict::Reachable, "the published port is dialled");
}

#[test]
fn the_first_of_two_families_does_not_lead_there() {
    let facts = |first: &str| {
        let second = if first == "::1" { "127.0.0.1" } else { "::1" };
        pair().finds("localhost", &[first, second]).dials_as("localhost", "127.0.0.1", 3000, Connected)
    };
    let reset = facts("::1").dials_closed_as("localhost", "::1", 3000).check("localhost:3000");
    assert_eq!((codes(&reset), reset.verdict), (vec!["localhost-v6"], Verdict::Unreachable));
    assert_eq!(reset.diagnoses[0].fixes[0].dial.as_deref(), Some("127.0.0.1:3000"));
    let second = facts("127.0.0.1").dials_closed_as("localhost", "::1", 3000).check("localhost:3000");
    assert_eq!((codes(&second), second.verdict), (vec![], Verdict::Reachable), "no program gets to the second");
    let refused = facts("::1").dials_as("localhost", "::1", 3000, Refused).check("localhost:3000");
    assert_eq!(codes(&refused), ["localhost-v6"]);
    assert_eq!(refused.diagnoses[0].severity, crate::report::Severity::Note, "most programs try the other family");
    let both = facts("::1").dials_as("localhost", "::1", 3000, Connected).check("localhost:3000");
    assert!(codes(&both).is_empty());
}

#[test]
fn the_name_of_the_host_is_the_gateway_of_another_network() {
    let facts = |socket: &str| {
        pair()
            .default_bridge()
            .finds_in_hosts("host.docker.internal", "172.17.0.1")
            .dials("172.17.0.1", 5432, Refused)
            .listens("host", socket, 5432)
            .check("host.docker.internal:5432")
    };
    let mismatch = facts("172.18.0.1");
    assert_eq!(codes(&mismatch), ["host-gateway-mismatch"]);
    assert_eq!(mismatch.diagnoses[0].fixes[0].dial.as_deref(), Some("172.18.0.1:5432"));
    assert_eq!(codes(&facts("127.0.0.1")), ["host-bind-loopback"]);
    assert_eq!(codes(&facts("0.0.0.0")), ["host-firewall"]);
    assert_eq!(codes(&facts("172.17.0.1")), ["host-firewall"]);
}
