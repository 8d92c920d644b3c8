//! `ipv6-forward-off`: networks have IPv6, and the host does not forward it.

use super::{Condition, Found, Machine, Words, names, network_path};
use crate::diagnosis::fixes::forward;
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition {
    code: "ipv6-forward-off",
    words: Some(Words {
        summary: "networks have IPv6 addresses, and the host does not forward IPv6 (net.ipv6.conf.all.forwarding is 0)",
        page: r"
A network that was made with IPv6 gives its containers IPv6 addresses and a default route, so their programs try IPv6 first.
The host has to pass those packets on, and a switch of the kernel says that it does not.

## How dprobe knows

`dprobe doctor` reads `net.ipv6.conf.all.forwarding` in the host's network namespace: it is 0, while the engine has a bridge
network with IPv6 that is not internal.

## Why it happens

A file below `/etc/sysctl.d/` sets it to 0 and was loaded after the engine started, or the engine was told
`--ip-forward=false`.

## How to fix it

    sysctl -w net.ipv6.conf.all.forwarding=1

A host that gets its own IPv6 route by router advertisements stops listening to them when it forwards; there,
`net.ipv6.conf.eth0.accept_ra = 2` keeps the route (eth0: its uplink). For good: both in a file below `/etc/sysctl.d/`.

## How to reproduce it

    docker network create --ipv6 --subnet fd00:1::/64 favorites-net
    sysctl -w net.ipv6.conf.all.forwarding=0     (on a machine that may break)
    dprobe doctor

Related: ip-forward-off
",
    }),
    find,
};

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(host) = machine.router().filter(|host| host.fact.ipv6_forwarding == Some(false)) else { return Vec::new() };
    // A host without IPv6 has nothing to forward, and nothing to reach.
    if host.fact.ipv6_disabled == Some(true) {
        return Vec::new();
    }
    let networks: Vec<&str> = machine.open_bridges().filter(|(_, network)| network.ipv6).map(|(key, _)| key).collect();
    if networks.is_empty() {
        return Vec::new();
    }
    let because = [host.id.to_owned()].into_iter().chain(networks.iter().map(|key| network_path(key))).collect();
    vec![Found {
        severity: Severity::Warning,
        title: "the host does not forward IPv6, so nothing gets out that way".to_owned(),
        explanation: format!(
            "Containers on {} have IPv6 addresses, and the host's kernel does not pass IPv6 on: \
             net.ipv6.conf.all.forwarding is 0. Programs that try IPv6 first wait before they fall back to IPv4.",
            names(networks)
        ),
        because,
        fixes: forward("net.ipv6.conf.all.forwarding"),
    }]
}
