//! `mtu-black-hole`: containers send longer packets than the host's uplink carries.

use super::{Condition, Found, Machine, names, network_path};
use crate::diagnosis::fixes::{change, run};
use crate::report::{Fix, Severity};

pub(super) const CONDITION: Condition = Condition { code: "mtu-black-hole", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some((uplink, host)) = machine.uplink().zip(machine.router()) else { return Vec::new() };
    let longer: Vec<(&str, u32)> = machine
        .open_bridges()
        .filter_map(|(key, network)| Some((key, machine.mtu_of(network)?)))
        .filter(|(_, mtu)| *mtu > uplink.mtu)
        .collect();
    let Some((_, longest)) = longer.iter().max_by_key(|(_, mtu)| mtu) else { return Vec::new() };
    let because = [host.id.to_owned()].into_iter().chain(longer.iter().map(|(key, _)| network_path(key))).collect();
    let keys = names(longer.iter().map(|(key, _)| key));
    let mtu = uplink.mtu;
    let clamp = "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu";
    vec![Found {
        severity: Severity::Warning,
        title: format!("containers send packets of up to {longest} bytes, and {} carries {mtu}", uplink.name),
        explanation: format!(
            "The host's way out, {}, takes packets of up to {mtu} bytes; the bridges of {keys} take longer ones. The kernel \
             tells senders by ICMP, and all is well. It only bites where a firewall on the way filters that ICMP: then \
             connections open and hang as soon as something long is sent.",
            uplink.name
        ),
        because,
        fixes: vec![
            change(format!(
                "give networks this MTU: `\"mtu\": {mtu}` in daemon.json for the default bridge, and for others \
                 `docker network create -o com.docker.network.driver.mtu={mtu} …` when they are made anew"
            )),
            Fix {
                lasting: false,
                ..run("or have the host shorten the segments of TCP, at once, on the engine's host as root", vec![clamp.to_owned()])
            },
        ],
    }]
}
