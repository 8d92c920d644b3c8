//! `published-loopback-from-container`: published on the host's loopback, which containers do not reach.

use std::net::IpAddr;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_republish, connect, dial, run};
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "published-loopback-from-container",
    summary: "the port is published on an address of the host that containers do not reach, such as 127.0.0.1",
    page: r"
`-p 127.0.0.1:8080:80` makes the host answer on its own loopback only. That keeps the port off the local network, and it
keeps it from containers, too: they come in over the bridge.

## How dprobe knows

The engine publishes the dialled port for a container, but on another address of the host than the one that was dialled.

## Why it happens

Publishing on 127.0.0.1 is good advice for a development machine. A second container that goes through the host is not
what it was meant for.

## How to fix it

Go to the container directly: join its network and use its name and its own port. Nothing has to be published for that.

## How to reproduce it

    docker run -d --name db -p 127.0.0.1:5433:5432 postgres
    docker run -d --name web --add-host host.docker.internal:host-gateway nginx
    dprobe check web host.docker.internal:5433

Related: host-bind-loopback, host-port-used-inside, no-shared-network
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.to.kind != TargetKind::Host || case.gets_through() {
        return None;
    }
    let target = case.topology.namespace_owner(case.target()?);
    let published = case.publication()?;
    let bound: IpAddr = published.host_ip.filter(|address| !address.is_unspecified())?;
    let dialled = case.dialled_addresses();
    if dialled.is_empty() || dialled.iter().any(|address| published.answers_on(*address)) {
        return None;
    }
    let name = &target.name;
    let (host, inside) = (published.host_port?, published.container_port);
    let shared = case.shared_networks().into_iter().find(|network| Some(*network) != case.topology.default_bridge());
    let mut fixes = Vec::new();
    if shared.is_none() {
        let network = target.attachments.keys().find(|key| Some(key.as_str()) != case.topology.default_bridge());
        if let (Some(network), Some(source)) = (network, case.source()) {
            let source = case.topology.namespace_owner(source);
            fixes.push(run(format!("put {} on the network of {name}", source.name), vec![connect(network, source, None)]));
        }
    }
    fixes.push(dial(format!("go to {name} itself, by its name and its own port"), host_port(name, inside)));
    let open = ComposePort { host_ip: None, ..ComposePort::of(&published)? };
    let mapping = open.short();
    fixes.push(
        change(format!("or recreate {name} with `-p {mapping}`, which opens the port to the local network as well"))
            .with_edit(compose_republish(target, &published, open)),
    );
    let mut because = vec![Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {host} of {name} is published on {bound} of the host only"),
        explanation: format!(
            "`-p {bound}:{host}:{inside}` makes the host answer on {bound} and on no other address. A container comes in over \
             the bridge, to {}, where nobody answers.",
            dialled.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        because,
        fixes,
    })
}
