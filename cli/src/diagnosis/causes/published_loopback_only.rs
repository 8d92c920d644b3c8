//! `published-loopback-only`: published on another address of the host than the one that is dialled from there.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_republish, dial};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "published-loopback-only",
    summary: "the port is published on one address of the host, such as 127.0.0.1, and another was dialled",
    page: r"
`-p 127.0.0.1:8080:80` makes the host answer on its own loopback only: `localhost:8080` works on that machine, and
everybody who comes by its address in the network is refused.

## How dprobe knows

An address of the host was dialled from the host and refused. The engine publishes that port for a container, on another
address of the host (`HostIp`).

## Why it happens

It is good advice for a database, and it stays in the file when the port is to be reached from other machines after all.
Some systems make it the default (`ip` in daemon.json, or the option `host_binding_ipv4` of a network).

## How to fix it

Where other machines are to reach it, recreate the container without the address: `-p 8080:80`. Remember that Docker's own
rules let published ports through before a firewall such as ufw sees them. Where only this machine needs it, dial the
address that it is published on.

## How to reproduce it

    docker run -d --name web -p 127.0.0.1:8080:80 nginx
    curl http://localhost:8080
    curl http://$(hostname -I | cut -d' ' -f1):8080

Related: published-loopback-from-container, not-published, published-random-port
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.from_host() || !case.dials_host_itself() || case.gets_through() || case.dials().is_empty() {
        return None;
    }
    let port = case.to.port?;
    let protocol = case.to.protocol;
    let dialled = case.dialled_addresses();
    let (container, published) = case.topology.publisher(port, protocol, None)?;
    let bound = published.host_ip.filter(|address| !address.is_unspecified())?;
    if dialled.iter().any(|address| case.topology.publisher(port, protocol, Some(*address)).is_some()) {
        return None;
    }
    let name = &container.name;
    let narrow = ComposePort::of(&published)?;
    let open = ComposePort { host_ip: None, ..narrow };
    let mapping = open.short();
    let text = dialled.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let reached = if bound.is_loopback() {
        format!("Programs on this machine reach it at {bound}; to every other address of the host, such as {text}, nobody answers.")
    } else {
        format!("It is reached at {bound}; at every other address of the host, such as {text}, nobody answers.")
    };
    let everywhere = change(format!(
        "recreate {name} with `-p {mapping}`, without the address, where the local network is to reach it as well"
    ))
    .with_edit(compose_republish(container, &published, open));
    let here = dial("on this host itself, dial the address that it is published on", host_port(&bound.to_string(), port));
    let mut because = vec![Case::container_evidence(container)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {port} of {name} is published on {bound} of the host only"),
        explanation: format!(
            "`-p {}` makes the host answer on {bound} and on no other address. {reached}",
            narrow.short()
        ),
        because,
        fixes: if bound.is_loopback() { vec![everywhere, here] } else { vec![here, everywhere] },
    })
}
