//! `dns-loopback-stub`: the host's DNS server is on its own loopback, which containers cannot reach.

use std::net::{IpAddr, Ipv4Addr};

use super::{Condition, Found, Machine, names};
use crate::diagnosis::fixes::{change, run};
use crate::report::{Fix, Severity};

pub(super) const CONDITION: Condition = Condition { code: "dns-loopback-stub", words: None, find };

/// The public servers that the engine gives to containers where it knows of none that they could reach (libnetwork).
const IN_PLACE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some((host, given)) = machine.host_resolver().zip(machine.bridge_resolver()) else { return Vec::new() };
    let servers = &host.fact.nameservers;
    if servers.is_empty() || !servers.iter().all(IpAddr::is_loopback) {
        return Vec::new();
    }
    let has_dns = machine.settings.daemon.map(|daemon| daemon.has_dns);
    let got = &given.fact.nameservers;
    let v4: Vec<IpAddr> = got.iter().copied().filter(IpAddr::is_ipv4).collect();
    let (severity, title, what) = if got.iter().any(IpAddr::is_loopback) {
        let what = "which inside a container is the container itself, where no DNS server listens: every lookup fails";
        (Severity::Warning, "containers are given a DNS server on their own loopback", what)
    } else if v4 == IN_PLACE && has_dns != Some(true) {
        let what = "public servers that the engine takes where it knows no other: they do not know the names of your own \
                    network, and where a firewall blocks them nothing resolves";
        (Severity::Note, "containers ask public DNS servers, and not the one of the host", what)
    } else {
        return Vec::new();
    };
    vec![Found {
        severity,
        title: title.to_owned(),
        explanation: format!(
            "The host asks {}, on its own loopback, where containers cannot reach it. Those on the default bridge are given \
             {} instead, {what}.",
            names(servers),
            names(got)
        ),
        because: vec![host.id.to_owned(), given.id.to_owned()],
        fixes: vec![Fix {
            commands: Vec::new(),
            ..run("give the engine servers that containers can reach: `\"dns\": [\"ADDRESS\"]` in daemon.json, and restart it", Vec::new())
        }, change("or have the host's own DNS server listen on docker0 as well, and name that address there")],
    }]
}
