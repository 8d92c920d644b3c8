//! What was looked at, a line each.

use super::address_pools_exhausted::Free;
use super::{Machine, names};
use crate::diagnosis::engine_rules::EngineRules;
use crate::report::Severity;
use crate::report::doctor::{Finding, Glance, Subject};
use crate::topology::EngineFlavor;

/// The codes that are about a subject.
fn codes(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Engine => &["engine-old"],
        Subject::Containers => &[],
        Subject::Networks => &["bridge-down", "subnet-overlap"],
        Subject::Addresses => &["address-pools-exhausted", "address-pools-small"],
        Subject::Mtu => &["mtu-black-hole"],
        Subject::Forwarding => &["ip-forward-off", "ipv6-forward-off"],
        Subject::Filter => {
            &["engine-rules-wiped", "engine-makes-no-rules", "isolation-missing", "masquerade-off", "bridge-nf-off"]
        }
        Subject::Dns => &["dns-loopback-stub"],
        Subject::OtherEngines => &["other-engine"],
    }
}

pub(super) fn overview(machine: &Machine<'_>, findings: &[Finding]) -> Vec<Glance> {
    let glance = |subject: Subject, (known, summary): (bool, String)| {
        let of_it = |finding: &&Finding| codes(subject).contains(&finding.code.as_str());
        let wrong = findings.iter().filter(of_it).any(|finding| finding.severity != Severity::Note);
        Glance { subject, ok: if wrong { Some(false) } else { known.then_some(true) }, summary }
    };
    vec![
        glance(Subject::Engine, (true, engine(machine))),
        glance(Subject::Containers, (false, containers(machine))),
        glance(Subject::Networks, networks(machine)),
        glance(Subject::Addresses, addresses(machine)),
        glance(Subject::Mtu, mtu(machine)),
        glance(Subject::Forwarding, forwarding(machine)),
        glance(Subject::Filter, filter(machine)),
        glance(Subject::Dns, dns(machine)),
        glance(Subject::OtherEngines, other_engines(machine)),
    ]
}

fn engine(machine: &Machine<'_>) -> String {
    let engine = machine.engine;
    let flavor = match engine.flavor {
        EngineFlavor::Docker | EngineFlavor::Podman => "",
        EngineFlavor::Rootless => ", rootless",
        EngineFlavor::Desktop => " of Docker Desktop",
    };
    let words = [format!("{} {}{flavor}", engine.name, engine.version), format!("API {}", engine.api_version)];
    let host = [&engine.os, &engine.kernel].into_iter().filter(|word| !word.is_empty()).cloned();
    words.into_iter().chain(host).collect::<Vec<_>>().join(", ")
}

fn containers(machine: &Machine<'_>) -> String {
    let containers = &machine.topology.containers;
    let running = containers.values().filter(|one| one.state.status.has_processes()).count();
    match (containers.len(), running) {
        (0, _) => "none".to_owned(),
        (all, running) if all == running => format!("{all}, all running"),
        (all, running) => format!("{all}, {running} of them running"),
    }
}

fn networks(machine: &Machine<'_>) -> (bool, String) {
    let bridges = machine.bridges().count();
    let others = machine.topology.networks.values().filter(|one| one.driver != "bridge" && one.is_attachable()).count();
    let others = if others == 0 { String::new() } else { format!(", {others} of other drivers") };
    let known = machine.router().is_some() && !machine.is_podman();
    (known, format!("{bridges} with a bridge on the host{others}"))
}

fn addresses(machine: &Machine<'_>) -> (bool, String) {
    match Free::of(machine) {
        Some(free) => (true, free.words()),
        None => (false, "not looked at".to_owned()),
    }
}

fn mtu(machine: &Machine<'_>) -> (bool, String) {
    let mut sizes: Vec<u32> = machine.open_bridges().filter_map(|(_, network)| machine.mtu_of(network)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let sizes = if sizes.is_empty() { "unknown".to_owned() } else { names(sizes) };
    match machine.uplink() {
        Some(uplink) => (true, format!("{} {}, networks {sizes}", uplink.name, uplink.mtu)),
        None => (false, format!("no way out of the host is known; networks {sizes}")),
    }
}

fn forwarding(machine: &Machine<'_>) -> (bool, String) {
    let word = |on: Option<bool>| match on {
        Some(true) => "on",
        Some(false) => "off",
        None => "unknown",
    };
    match machine.router().map(|host| host.fact) {
        Some(host) => (
            host.ip_forward == Some(true),
            format!("IPv4 {}, IPv6 {}", word(host.ip_forward), word(host.ipv6_forwarding)),
        ),
        None => (false, "not the host's business: containers have a network stack of their own".to_owned()),
    }
}

fn filter(machine: &Machine<'_>) -> (bool, String) {
    let Some(filter) = machine.filter() else {
        let summary = match (machine.filter_unread(), machine.filter_is_cut()) {
            (Some(why), _) => format!("not read: {why} (--deep reads it with a privileged helper)"),
            (None, true) => "it has more rules than are looked at".to_owned(),
            (None, false) => "not looked at".to_owned(),
        };
        return (false, summary);
    };
    let rules = EngineRules::of(filter.fact);
    let whose = match (rules.any || rules.podman, machine.settings.daemon.is_some_and(|daemon| !daemon.makes_rules)) {
        (true, _) => "the engine's rules are there",
        (false, true) => "the engine makes no rules",
        (false, false) => "no rules of the engine's",
    };
    (rules.any || rules.podman, format!("{whose}, read by {}", names(&filter.fact.readers)))
}

fn dns(machine: &Machine<'_>) -> (bool, String) {
    let Some(host) = machine.host_resolver() else { return (false, "not looked at".to_owned()) };
    let servers = if host.fact.nameservers.is_empty() { "no server".to_owned() } else { names(&host.fact.nameservers) };
    let given =
        machine.bridge_resolver().map(|given| format!("; containers are given {}", names(&given.fact.nameservers)));
    (!host.fact.nameservers.is_empty(), format!("the host asks {servers}{}", given.unwrap_or_default()))
}

fn other_engines(machine: &Machine<'_>) -> (bool, String) {
    match machine.other_engines {
        [] => (false, "none answers here".to_owned()),
        others => (false, format!("{} at {}", others.len(), names(others.iter().map(|other| &other.address)))),
    }
}
