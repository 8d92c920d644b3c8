//! `macvlan-host-isolation`: a container on a macvlan or ipvlan network and its own host do not see each other.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, connect, run};
use crate::report::{Severity, StageName, TargetKind};
use crate::topology::Network;

pub(super) const CAUSE: Cause = Cause {
    code: "macvlan-host-isolation",
    summary: "a container on a macvlan or ipvlan network and its own host cannot reach each other",
    page: r"
On a macvlan (or ipvlan) network a container stands on the LAN beside its host, with an address of the LAN. The kernel lets
it reach every machine there but one: its own host. That is how macvlan works, and no fault of anybody's configuration.

## How dprobe knows

The network's driver is macvlan or ipvlan, one end of the connection is the host, and nobody answers for its address.

## Why it happens

Packets of a macvlan interface leave through the host's network card; the kernel never turns them round into the host
itself.

## How to fix it

Give the container a second network, a bridge, and use the host's address there (its gateway):

    docker network create host-side
    docker network connect host-side web

A macvlan interface on the host itself (a `shim`) also works, and has to be set up at every start of the host.

## How to reproduce it

    docker network create -d macvlan -o parent=eth0 --subnet 192.0.2.0/24 lan
    docker run -d --name web --network lan nginx
    dprobe check host web:80

Related: no-shared-network, host-bind-loopback
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let to_host = case.from_container() && case.to.kind == TargetKind::Host;
    let by_host_address = case.from_container() && is_own_address_of_host(case);
    let from_host = case.from_host() && case.to.kind == TargetKind::Container;
    if case.gets_through() || !(to_host || by_host_address || from_host) {
        return None;
    }
    let networks = if from_host { case.target_networks() } else { case.source_networks() };
    let all: Option<Vec<&Network>> = networks.iter().map(|key| case.topology.networks.get(*key)).collect();
    let all = all.filter(|all| !all.is_empty() && all.iter().all(|network| is_lan(network)))?;
    let network = all.first()?;
    let container = if from_host { case.target()? } else { case.source()? };
    let mut because = vec![format!("topology.networks.{}", network.name), Case::container_evidence(container)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    let name = format!("{}-host-side", container.name);
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{} is on {}, a {} network, which has no way to its own host", container.name, network.name, network.driver),
        explanation: format!(
            "A container on a {} network stands on the LAN beside its host. The kernel lets it reach every machine there but \
             the one it runs on, and that machine does not reach it either.",
            network.driver
        ),
        because,
        fixes: vec![
            run(
                "give it a bridge network as well, and use the host's address there (its gateway)",
                vec![command(&["docker", "network", "create", &name]), connect(&name, container, None)],
            ),
            change("or make a macvlan interface on the host itself and route the container's address through it"),
        ],
    })
}

fn is_lan(network: &Network) -> bool {
    matches!(network.driver.as_str(), "macvlan" | "ipvlan")
}

/// Whether the source dials an address that the host itself has.
fn is_own_address_of_host(case: &Case<'_>) -> bool {
    let host = case.host_network();
    case.dialled_addresses().iter().any(|address| host.is_some_and(|seen| !address.is_loopback() && seen.fact.owns(*address)))
}
