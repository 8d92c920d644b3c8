//! `published-random-port`: published, on a port of the host that the engine chose.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_republish, dial};
use crate::report::{Severity, StageName};
use crate::topology::{Container, PublishedPort};

pub(super) const CAUSE: Cause = Cause {
    code: "published-random-port",
    summary: "the port is published on a port of the host that the engine chose, not on the one that was dialled",
    page: r"
`-P` and `-p 5432` publish a container's port without saying on which port of the host. The engine takes a free one, such
as 32768, and another one after each restart.

## How dprobe knows

The dialled port of the host is refused; a running container serves that port inside, the engine publishes it on another
port of the host, and nobody had asked for that one (`HostConfig.PortBindings`).

## Why it happens

`-p 5432` reads as if it meant 5432 on both sides. `-P` publishes whatever the image declares with EXPOSE. In compose,
`ports: ['5432']` does the same.

## How to fix it

See which port it is, and dial that:

    docker port db 5432

For good, name both: `-p 5432:5432`, or in compose:

    services:
      db:
        ports:
          - '5432:5432'

## How to reproduce it

    docker run -d --name db -p 5432 postgres
    docker port db
    dprobe check host localhost:5432

Related: not-published, published-loopback-only, published-wrong-port
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.dials_host_itself() || case.target().is_some() || case.gets_through() || case.dials().is_empty() {
        return None;
    }
    let port = case.to.port?;
    let mut all = case.published_elsewhere(port);
    all.retain(|(container, published)| by_chance(container, *published));
    let &(container, published) = all.first()?;
    let name = &container.name;
    let at = published.host_port?;
    let fixes = all.iter().filter_map(|(container, published)| {
        let host = if case.to.host.contains(':') { "localhost" } else { &case.to.host };
        Some(dial(format!("dial the port that leads to {}", container.name), host_port(host, published.host_port?)))
    });
    let pinned = ComposePort { host_port: port, ..ComposePort::of(&published)? };
    let mapping = pinned.short();
    // A compose file has no port of the host either, and nothing to be replaced by.
    let chosen = PublishedPort { host_port: None, ..published };
    let pin = change(format!("for good, recreate {name} with `-p {mapping}`, which names both ports"))
        .with_edit(compose_republish(container, &chosen, pinned));
    let others: Vec<String> = all.iter().skip(1).map(|(other, _)| other.name.clone()).collect();
    let others = if others.is_empty() { String::new() } else { format!(" The same goes for {}.", others.join(", ")) };
    let mut because = vec![Case::container_evidence(container)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {port} of {name} is published on port {at} of the host, which the engine chose"),
        explanation: format!(
            "{name} was started with `-P`, or with `-p {port}`, which names the container's port alone. The engine then takes \
             any free port of the host, {at} this time and another after each restart.{others}"
        ),
        because,
        fixes: fixes.chain([pin]).collect(),
    })
}

/// Whether nobody has asked for this port of the host.
fn by_chance(container: &Container, published: PublishedPort) -> bool {
    !container.requested.iter().any(|requested| {
        requested.container_port == published.container_port
            && requested.protocol == published.protocol
            && requested.host_port.is_some()
    })
}
