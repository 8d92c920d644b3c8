//! `source-host-network`: the source uses the host's network, where container names mean nothing.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_publish, dial};
use crate::report::{Fix, Severity, SourceKind, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "source-host-network",
    summary: "the source uses the host's network, where the names of containers do not resolve",
    page: r"
A container started with `--network host` has no network of its own: it sees the host's interfaces and uses the host's
resolver. Docker's resolver, which knows the names of containers, is not asked.

## How dprobe knows

The engine says that the source's network mode is `host`, the target is a container, and its name did not resolve.

## Why it happens

Host mode was chosen for speed, or because it made one thing work at once. Names of other containers are the price.

## How to fix it

Dial what the target publishes on the host, `localhost:PORT`; or take the source out of host mode and put it on the
target's network.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network host nginx

Related: no-shared-network, not-published, localhost-is-container
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source()?;
    let target = case.target()?;
    let by_name = case.to.kind == TargetKind::Container && case.dials_name();
    if case.from.kind != SourceKind::Container || !case.from_host() || !by_name || !case.name_failed() {
        return None;
    }
    let owner = case.topology.namespace_owner(target);
    let port = case.to.port;
    let published = owner
        .published
        .iter()
        .find(|published| Some(published.container_port) == port && published.protocol == case.to.protocol);
    let mut fixes: Vec<Fix> = Vec::new();
    if let Some(host) = published.and_then(|published| published.host_port) {
        fixes.push(dial(format!("dial what {} publishes on the host", target.name), host_port("localhost", host)));
    } else if let (true, Some(port)) = (case.target_in_host_mode(), port) {
        fixes.push(dial(format!("{} uses the host's network as well", target.name), host_port("localhost", port)));
    } else if let Some(port) = port {
        let mapping = format!("{port}:{port}");
        fixes.push(
            change(format!("recreate {} with `-p {mapping}`, and dial localhost:{port}", target.name))
                .with_edit(compose_publish(target, ComposePort::new(port, port, case.to.protocol))),
        );
    }
    if let Some(network) = owner.attachments.keys().next() {
        fixes.push(change(format!("or recreate {} with `--network {network}` instead of `--network host`", source.name)));
    }
    let mut because = vec![Case::container_evidence(source), Case::container_evidence(target)];
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{} uses the host's network, where container names do not resolve", source.name),
        explanation: format!(
            "{} was started with `--network host`, so its programs ask the host's resolver, and that knows no containers. \
             The name {} means something only on Docker's own networks.",
            source.name, case.to.host
        ),
        because,
        fixes,
    })
}
