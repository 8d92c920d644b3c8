//! `subnet-overlap`: one of the engine's networks covers addresses of the host's other networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Severity, StageName};
use crate::topology::{Network, Topology};

pub(super) const CAUSE: Cause = Cause {
    code: "subnet-overlap",
    summary: "a Docker network covers the address range of the LAN or VPN in which the target is",
    page: r#"
The target is on the LAN or behind a VPN, and a Docker network happens to use the same range of addresses. The host sends
what is meant for the target to the Docker bridge, where nobody has that address.

## How dprobe knows

The dialled address lies in the subnet of one of the engine's networks, no container has it, and the host has another
route (not the default one) that covers the same address.

## Why it happens

Docker gives new networks ranges out of 172.16.0.0/12 and 192.168.0.0/16 that are free at that moment. A VPN that is
connected later may use one of them.

## How to fix it

Remove the network that is in the way, and make it anew with a range that nobody else uses:

    docker network create --subnet 10.123.0.0/24 favorites-net

For good: `"default-address-pools": [{"base": "10.123.0.0/16", "size": 24}]` in `daemon.json`.

## How to reproduce it

    ip route add 10.99.0.0/16 via 192.0.2.1
    docker network create --subnet 10.99.5.0/24 in-the-way
    dprobe check host 10.99.5.20:80

Related: stale-ip, no-shared-network
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() {
        return None;
    }
    let host = case.host_network()?;
    let (address, key, network, route) = case.dialled_addresses().into_iter().find_map(|address| {
        let (key, network) = unowned(address, case.topology)?;
        let bridge = network.bridge_name();
        let other = host.fact.routes.iter().find(|route| {
            let range = IpNet::new(route.destination.address, route.destination.prefix).ok();
            route.destination.prefix > 0
                && Some(&route.interface) != bridge.as_ref()
                && range.is_some_and(|range| range.contains(&address))
        })?;
        Some((address, key, network, other))
    })?;
    let subnet = network.subnets.iter().find(|subnet| subnet.range.contains(&address))?.range;
    let users: Vec<&str> = case
        .topology
        .containers
        .values()
        .filter(|container| container.attachments.contains_key(key))
        .map(|container| container.name.as_str())
        .collect();
    let mut commands: Vec<String> =
        users.iter().map(|name| command(&["docker", "network", "disconnect", "-f", key, name])).collect();
    commands.push(command(&["docker", "network", "rm", key]));
    let towards = format!("{}/{}", route.destination.address, route.destination.prefix);
    let mut because = vec![host.id.to_owned(), format!("topology.networks.{key}")];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let title = if users.is_empty() {
        format!("remove {key}, which nobody uses")
    } else {
        format!("take {} off {key} and remove it", users.join(", "))
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("the Docker network {key} ({subnet}) covers the network in which {address} is"),
        explanation: format!(
            "The host has a route to {towards} through {}, where {address} is. {key} uses {subnet}, which holds the same \
             address and is the closer match, so the host looks for {address} on Docker's bridge, where nobody has it.",
            route.interface
        ),
        because,
        fixes: vec![
            run(title, commands),
            change(format!(
                "make {key} anew with a range that nobody else uses (`docker network create --subnet …`), and for good set \
                 `default-address-pools` in daemon.json"
            )),
        ],
    })
}

/// The network in whose subnet an address lies that no container and no gateway has.
fn unowned(address: IpAddr, topology: &Topology) -> Option<(&str, &Network)> {
    if topology.owner_of(address).is_some() || topology.is_gateway(address) {
        return None;
    }
    let key = topology.network_of(address)?;
    // On other networks there are machines that the engine does not know.
    topology.networks.get(key).filter(|network| network.driver == "bridge").map(|network| (key, network))
}
