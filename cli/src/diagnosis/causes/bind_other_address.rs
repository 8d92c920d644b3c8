//! `bind-other-address`: the server listens on its address on another network.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{connect, dial, run};
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::diagnosis::programs;
use crate::report::{Fix, Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "bind-other-address",
    summary: "the server is bound to one address of its container, and the connection arrives on another",
    page: r"
A container has one address on each network it is on. A server that is bound to one of them is deaf on the others.

## How dprobe knows

The target's sockets on that port are bound to an address of the container which is not the one that was dialled.

## Why it happens

The program was given the container's address, or its host name, to listen on. The name stands for the first network;
when the container joins a second one, nothing listens there.

## How to fix it

Make it listen on every address, 0.0.0.0, or reach it over the network that it is bound to.

## How to reproduce it

    docker network create --subnet 172.30.1.0/24 back
    docker network create favorites-net
    docker run -d --name mongodb --network back --ip 172.30.1.10 mongo mongod --bind_ip 172.30.1.10
    docker network connect favorites-net mongodb

and dial it from a container on favorites-net.

Related: bind-loopback, bind-one-family
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target().filter(|_| case.to.kind == TargetKind::Container || case.publication().is_some())?;
    let (seen, Listening::OtherAddress(sockets)) = case.listening()? else { return None };
    let name = &target.name;
    let program = programs::name(target);
    let owner = case.topology.namespace_owner(target);
    let bound = sockets.iter().find_map(|socket| {
        owner.attachments.iter().find(|(_, attachment)| attachment.has(socket.address)).map(|(network, _)| (network, socket))
    });
    let mut fixes: Vec<Fix> = vec![programs::listen_everywhere(target)];
    if let Some((network, socket)) = bound {
        if case.source_networks().contains(&network.as_str()) {
            fixes.push(dial("or dial the address that it listens on", host_port(&socket.address.to_string(), socket.port)));
        } else if let Some(source) = case.source() {
            fixes.push(run(
                format!("or reach it over {network}, by {}", host_port(&socket.address.to_string(), socket.port)),
                vec![connect(network, case.topology.namespace_owner(source), None)],
            ));
        }
    }
    let on = bound.map(|(network, _)| format!(", its address on {network}")).unwrap_or_default();
    let mut because = vec![seen.id.to_owned(), Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let arriving: Vec<String> = case.arriving_addresses().iter().map(ToString::to_string).collect();
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{program} listens on one address of {name} only, and it is another one"),
        explanation: format!(
            "{program} in {name} listens on {}{on}. The connection arrives on {}, where it does not listen. A container \
             has one address on each of its networks; 0.0.0.0 means all of them.",
            sockets_text(&sockets),
            arriving.join(", ")
        ),
        because,
        fixes,
    })
}
