//! What the doctor says of a machine, and the healthy machines that look alike.

use dprobe_probes::network::NetworkFact;

use super::facts::{Facts, container, route};
use crate::diagnosis::{causes, conditions, topic};
use crate::report::Severity::{self, Error, Note, Warning};
use crate::report::doctor::Subject;
use crate::topology::{AddressPool, DaemonSettings, EngineFlavor, EngineInfo, EngineSettings};

/// The engine's chains, and the rules that it has for the two networks of [`host`].
const CHAINS: [&str; 5] =
    ["DOCKER", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "NAT-DOCKER"];
const RULES: [(&str, u64); 4] = [
    ("-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP", 0),
    ("-A DOCKER-ISOLATION-STAGE-2 -o br-favorites-ne -j DROP", 0),
    ("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", 9),
    ("-A POSTROUTING -s 172.18.0.0/16 ! -o br-favorites-ne -j MASQUERADE", 9),
];

/// What was said and how bad it is.
type Told = Vec<(String, Severity)>;

fn engine(version: &str) -> EngineInfo {
    EngineInfo { name: "Docker Engine".to_owned(), version: version.to_owned(), ..EngineInfo::default() }
}

/// A host with the default bridge and one network more, both in order, and nothing else known of it.
fn host() -> Facts {
    Facts::new()
        .default_bridge()
        .network("favorites-net", "172.18.0.0/16")
        .container(container("web", "nginx:1").on("favorites-net", "172.18.0.3"))
        .interfaces(
            "host",
            &[
                ("eth0", true, "192.0.2.9/24"),
                ("docker0", true, "172.17.0.1/16"),
                ("br-favorites-ne", true, "172.18.0.1/16"),
            ],
            vec![
                route("0.0.0.0/0", Some("192.0.2.1"), "eth0"),
                route("192.0.2.0/24", None, "eth0"),
                route("172.17.0.0/16", None, "docker0"),
                route("172.18.0.0/16", None, "br-favorites-ne"),
            ],
        )
        .asks("host", &["192.0.2.53"])
}

fn filtered(rules: &[(&str, u64)], chains: &[&str]) -> Facts {
    host().rules("", 0, rules, chains)
}

fn edited(edit: impl FnOnce(&mut NetworkFact)) -> Facts {
    host().edit_interfaces(edit)
}

fn told_by(facts: &Facts, version: &str, settings: &EngineSettings) -> Told {
    let (_, findings) = facts.examine(&engine(version), settings);
    findings.into_iter().map(|finding| (finding.code, finding.severity)).collect()
}

fn told(facts: &Facts) -> Told {
    told_by(facts, "27.5.1", &EngineSettings::default())
}

fn says(facts: &Facts, code: &str, severity: Severity) {
    assert_eq!(told(facts), [(code.to_owned(), severity)]);
}

fn is_silent(facts: &Facts) {
    assert_eq!(told(facts), []);
}

#[test]
fn every_condition_is_a_file_of_its_name_and_has_a_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnosis/machine");
    let files = std::fs::read_dir(folder).expect("the folder of the conditions");
    let mut files: Vec<String> = files
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .filter(|name| name != "overview")
        .collect();
    files.sort();
    let mut codes: Vec<&str> = conditions().iter().map(|condition| condition.code).collect();
    codes.sort_unstable();
    assert_eq!(files, codes);
    for condition in conditions() {
        let Some(words) = condition.words else { continue };
        assert!(causes().iter().all(|cause| cause.code != condition.code), "{} has two pages", condition.code);
        for heading in ["## How dprobe knows", "## Why it happens", "## How to fix it", "## How to reproduce it"] {
            assert!(words.page.contains(heading), "{} lacks {heading:?}", condition.code);
        }
        assert!(!words.summary.ends_with('.'), "{}: a summary is a fragment", condition.code);
        let related = words.page.lines().find_map(|line| line.strip_prefix("Related: ")).unwrap_or_default();
        for code in related.split(", ") {
            assert!(topic(code).is_some(), "{} names {code}", condition.code);
        }
    }
}

#[test]
fn of_a_healthy_machine_nothing_is_said() {
    let healthy = filtered(&RULES, &CHAINS);
    is_silent(&healthy);
    let (overview, _) = healthy.examine(&engine("27.5.1"), &EngineSettings::default());
    let wrong: Vec<_> = overview.iter().filter(|glance| glance.ok == Some(false)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let of = |subject| overview.iter().find(|glance| glance.subject == subject).expect("a line");
    assert_eq!(of(Subject::Filter).ok, Some(true));
    assert_eq!(of(Subject::Mtu).summary, "eth0 1500, networks 1500");
    assert_eq!(of(Subject::Addresses).summary, "29 of 31 ranges for networks are free");
}

#[test]
fn a_filter_that_was_not_read_is_no_alarm() {
    let facts = host().filter_unread("the engine is on another machine");
    is_silent(&facts);
    let (overview, _) = facts.examine(&engine("27.5.1"), &EngineSettings::default());
    let filter = overview.iter().find(|glance| glance.subject == Subject::Filter).expect("a line");
    assert_eq!(filter.ok, None);
    assert!(filter.summary.contains("the engine is on another machine"), "{}", filter.summary);
}

#[test]
fn forwarding() {
    says(&edited(|host| host.ip_forward = Some(false)), "ip-forward-off", Error);
    is_silent(&edited(|host| host.ip_forward = None));
    let inside = |network: &str, facts: Facts| facts.edit_network(network, |network| network.internal = true);
    let closed = edited(|host| host.ip_forward = Some(false));
    is_silent(&inside("bridge", inside("favorites-net", closed)));

    let v6 = |facts: Facts| facts.edit_network("favorites-net", |network| network.ipv6 = true);
    let off = |host: &mut NetworkFact| (host.ipv6_forwarding, host.ipv6_disabled) = (Some(false), Some(false));
    is_silent(&edited(off));
    says(&v6(edited(off)), "ipv6-forward-off", Warning);
    is_silent(&v6(edited(|host| host.ipv6_forwarding = Some(false))));
}

#[test]
fn podman_without_root_has_a_stack_of_its_own() {
    let facts = edited(|host| {
        host.ip_forward = Some(false);
        host.interfaces.retain(|interface| interface.name == "eth0");
    });
    let podman = EngineInfo { flavor: EngineFlavor::Podman, ..engine("5.4.0") };
    let (_, findings) = facts.examine(&podman, &EngineSettings { rootless: true, ..EngineSettings::default() });
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn the_rules_of_the_engine() {
    let wiped = filtered(&[], &["INPUT", "FORWARD"]);
    says(&wiped, "engine-rules-wiped", Warning);
    let told_with = |facts: &Facts, makes_rules: bool| {
        let daemon = Some(DaemonSettings { makes_rules, has_dns: false });
        told_by(facts, "27.5.1", &EngineSettings { daemon, ..EngineSettings::default() })
    };
    assert_eq!(told_with(&wiped, true), [("engine-rules-wiped".to_owned(), Error)]);
    assert_eq!(told_with(&wiped, false), [("engine-makes-no-rules".to_owned(), Note)]);
    // Somebody else's rules do the same.
    says(&filtered(&RULES[2..], &["FORWARD"]), "engine-rules-wiped", Note);
    // Half of them.
    says(&filtered(&RULES[..2], &CHAINS[..4]), "engine-rules-wiped", Warning);
    says(&filtered(&RULES[2..], &["NAT-DOCKER"]), "engine-rules-wiped", Warning);
}

#[test]
fn the_rules_for_one_network() {
    says(&filtered(&RULES[..3], &CHAINS), "masquerade-off", Warning);
    says(&filtered(&RULES[1..], &CHAINS), "isolation-missing", Warning);
    is_silent(&filtered(&RULES[..3], &CHAINS).edit_network("favorites-net", |network| network.internal = true));
    let by_option = filtered(&RULES[..3], &CHAINS).option("favorites-net", "enable_ip_masquerade", "false");
    says(&by_option, "masquerade-off", Note);
    is_silent(&filtered(&RULES[..3], &CHAINS).option("favorites-net", "gateway_mode_ipv4", "routed"));
    // The chains of newer engines are not known to the letter.
    let newer = |facts: &Facts| told_by(facts, "29.0.1", &EngineSettings::default());
    assert_eq!(newer(&filtered(&RULES[2..], &["DOCKER", "DOCKER-INTERNAL", "NAT-DOCKER"])), []);
    let missing = newer(&filtered(&RULES[2..], &["DOCKER", "NAT-DOCKER"]));
    assert_eq!(missing, [("isolation-missing".to_owned(), Warning)]);
}

#[test]
fn bridges() {
    says(&edited(|host| host.interfaces[2].up = false), "bridge-down", Error);
    says(&edited(|host| host.interfaces[1].up = false), "bridge-down", Warning);
    says(&edited(|host| host.interfaces[2].addresses.clear()), "bridge-down", Error);
    says(&edited(|host| host.interfaces.truncate(2)), "bridge-down", Error);
    let on_purpose = edited(|host| host.interfaces[2].addresses.clear());
    is_silent(&on_purpose.option("favorites-net", "inhibit_ipv4", "true"));
    is_silent(&host().network("far-away-net", "10.0.1.0/24").edit_network("far-away-net", |network| {
        network.driver = "overlay".to_owned();
    }));
}

#[test]
fn overlapping_subnets() {
    let routed =
        |to: &'static str, interface: &'static str| edited(move |host| host.routes.push(route(to, None, interface)));
    says(&routed("172.16.0.0/12", "tun0"), "subnet-overlap", Warning);
    says(&routed("172.18.4.0/24", "tun0"), "subnet-overlap", Warning);
    is_silent(&routed("10.0.0.0/8", "tun0"));
    // A piece that somebody gave to a network on purpose.
    let given = routed("10.0.0.0/8", "eth0").network("favorites-net", "10.9.0.0/24");
    let given = given.edit_interfaces(|host| {
        host.interfaces[2].addresses = super::facts::range("10.9.0.1/24").into_iter().collect();
    });
    says(&given, "subnet-overlap", Note);
    // The LAN that a macvlan network is on is the host's own.
    let macvlan = host().network("lan-of-the-host", "192.0.2.0/24");
    is_silent(&macvlan.edit_network("lan-of-the-host", |network| network.driver = "macvlan".to_owned()));

    let twice = host().network("second-net-here", "172.18.128.0/17");
    let codes: Vec<String> = told(&twice).into_iter().map(|(code, _)| code).collect();
    assert!(codes.contains(&"subnet-overlap".to_owned()), "{codes:?}");
}

#[test]
fn a_vpn_that_takes_everything_is_no_overlap_and_leaves_no_range() {
    let vpn = edited(|host| host.routes.extend(["0.0.0.0/1", "128.0.0.0/1"].map(|to| route(to, None, "tun0"))));
    says(&vpn, "address-pools-exhausted", Warning);
}

#[test]
fn address_pools() {
    let pool = |base: &str| AddressPool { base: base.parse().expect("a range"), size: 24 };
    let with = |base: &str| {
        told_by(&host(), "27.5.1", &EngineSettings { address_pools: vec![pool(base)], ..EngineSettings::default() })
    };
    assert_eq!(with("10.77.0.0/16"), []);
    assert_eq!(with("10.0.0.0/8"), []);
    assert_eq!(with("10.77.0.0/23"), [("address-pools-small".to_owned(), Note)]);
    assert_eq!(with("172.18.0.0/23"), [("address-pools-exhausted".to_owned(), Warning)]);
    assert_eq!(with("10.77.0.0/28"), [("address-pools-exhausted".to_owned(), Warning)], "a pool that gives nothing");
}

#[test]
fn mtu() {
    says(&edited(|host| host.interfaces[0].mtu = 1420), "mtu-black-hole", Warning);
    is_silent(&edited(|host| host.interfaces[0].mtu = 9000));
    is_silent(&edited(|host| host.interfaces[0].mtu = 0));
    let set = |facts: Facts, key: &str| {
        facts.edit_network(key, |network| {
            network.options.insert("com.docker.network.driver.mtu".to_owned(), "1400".to_owned());
        })
    };
    is_silent(&set(set(edited(|host| host.interfaces[0].mtu = 1420), "bridge"), "favorites-net"));
}

#[test]
fn dns_servers_on_the_loopback() {
    let stub = |given: &[&str]| {
        let facts = edited(|_| ()).asks("net:bridge", given);
        told(&facts.on_loopback())
    };
    assert_eq!(stub(&["192.0.2.53"]), [], "the servers behind systemd-resolved's stub");
    assert_eq!(stub(&["8.8.8.8", "8.8.4.4"]), [("dns-loopback-stub".to_owned(), Note)]);
    assert_eq!(stub(&["127.0.0.53"]), [("dns-loopback-stub".to_owned(), Warning)]);
    is_silent(&host().asks("net:bridge", &["8.8.8.8", "8.8.4.4"]));
}

#[test]
fn a_bridge_that_iptables_does_not_see() {
    says(&edited(|host| host.bridge_nf_iptables = Some(false)), "bridge-nf-off", Note);
    let quiet = edited(|host| host.bridge_nf_iptables = Some(false)).option("favorites-net", "enable_icc", "false");
    says(&quiet, "bridge-nf-off", Warning);
}

#[test]
fn an_old_engine_is_a_note() {
    let of = |version: &str| told_by(&host(), version, &EngineSettings::default());
    assert_eq!(of("20.10.24+dfsg1"), [("engine-old".to_owned(), Note)]);
    assert_eq!(of("29.0.0-rc.1"), []);
    assert_eq!(of("master-dockerproject"), []);
}
