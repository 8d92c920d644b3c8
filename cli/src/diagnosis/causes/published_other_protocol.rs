//! `published-other-protocol`: the port is published for UDP where TCP is wanted, or the other way round.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_publish};
use crate::report::{Severity, StageName};
use crate::topology::PublishedPort;

pub(super) const CAUSE: Cause = Cause {
    code: "published-other-protocol",
    summary: "the port is published for the other transport only (`/udp` or `/tcp`)",
    page: r"
TCP port 53 and UDP port 53 are two different ports. `-p 53:53` publishes TCP, `-p 53:53/udp` publishes UDP, and each
leaves the other closed.

## How dprobe knows

The engine publishes this port of the container, but only for the transport that was not asked for.

## Why it happens

`/udp` was left out, or was written where the program speaks TCP. Without it, `-p` always means TCP.

## How to fix it

Publish the transport that is needed, or both:

    docker run -p 53:53/tcp -p 53:53/udp …

## How to reproduce it

    docker run -d --name dns -p 5300:53/udp some-dns-server
    dprobe check host localhost:5300

Related: not-published, udp-not-tcp
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.dials_host() || case.gets_through() || case.target_in_host_mode() {
        return None;
    }
    let port = case.to.port?;
    let other = |published: &&PublishedPort| {
        published.protocol != case.to.protocol
            && (published.host_port == Some(port) || Some(published.container_port) == case.to.container_port)
    };
    let candidates: Vec<_> = match case.target() {
        Some(target) => vec![target],
        None => case.topology.containers.values().collect(),
    };
    let (target, published) =
        candidates.into_iter().find_map(|container| Some((container, *container.published.iter().find(other)?)))?;
    let wanted_too = target.published.iter().any(|own| {
        own.protocol == case.to.protocol && (own.host_port == Some(port) || own.container_port == published.container_port)
    });
    if wanted_too {
        return None;
    }
    let wanted = case.to.protocol;
    let host_port = published.host_port.unwrap_or(port);
    let missing = ComposePort::new(host_port, published.container_port, wanted);
    let mapping = missing.short();
    let mut because = vec![Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.datagrams().iter().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {host_port} of {} is published for {} only, not for {wanted}", target.name, published.protocol),
        explanation: format!(
            "TCP and UDP ports are different things, also when they have one number. {} publishes {host_port}/{}, and {wanted} \
             was asked for.",
            target.name, published.protocol
        ),
        because,
        fixes: vec![
            change(format!("recreate {} with `-p {mapping}` beside what it publishes", target.name))
                .with_edit(compose_publish(target, missing)),
        ],
    })
}
