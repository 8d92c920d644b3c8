//! `link-env-collision`: a legacy link sets a variable that programs read as a port number.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Severity, StageName};
use crate::topology::{Container, Link, NetworkMode, Protocol, Topology};

pub(super) const CAUSE: Cause = Cause {
    code: "link-env-collision",
    summary: "a legacy link sets a variable such as REDIS_PORT to a URL, where programs expect a number",
    page: r"
`--link redis` on the default bridge sets variables in the container: for each port that the other one declares,
`REDIS_PORT_6379_TCP` and more, and `REDIS_PORT=tcp://172.17.0.2:6379`. A program that reads its port from `REDIS_PORT` gets
a URL where it expects a number, and fails before it sends a single packet: *invalid port*, *NaN*, *connection to port
tcp://…*.

## How dprobe knows

The source is on the default bridge with a link to the target, the target declares a port (EXPOSE, `--expose` or `-p`), and
the user has not set the variable. The engine adds these variables at the start, so they are not among those that inspect
shows; dprobe reads no values.

## Why it happens

The names that links make up are the very names that many programs chose for their settings. Kubernetes does the same with
services.

## How to fix it

Say the port yourself, which wins over the link: `-e REDIS_PORT=6379`. For good, use a network instead of the link; there
nothing is put into the environment.

## How to reproduce it

    docker run -d --name redis redis
    docker run --rm --link redis busybox env

Related: link-stale
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source().filter(|source| source.network_mode == NetworkMode::DefaultBridge)?;
    let target = case.target()?;
    let (link, port) = source.links.iter().find_map(|link| {
        let port = injected(source, link, case.topology).filter(|_| link.container == target.name)?;
        Some((link, port))
    })?;
    let variable = variable(&link.alias);
    let (from, name) = (&source.name, &target.name);
    Some(Found {
        severity: Severity::Warning,
        stage: StageName::App,
        title: format!("{variable} in {from} is a URL, `tcp://…`, not a port number"),
        explanation: format!(
            "The link to {name} makes the engine set {variable} in {from}, to a URL such as tcp://172.17.0.2:{port}. A program \
             that takes its port from {variable} can do nothing with that. The connection itself is not touched by it."
        ),
        because: vec![Case::container_evidence(source), Case::container_evidence(target)],
        fixes: vec![
            change(format!("recreate {from} with `-e {variable}={port}`: what you set yourself wins over the link")),
            change(format!(
                "for good, recreate both on a network of their own (`docker network create {name}-net`) without `--link`"
            )),
        ],
    })
}

/// The port that the engine puts into the variable of a link, where it does and nobody has overruled it. It takes the
/// lowest that the linked container declares.
fn injected(source: &Container, link: &Link, topology: &Topology) -> Option<u16> {
    let linked = topology.containers.get(&link.container)?;
    let name = variable(&link.alias);
    if source.variables.iter().any(|variable| variable.name == name) {
        return None;
    }
    linked.exposed.iter().filter(|exposed| exposed.protocol == Protocol::Tcp).map(|exposed| exposed.port).min()
}

/// The name that the engine makes of an alias.
fn variable(alias: &str) -> String {
    format!("{}_PORT", alias.replace('-', "_").to_uppercase())
}
