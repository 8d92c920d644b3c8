//! `bridge-down`: the bridge under a network is down, has lost its address, or is gone.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
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

/// What is wrong with a bridge.
enum Fault {
    Missing,
    Down,
    Bare(String),
}

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() || !(case.lost() || case.name_failed()) {
        return None;
    }
    let (key, network, id, fault) = concerned(case).into_iter().find_map(|key| {
        let network = case.topology.networks.get(key)?;
        let (id, interface) = case.bridge_of(network)?;
        let fault = match interface {
            None => Fault::Missing,
            Some(interface) if !interface.up => Fault::Down,
            Some(interface) => {
                let gateway = network.subnets.iter().find(|subnet| subnet.range.addr().is_ipv4())?;
                let address = gateway.host_address()?;
                if network.internal || interface.addresses.iter().any(|own| own.address == address) {
                    return None;
                }
                Fault::Bare(format!("{address}/{}", gateway.range.prefix_len()))
            }
        };
        Some((key, network, id, fault))
    })?;
    let bridge = network.bridge_name()?;
    let (what, mend) = match &fault {
        Fault::Missing => ("is gone".to_owned(), None),
        Fault::Down => ("is down".to_owned(), Some(command(&["ip", "link", "set", &bridge, "up"]))),
        Fault::Bare(address) => (
            format!("has lost its address {address}"),
            Some(command(&["ip", "addr", "add", address, "dev", &bridge])),
        ),
    };
    let mut fixes = Vec::new();
    if let Some(mend) = mend {
        let mut fix = run("put it right by hand, on the engine's host as root", vec![mend]);
        fix.lasting = false;
        fixes.push(fix);
    }
    fixes.push(run("or let the engine set up its networks again", vec!["systemctl restart docker".to_owned()]));
    fixes.push(change("for good, tell the host's network manager to leave docker0, br-* and veth* alone"));
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
        fixes,
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
