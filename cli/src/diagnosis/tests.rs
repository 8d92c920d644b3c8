//! The causes, tested on facts written down by hand. Facts recorded on a real engine are in `cli/tests/recorded/`.

mod dependencies;
mod engines;
pub(crate) mod facts;
mod gateway;
mod greetings;
mod host;
mod links;
mod machine;
mod names;
mod published;
mod secure;
mod shared;
mod swarm;
mod way;

use dprobe_probes::tcp::TcpOutcome;

use crate::report::{Severity, Verdict};
use crate::topology::{HealthStatus, NetworkMode, Protocol, Status};
use facts::{Facts, container};

/// `web` and `mongodb` on favorites-net, where `mongodb` listens on every address and answers.
fn pair() -> Facts {
    Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "nginx:1").on("favorites-net", "172.18.0.3"))
        .container(container("mongodb", "mongo:7").runs(&["mongod"]).on("favorites-net", "172.18.0.2"))
        .finds("mongodb", &["172.18.0.2"])
}

#[test]
fn a_healthy_pair_is_reachable_and_nothing_is_said() {
    let check = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("mongodb:27017");
    assert_eq!(check.verdict, Verdict::Reachable);
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
    assert!(check.stages.iter().all(|stage| stage.ok == Some(true)), "{:?}", check.stages);
}

#[test]
fn a_loopback_bind_is_told_with_the_words_of_the_program() {
    let check = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::Refused)
        .listens("mongodb", "127.0.0.1", 27017)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["bind-loopback"]);
    assert_eq!(check.verdict, Verdict::Unreachable);
    let fix = &check.diagnoses[0].fixes[0];
    assert_eq!(fix.argv.as_deref(), Some(&["mongod".to_owned(), "--bind_ip_all".to_owned()][..]));
    assert!(fix.commands.is_empty(), "no command changes what a program binds");
}

#[test]
fn a_good_listener_refuses_nobody() {
    let check = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::Refused)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("mongodb:27017");
    assert_eq!(check.verdict, Verdict::Unreachable);
    assert_eq!(facts::codes(&check), ["firewall-reject"]);
}

#[test]
fn a_port_nobody_serves_beside_one_that_is_served() {
    let check =
        pair().dials("172.18.0.2", 80, TcpOutcome::Refused).listens("mongodb", "0.0.0.0", 27017).check("mongodb:80");
    assert_eq!(facts::codes(&check), ["wrong-port"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn the_host_side_of_a_publication_is_no_port_between_containers() {
    let facts = Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "nginx").on("favorites-net", "172.18.0.3"))
        .container(container("db", "postgres").on("favorites-net", "172.18.0.2").publishes(5433, 5432, Protocol::Tcp))
        .finds("db", &["172.18.0.2"])
        .dials("172.18.0.2", 5433, TcpOutcome::Refused)
        .listens("db", "0.0.0.0", 5432);
    let check = facts.check("db:5433");
    assert_eq!(facts::codes(&check), ["host-port-used-inside"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("db:5432"));
}

#[test]
fn a_udp_server_is_not_a_tcp_server() {
    let check =
        pair().dials("172.18.0.2", 53, TcpOutcome::Refused).listens_udp("mongodb", "0.0.0.0", 53).check("mongodb:53");
    assert_eq!(facts::codes(&check), ["udp-not-tcp"]);
}

#[test]
fn one_family_only() {
    let check = pair().dials("172.18.0.2", 80, TcpOutcome::Refused).listens_v6_only("mongodb", 80).check("mongodb:80");
    assert_eq!(facts::codes(&check), ["bind-one-family"]);
}

#[test]
fn an_address_on_another_network() {
    let check =
        pair().dials("172.18.0.2", 80, TcpOutcome::Refused).listens("mongodb", "10.0.0.5", 80).check("mongodb:80");
    assert_eq!(facts::codes(&check), ["bind-other-address"]);
}

#[test]
fn nothing_listens_after_a_while_but_at_first_it_is_starting() {
    let silent = |up: f64| {
        pair()
            .up("mongodb", up)
            .dials("172.18.0.2", 80, TcpOutcome::Refused)
            .listens_nowhere("mongodb")
            .check("mongodb:80")
    };
    assert_eq!(facts::codes(&silent(2.0)), ["target-starting"]);
    assert_eq!(facts::codes(&silent(300.0)), ["nothing-listening"]);
}

#[test]
fn a_sleeping_container_is_never_starting() {
    let check = pair()
        .edit("mongodb", |mongodb| mongodb.command = vec!["sleep".into(), "infinity".into()])
        .up("mongodb", 1.0)
        .dials("172.18.0.2", 80, TcpOutcome::Refused)
        .listens_nowhere("mongodb")
        .check("mongodb:80");
    assert_eq!(facts::codes(&check), ["nothing-listening"]);
}

#[test]
fn a_health_check_that_is_still_starting_wins_over_the_clock() {
    let check = pair()
        .health("mongodb", HealthStatus::Starting)
        .up("mongodb", 90.0)
        .dials("172.18.0.2", 80, TcpOutcome::Refused)
        .listens_nowhere("mongodb")
        .check("mongodb:80");
    assert_eq!(facts::codes(&check), ["target-starting"]);
}

/// `web` on one network and `mongodb` on another.
fn apart() -> Facts {
    Facts::new()
        .network("front", "172.18.0.0/16")
        .network("back", "172.19.0.0/16")
        .container(container("web", "nginx").on("front", "172.18.0.2"))
        .container(container("mongodb", "mongo").runs(&["mongod"]).on("back", "172.19.0.2"))
}

#[test]
fn different_networks_by_name_and_by_address() {
    let by_name = apart().finds_nothing("mongodb").listens("mongodb", "0.0.0.0", 27017).check("mongodb:27017");
    assert_eq!(facts::codes(&by_name), ["no-shared-network"]);
    assert_eq!(by_name.diagnoses[0].fixes[0].commands, ["docker network connect back web"]);
    let by_address = apart()
        .dials("172.19.0.2", 27017, TcpOutcome::TimedOut)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("172.19.0.2:27017");
    assert_eq!(facts::codes(&by_address), ["no-shared-network"]);
}

#[test]
fn two_faults_on_one_path_are_both_told_the_first_that_blocks_first() {
    let check = apart().finds_nothing("mongodb").listens("mongodb", "127.0.0.1", 27017).check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["no-shared-network", "bind-loopback"]);
}

#[test]
fn the_default_bridge_resolves_no_names() {
    let facts = Facts::new()
        .default_bridge()
        .container(container("web", "nginx").on("bridge", "172.17.0.2"))
        .container(container("mongodb", "mongo").on("bridge", "172.17.0.3"))
        .finds_nothing("mongodb")
        .listens("mongodb", "0.0.0.0", 27017);
    let check = facts.check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["default-bridge-no-dns"]);
    assert_eq!(
        check.diagnoses[0].fixes[0].commands,
        [
            "docker network create mongodb-net",
            "docker network connect mongodb-net web",
            "docker network connect mongodb-net mongodb"
        ]
    );
}

#[test]
fn stopped_restarting_and_paused_targets() {
    for (status, code) in [
        (Status::Exited, "target-not-running"),
        (Status::Created, "target-not-running"),
        (Status::Dead, "target-not-running"),
        (Status::Restarting, "target-restarting"),
    ] {
        let check = pair()
            .edit("mongodb", |mongodb| mongodb.state.status = status)
            .finds_nothing("mongodb")
            .check("mongodb:27017");
        assert_eq!(facts::codes(&check), [code], "{status:?}");
    }
    let paused = pair()
        .edit("mongodb", |mongodb| mongodb.state.status = Status::Paused)
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .listens("mongodb", "0.0.0.0", 27017)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&paused), ["target-paused"]);
    assert_eq!(paused.verdict, Verdict::Unreachable, "a frozen program answers nobody");
}

#[test]
fn a_crash_comes_with_its_log_before_a_start() {
    let check = pair()
        .edit("mongodb", |mongodb| {
            mongodb.state.status = Status::Exited;
            mongodb.state.exit_code = 1;
        })
        .finds_nothing("mongodb")
        .check("mongodb:27017");
    assert!(check.diagnoses[0].fixes[0].commands[0].starts_with("docker logs"), "{:?}", check.diagnoses[0].fixes);
}

#[test]
fn a_misspelt_name_is_named_and_an_outside_name_is_not_guessed_at() {
    let misspelt = pair().finds_nothing("mongdb").check("mongdb:27017");
    assert_eq!(facts::codes(&misspelt), ["unknown-name"]);
    assert_eq!(misspelt.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
    let outside = pair().finds_nothing("api.example.test").check("api.example.test:443");
    assert_eq!(facts::codes(&outside), ["dns-name-not-found"]);
    assert_eq!(outside.verdict, Verdict::Unreachable);
}

#[test]
fn an_image_used_as_a_name() {
    let check = pair().finds_nothing("mongo").check("mongo:27017");
    assert_eq!(facts::codes(&check), ["unknown-name"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn localhost_with_a_peer_that_answers() {
    let check = pair()
        .dials_as("localhost", "127.0.0.1", 27017, TcpOutcome::Refused)
        .listens_nowhere("web")
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .check("localhost:27017");
    assert_eq!(facts::codes(&check), ["localhost-is-container"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn localhost_with_a_peer_that_is_known_for_the_port() {
    let check = pair()
        .dials_as("localhost", "127.0.0.1", 27017, TcpOutcome::Refused)
        .listens("web", "0.0.0.0", 3000)
        .dials("172.18.0.2", 27017, TcpOutcome::Refused)
        .check("localhost:27017");
    assert_eq!(facts::codes(&check), ["localhost-is-container"]);
}

#[test]
fn a_wrong_port_whose_right_one_is_closed_to_others_as_well() {
    let check =
        pair().dials("172.18.0.2", 80, TcpOutcome::Refused).listens("mongodb", "127.0.0.1", 27017).check("mongodb:80");
    assert_eq!(facts::codes(&check), ["wrong-port", "bind-loopback"]);
}

#[test]
fn localhost_in_a_url_keeps_the_rest_of_the_url() {
    let check = pair()
        .dials_as("localhost", "127.0.0.1", 27017, TcpOutcome::Refused)
        .listens_nowhere("web")
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .check("mongodb://app@localhost:27017/favorites?ssl=false");
    let dial = check.diagnoses[0].fixes[0].dial.as_deref().unwrap_or_default();
    assert!(dial.ends_with("mongodb:27017/favorites?ssl=false"), "{dial}");
}

#[test]
fn localhost_without_anybody_in_sight_is_no_guess() {
    let check = Facts::new()
        .network("front", "172.18.0.0/16")
        .container(container("web", "nginx").on("front", "172.18.0.2"))
        .dials_as("localhost", "127.0.0.1", 9999, TcpOutcome::Refused)
        .listens_nowhere("web")
        .check("localhost:9999");
    assert_eq!(facts::codes(&check), ["nothing-listening"]);
}

#[test]
fn an_address_that_nobody_has() {
    let check = pair()
        .dials("172.18.0.9", 27017, TcpOutcome::HostUnreachable)
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .check("172.18.0.9:27017");
    assert_eq!(facts::codes(&check), ["stale-ip"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn an_address_that_another_container_has_now() {
    let check = pair()
        .container(container("cache", "redis").on("favorites-net", "172.18.0.4"))
        .dials("172.18.0.4", 27017, TcpOutcome::Refused)
        .listens("cache", "0.0.0.0", 6379)
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .check("172.18.0.4:27017");
    assert_eq!(facts::codes(&check)[0], "stale-ip");
}

#[test]
fn a_hosts_entry_that_leads_astray() {
    let check = pair()
        .finds_in_hosts("mongodb", "172.18.0.200")
        .dials("172.18.0.200", 27017, TcpOutcome::HostUnreachable)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["hosts-override"]);
    assert_eq!(check.diagnoses[0].severity, Severity::Error);
}

#[test]
fn one_name_of_two_different_containers() {
    let facts = |outcome| {
        pair()
            .container(container("other", "redis").on("favorites-net", "172.18.0.4"))
            .finds("mongodb", &["172.18.0.2", "172.18.0.4"])
            .dials_as("mongodb", "172.18.0.2", 27017, TcpOutcome::Connected)
            .dials_as("mongodb", "172.18.0.4", 27017, outcome)
            .listens("mongodb", "0.0.0.0", 27017)
            .check("mongodb:27017")
    };
    let mixed = facts(TcpOutcome::Refused);
    assert_eq!(facts::codes(&mixed), ["ambiguous-name"]);
    assert_eq!(mixed.verdict, Verdict::Degraded);
    assert!(facts(TcpOutcome::Connected).diagnoses.is_empty(), "replicas that all answer are nobody's fault");
}

#[test]
fn a_source_without_a_network() {
    let check = pair()
        .edit("web", |web| {
            web.network_mode = NetworkMode::None;
            web.attachments.clear();
        })
        .finds_nothing("mongodb")
        .listens("mongodb", "0.0.0.0", 27017)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["source-network-none"]);
}

#[test]
fn a_source_that_does_not_run_is_first_only_where_the_way_is_free() {
    let stopped = || pair().edit("web", |web| web.state.status = Status::Exited);
    let free = stopped().dials("172.18.0.2", 27017, TcpOutcome::Connected).listens("mongodb", "0.0.0.0", 27017);
    assert_eq!(facts::codes(&free.check("mongodb:27017")), ["source-not-running"]);
    let blocked = stopped().dials("172.18.0.2", 27017, TcpOutcome::Refused).listens("mongodb", "127.0.0.1", 27017);
    assert_eq!(facts::codes(&blocked.check("mongodb:27017")), ["bind-loopback", "source-not-running"]);
}

#[test]
fn the_way_out_of_an_internal_network() {
    let check = pair()
        .edit_network("favorites-net", |network| network.internal = true)
        .dials("198.51.100.7", 443, TcpOutcome::NetworkUnreachable)
        .check("198.51.100.7:443");
    assert_eq!(facts::codes(&check), ["internal-network"]);
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker network connect bridge web"]);
}

#[test]
fn without_agents_the_engine_alone_is_believed_as_far_as_it_goes() {
    let check = apart().check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["no-shared-network"]);
    let open = pair().without_observations().check("mongodb:27017");
    assert_eq!((open.verdict, open.diagnoses.len()), (Verdict::Inconclusive, 0));
}

#[test]
fn a_stopped_container_of_the_own_network_is_meant_before_a_running_one_elsewhere() {
    let alias = |container: &mut crate::topology::Container| {
        container.attachments.values_mut().for_each(|attachment| attachment.names.push("db".to_owned()));
    };
    let check = apart()
        .container(container("a-db", "mongo").on("back", "172.19.0.7"))
        .container(container("own-db", "mongo").on("front", "172.18.0.7"))
        .edit("a-db", alias)
        .edit("own-db", alias)
        .edit("own-db", |own| own.state.status = Status::Exited)
        .finds_nothing("db")
        .check("db:27017");
    assert_eq!(check.to.container.as_deref(), Some("own-db"));
    assert_eq!(facts::codes(&check), ["target-not-running"]);
}
