//! What is lost or refused on the way, and its look-alikes.

use dprobe_probes::errno::Errno;
use dprobe_probes::tcp::TcpOutcome;

use super::facts::{self, Facts, container, route};
use super::pair;
use crate::report::{Severity, Verdict};
use crate::topology::Status;

const ENGINE_CHAINS: [&str; 3] = ["DOCKER", "DOCKER-USER", "NAT-DOCKER"];

/// `web` that dials a listening `mongodb` and gets no answer.
fn silent_pair() -> Facts {
    pair().dials("172.18.0.2", 27017, TcpOutcome::TimedOut).listens("mongodb", "0.0.0.0", 27017)
}

/// `web` that dials a place outside and gets no answer.
fn kept_inside() -> Facts {
    Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "nginx:1").on("favorites-net", "172.18.0.3"))
        .interfaces(
            "web",
            &[("eth0", true, "172.18.0.3/16")],
            vec![route("0.0.0.0/0", Some("172.18.0.1"), "eth0"), route("172.18.0.0/16", None, "eth0")],
        )
        .dials("198.51.100.7", 443, TcpOutcome::TimedOut)
}

fn host(facts: Facts) -> Facts {
    facts.interfaces("host", &[("eth0", true, "192.0.2.9/24"), ("br-favorites-ne", true, "172.18.0.1/16")], Vec::new())
}

#[test]
fn the_rule_that_caught_the_connect_is_quoted_and_deleted() {
    let rules = [
        ("-A DOCKER-USER -s 10.0.0.0/8 -j DROP", 5),
        ("-A DOCKER-USER -p tcp -m tcp --dport 27017 -j DROP", 2),
        ("-A FORWARD -p tcp -m tcp --dport 80 -j DROP", 9),
    ];
    let check = silent_pair().rules("mongodb", 27017, &rules, &ENGINE_CHAINS).check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["firewall-drop"]);
    assert!(check.diagnoses[0].title.contains("--dport 27017"), "{}", check.diagnoses[0].title);
    let commands = &check.diagnoses[0].fixes[0].commands;
    assert_eq!(commands, &["iptables -D DOCKER-USER -p tcp -m tcp --dport 27017 -j DROP"]);
}

#[test]
fn silence_on_a_good_listener_is_a_firewall_where_nothing_else_explains_it() {
    assert_eq!(facts::codes(&silent_pair().check("mongodb:27017")), ["firewall-drop"]);
    let paused = silent_pair().edit("mongodb", |mongodb| mongodb.state.status = Status::Paused).check("mongodb:27017");
    assert_eq!(facts::codes(&paused), ["target-paused"]);
    let full = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::TimedOut)
        .listens("mongodb", "0.0.0.0", 27017)
        .waiting(129)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&full), ["accept-queue-full"]);
    let mute = silent_pair().option("favorites-net", "enable_icc", "false").check("mongodb:27017");
    assert_eq!(facts::codes(&mute), ["icc-disabled"]);
}

#[test]
fn a_rule_beside_a_server_on_loopback_is_the_first_of_two_faults() {
    let check = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::TimedOut)
        .listens("mongodb", "127.0.0.1", 27017)
        .rules("mongodb", 27017, &[("-A DOCKER-USER -j DROP", 2)], &ENGINE_CHAINS)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["firewall-drop", "bind-loopback"]);
}

#[test]
fn a_container_s_own_port_is_none_of_the_host_s() {
    let dials = |rule: &str| {
        pair()
            .dials("172.18.0.1", 5432, TcpOutcome::TimedOut)
            .listens("host", "0.0.0.0", 5432)
            .rules("172.18.0.1", 5432, &[(rule, 2)], &ENGINE_CHAINS)
            .check("172.18.0.1:5432")
    };
    assert_eq!(facts::codes(&dials("-A INPUT -p tcp -m tcp --dport 5432 -j DROP")), ["host-firewall"]);
    let ufw = dials("-A ufw-user-input -p tcp -m tcp --dport 5432 -j DROP");
    assert_eq!(ufw.diagnoses[0].fixes[0].commands, ["ufw allow proto tcp from 172.18.0.0/16 to any port 5432"]);
}

#[test]
fn no_port_left_to_connect_from() {
    let check = pair()
        .interfaces("web", &[], Vec::new())
        .listens("mongodb", "0.0.0.0", 27017)
        .dials("172.18.0.2", 27017, TcpOutcome::Failed)
        .with_errno(Errno::AddressNotAvailable)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["source-ports-exhausted"]);
    assert!(check.diagnoses[0].explanation.contains("all 2 of them"), "{}", check.diagnoses[0].explanation);
}

#[test]
fn long_packets_that_are_lost_without_a_word() {
    let echoes = |long: bool, between: bool| {
        pair()
            .dials("172.18.0.2", 27017, TcpOutcome::Connected)
            .listens("mongodb", "0.0.0.0", 27017)
            .echoes("mongodb", "172.18.0.2", &[(0, true), (1472, long), (1252, between)])
            .check("mongodb:27017")
    };
    assert!(echoes(true, true).diagnoses.is_empty());
    let hole = echoes(false, true);
    assert_eq!((hole.verdict, facts::codes(&hole)), (Verdict::Degraded, vec!["mtu-black-hole"]));
    assert!(hole.diagnoses[0].title.contains("1280 bytes"), "{}", hole.diagnoses[0].title);
    // Where no echo comes back at all, they are filtered, and nothing is known of their length.
    let mute = pair()
        .dials("172.18.0.2", 27017, TcpOutcome::Connected)
        .listens("mongodb", "0.0.0.0", 27017)
        .echoes("mongodb", "172.18.0.2", &[(0, false), (1472, false)])
        .check("mongodb:27017");
    assert_eq!((mute.verdict, mute.diagnoses.len()), (Verdict::Reachable, 0));
}

#[test]
fn what_keeps_a_container_from_the_outside() {
    let codes = |facts: Facts| {
        let check = facts.check("198.51.100.7:443");
        check.diagnoses.iter().map(|diagnosis| diagnosis.code.clone()).collect::<Vec<_>>()
    };
    let off = host(kept_inside()).edit_interfaces(|network| network.ip_forward = Some(false));
    assert_eq!(codes(off), ["ip-forward-off"]);
    let bare = host(kept_inside()).option("favorites-net", "enable_ip_masquerade", "false");
    assert_eq!(codes(bare), ["masquerade-off"]);
    let masked = ("-A POSTROUTING -s 172.18.0.0/16 ! -o br-favorites-ne -j MASQUERADE", 0);
    let wiped = host(kept_inside()).rules("198.51.100.7", 443, &[], &["INPUT", "FORWARD"]);
    assert_eq!(codes(wiped), ["engine-rules-wiped"]);
    let unmasked = host(kept_inside()).rules("198.51.100.7", 443, &[], &ENGINE_CHAINS);
    assert_eq!(codes(unmasked), ["masquerade-off"]);
    let blocked = host(kept_inside()).host_dials("198.51.100.7", 443, TcpOutcome::Connected).rules(
        "198.51.100.7",
        443,
        &[masked, ("-A FORWARD -p tcp -j DROP", 2)],
        &ENGINE_CHAINS,
    );
    assert_eq!(codes(blocked), ["egress-blocked"]);
    let other = host(kept_inside()).host_dials("198.51.100.7", 443, TcpOutcome::TimedOut).rules(
        "198.51.100.7",
        443,
        &[masked],
        &ENGINE_CHAINS,
    );
    let other = other.check("198.51.100.7:443");
    assert_eq!((facts::codes(&other), other.diagnoses[0].severity), (vec!["egress-blocked"], Severity::Warning));
}

#[test]
fn the_network_that_leads_nowhere_is_the_way_out() {
    let check = host(kept_inside())
        .option("favorites-net", "enable_ip_masquerade", "false")
        .network("front", "172.19.0.0/16")
        .edit("web", |web| *web = web.clone().on("front", "172.19.0.3"))
        .check("198.51.100.7:443");
    assert_eq!(facts::codes(&check), ["wrong-default-gateway"]);
}

#[test]
fn an_address_that_two_networks_claim() {
    let dials = |routes| {
        Facts::new()
            .network("in-the-way", "10.99.5.0/24")
            .network("favorites-net", "172.18.0.0/16")
            .container(container("web", "nginx:1").on("favorites-net", "172.18.0.3"))
            .dials("10.99.5.20", 80, TcpOutcome::TimedOut)
            .interfaces(
                "host",
                &[("br-in-the-way-i", true, "10.99.5.1/24"), ("br-favorites-ne", true, "172.18.0.1/16")],
                routes,
            )
            .check("10.99.5.20:80")
    };
    let ours = route("10.99.5.0/24", None, "br-in-the-way-i");
    assert_eq!(facts::codes(&dials(vec![ours.clone()])), ["stale-ip"]);
    let vpn = route("10.99.0.0/16", Some("192.0.2.1"), "tun0");
    assert_eq!(facts::codes(&dials(vec![ours, vpn])), ["subnet-overlap"]);
}

#[test]
fn a_bridge_that_is_down() {
    let with = |up, address| {
        pair()
            .edit_network("favorites-net", |network| "0123456789abcdef".clone_into(&mut network.id))
            .dials("172.18.0.2", 27017, TcpOutcome::TimedOut)
            .listens("mongodb", "0.0.0.0", 27017)
            .interfaces("host", &[("br-0123456789ab", up, address)], Vec::new())
            .check("mongodb:27017")
    };
    assert_eq!(facts::codes(&with(false, "172.18.0.1/16")), ["bridge-down"]);
    assert_eq!(facts::codes(&with(true, "192.0.2.1/24")), ["bridge-down"]);
    assert_eq!(facts::codes(&with(true, "172.18.0.1/16")), ["firewall-drop"]);
}
