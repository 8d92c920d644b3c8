//! `host-name-missing`: `host.docker.internal` is no name on a Linux engine unless it is asked for.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_host, dial};
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;

pub(super) const CAUSE: Cause = Cause {
    code: "host-name-missing",
    summary: "the name for the host does not resolve: on Linux it has to be asked for",
    page: r"
Docker Desktop gives every container the name `host.docker.internal` for the machine it runs on. An engine on Linux does
not, unless the container is created with it.

## How dprobe knows

The name does not resolve, and the source's hosts file has no line for it.

## Why it happens

A setup that was written on a Mac or on Windows is run on a Linux server. On Linux the host has no fixed address for its
containers; `host-gateway` stands for the one that the engine uses.

## How to fix it

    docker run --add-host host.docker.internal:host-gateway …

In compose:

    services:
      web:
        extra_hosts:
          - 'host.docker.internal:host-gateway'

Meanwhile the gateway of the container's own network is the host as well.

## How to reproduce it

    docker run -d --name web nginx
    dprobe check web host.docker.internal:5432

Related: host-bind-loopback, host-not-listening
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.to.kind == TargetKind::Host && case.name_failed())?;
    let name = &case.to.host;
    let source = case.source();
    let gateway = case
        .network_in(&case.from.place)
        .and_then(|seen| seen.fact.default_gateway())
        .or_else(|| resolve::gateway_of(case.from, case.topology));
    let mut fixes = Vec::new();
    // Podman gives the host a name of its own.
    let known = case.resolver().and_then(|seen| {
        let names = seen.fact.hosts.iter().flat_map(|entry| &entry.names);
        names.into_iter().find(|name| resolve::HOST_NAMES.contains(&name.as_str()))
    });
    if let Some(known) = known {
        let address = case.to.port.map_or_else(|| known.clone(), |port| host_port(known, port));
        fixes.push(dial(format!("use the name of the host that {} has", case.from.place), address));
    }
    if let Some(gateway) = gateway {
        let address = case.to.port.map_or_else(|| gateway.to_string(), |port| host_port(&gateway.to_string(), port));
        fixes.push(Fix { lasting: false, ..dial("dial the gateway of its network instead, which is the host", address) });
    }
    let entry = format!("{name}:host-gateway");
    let edit = source.and_then(|source| compose_host(source, name));
    fixes.push(
        change(format!("recreate {} with `--add-host {entry}`", case.from.place)).with_edit(edit),
    );
    let mut because = vec![lookup.id.to_owned()];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{name} is not known in {}", case.from.place),
        explanation: format!(
            "Docker Desktop gives every container the name {name} for its host. On Linux a container has it only when it \
             was created with `--add-host {entry}`, and {} was not.",
            case.from.place
        ),
        because,
        fixes,
    })
}
