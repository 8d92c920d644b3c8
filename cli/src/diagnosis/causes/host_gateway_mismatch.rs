//! `host-gateway-mismatch`: the host is dialled at one of its addresses and listens on another.

use std::net::IpAddr;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposeChange;
use crate::diagnosis::fixes::{change, compose_edit, dial};
use crate::diagnosis::listening::socket_text;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;

pub(super) const CAUSE: Cause = Cause {
    code: "host-gateway-mismatch",
    summary: "the program on the host listens on one address of the host, such as a network's gateway, and another is dialled",
    page: r"
The host has an address in every Docker network: the network's gateway. `host-gateway` stands for one of them only, that of
the default bridge (docker0, 172.17.0.1), on whichever network the container is. A program on the host that is bound to the
gateway of the container's own network, such as 172.18.0.1, is not at the address that `host.docker.internal` leads to.

## How dprobe knows

The connect to the host is refused; the host's listening sockets have that port, bound to another address of the host than
the one that was dialled.

## Why it happens

Somebody looked up the gateway of the network, bound the program to it to keep it off the local network, and then used the
name of the host. It works on the default bridge and fails on every other network.

## How to fix it

Dial the address that the program is bound to. For good, let it listen on 0.0.0.0 behind a firewall, or on the address of
docker0; or give the name the right address with `--add-host host.docker.internal:172.18.0.1`.

## How to reproduce it

    docker network create favorites-net
    python3 -m http.server --bind $(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' favorites-net) 8000 &
    docker run -d --name web --network favorites-net --add-host host.docker.internal:host-gateway nginx

and then `dprobe check web host.docker.internal:8000`.

Related: host-bind-loopback, host-not-listening, host-name-missing
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.to.kind != TargetKind::Host || case.gets_through() || case.target().is_some() || case.dials().is_empty() {
        return None;
    }
    let port = case.to.port?;
    let seen = case.listeners_in(resolve::HOST)?;
    let on_port = || {
        seen.fact.sockets.iter().filter(|socket| socket.port == port && socket.protocol == case.to.protocol)
    };
    let dialled = case.dialled_addresses();
    if on_port().any(|socket| socket.address.is_unspecified() || dialled.contains(&socket.address)) {
        return None;
    }
    let own = resolve::gateway_of(case.from, case.topology);
    let bound = || on_port().filter(|socket| !socket.address.is_loopback());
    let socket = bound().find(|socket| Some(socket.address) == own).or_else(|| bound().next())?;
    let address = socket.address;
    let went: Vec<String> = dialled.iter().map(ToString::to_string).collect();
    let went = went.join(", ");
    let whose = match case.topology.network_of(address) {
        Some(network) if case.topology.is_gateway(address) => format!(", the host's address in {network}"),
        _ => String::new(),
    };
    let meaning = if case.dials_name() {
        format!("{} means {went} here, which is the default bridge's gateway on whichever network the container is. ", case.to.host)
    } else {
        String::new()
    };
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.lookup().map(|lookup| lookup.id.to_owned()));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let mut fixes = vec![
        dial("dial the address that the program listens on", host_port(&address.to_string(), port)),
        change(format!("or make the program on the host listen on {went}:{port}, or on 0.0.0.0:{port} behind a firewall")),
    ];
    fixes.extend(renamed(case, address));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("the program on the host listens on {}, not on {went}", socket_text(socket)),
        explanation: format!(
            "The host has an address in each of its networks. {meaning}The program on port {port} of the host is bound to \
             {address}{whose}, and at {went} nobody listens."
        ),
        because,
        fixes,
    })
}

/// The name with the address that works, where a name was dialled.
fn renamed(case: &Case<'_>, address: IpAddr) -> Option<Fix> {
    let source = case.source().filter(|_| case.dials_name())?;
    let entry = format!("{}:{address}", case.to.host);
    let edit = ComposeChange::AddExtraHost { name: case.to.host.clone(), address: address.to_string() };
    Some(change(format!("or recreate {} with `--add-host {entry}`", source.name)).with_edit(compose_edit(source, edit)))
}
