//! `stale-ip`: an address that was a container's once.

use std::net::IpAddr;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::listening::Listening;
use crate::diagnosis::peers;
use crate::report::{Fix, Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "stale-ip",
    summary: "the address belongs to no container any more, or to another one",
    page: r"
A container gets an address when it starts and gives it back when it stops. After a recreate it may have another, and its
old one may be somebody else's. An address in a configuration is right only by luck.

## How dprobe knows

The address lies in a subnet of one of the engine's networks, and no running container has it. Or a container has it
that does not serve the port, while another one on the same network does.

## Why it happens

The address was read from `docker inspect` and written into a configuration, as tutorials for the default bridge do.

## How to fix it

Use the container's name on a network of your own; the resolver follows it wherever it goes:

    docker network create favorites-net
    docker network connect favorites-net web
    docker network connect favorites-net mongodb

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker rm -f mongodb

and then dial the address it had.

Related: hosts-override, default-bridge-no-dns
",
    yields_to: &["subnet-overlap"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let address: IpAddr = case.to.host.parse().ok()?;
    if case.gets_through() {
        return None;
    }
    let network = case.topology.network_of(address)?;
    // On a macvlan network there are machines that the engine does not know.
    if !matches!(case.topology.networks.get(network)?.driver.as_str(), "bridge" | "overlay") {
        return None;
    }
    let meant = case.to.port.and_then(|port| peers::serving(case, port)).filter(|peer| peer.dial.is_some());
    let (title, what) = match case.to.kind {
        TargetKind::Address => (
            format!("no container has the address {address}"),
            format!("{address} lies in the subnet of {network}, but no running container has it."),
        ),
        TargetKind::Container => {
            let owner = case.target()?;
            let idle = matches!(case.listening()?.1, Listening::Nothing | Listening::Elsewhere(_));
            let other = meant.as_ref().filter(|peer| peer.answers && peer.container.id != owner.id)?;
            if !idle {
                return None;
            }
            (
                format!("{address} is the address of {}, not of {}", owner.name, other.container.name),
                format!("{address} now belongs to {}, which does not serve this port.", owner.name),
            )
        }
        _ => return None,
    };
    let mut because = vec![format!("topology.networks.{network}")];
    because.extend(case.target().map(Case::container_evidence));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let mut fixes: Vec<Fix> = Vec::new();
    let mut now = String::new();
    if let Some(peer) = &meant {
        because.push(peer.because.clone());
        fixes.extend(peer.dial.clone().map(|address| dial("use the name, which follows the container", address)));
        let at = peer.container.attachments.get(network).and_then(|attachment| attachment.addresses().next());
        let verb = if peer.answers { "serves" } else { "declares" };
        now = format!(
            " {} {verb} the port{}.",
            peer.container.name,
            at.map(|address| format!(" and is at {}", host_port(&address.to_string(), peer.port))).unwrap_or_default()
        );
    } else {
        fixes.push(change("use the container's name instead of an address; see `docker ps` for the names"));
    }
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title,
        explanation: format!(
            "{what}{now} Container addresses change whenever a container is recreated, so an address that worked yesterday \
             may be nobody's today."
        ),
        because,
        fixes,
    })
}
