//! `bridge-down`: the bridge under a network is down, has lost its address, or is gone.

use super::{Cause, Found};
use crate::diagnosis::bridge::BridgeFault;
use crate::diagnosis::case::Case;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "bridge-down",
    summary: "the network's bridge on the host is down, has lost its address, or is gone",
    page: r"
A bridge network is a bridge on the host (`docker0`, `br-…`) that all its containers hang on, and whose address is their
gateway. When the bridge is taken down or loses its address, the containers still look well and reach nothing.

## How dprobe knows

The engine says that the network is there; on the host its bridge is missing, is down, or lacks the gateway's address.

## Why it happens

Network managers (NetworkManager, systemd-networkd, wicked) take Docker's bridges for interfaces of theirs and reconfigure
them, often after a suspend or a change of the LAN.

## How to fix it

Bring it up again, or let the engine do it:

    ip link set br-0123456789ab up
    systemctl restart docker

For good: tell the network manager to leave Docker's interfaces alone (NetworkManager: `unmanaged-devices` for `docker*`,
`br-*` and `veth*`).

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    ip link set br-$(docker network inspect -f '{{.Id}}' favorites-net | cut -c1-12) down

Related: engine-rules-wiped, subnet-overlap
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() || !(case.lost() || case.name_failed()) {
        return None;
    }
    let (key, network, id, fault) = concerned(case).into_iter().find_map(|key| {
        let network = case.topology.networks.get(key)?;
        let host = case.host_network()?;
        Some((key, network, host.id, BridgeFault::of(network, host.fact)?))
    })?;
    let bridge = network.bridge_name()?;
    let what = fault.words();
    let mut because = vec![id.to_owned(), format!("topology.networks.{key}")];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("the bridge of {key} on the host ({bridge}) {what}"),
        explanation: format!(
            "Everything that leaves a container on {key} goes through the bridge {bridge} on the host, and that {what}. \
             Usually a network manager of the host has taken it for an interface of its own."
        ),
        because,
        fixes: fault.fixes(&bridge),
    })
}

/// The networks that the connection goes through: those that source and target share, or those of the source.
fn concerned<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let shared = case.shared_networks();
    if !shared.is_empty() {
        return shared;
    }
    if case.from_host() {
        return case.target_networks();
    }
    if case.to.kind == TargetKind::Container && case.parted() { Vec::new() } else { case.source_networks() }
}
