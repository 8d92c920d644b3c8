//! `container-ip-from-desktop`: a container's own address, dialled on a machine where containers live in a virtual one.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_publish, dial};
use crate::report::{Severity, SourceKind, StageName, TargetKind};
use crate::topology::EngineFlavor;

pub(super) const CAUSE: Cause = Cause {
    code: "container-ip-from-desktop",
    summary: "on Docker Desktop a container's own address does not exist outside of the virtual machine",
    page: r"
Containers are Linux programs. On macOS, on Windows, and with Docker Desktop on Linux, they live in a small virtual machine
together with their networks. An address such as 172.17.0.2 exists inside that machine; yours has no route to it, and
connections to it time out.

## How dprobe knows

The engine is Docker Desktop, FROM is the host, and the dialled address lies in a network of the engine. dprobe's own agent
on `host` runs inside the virtual machine and reaches the address from there, which says nothing of your machine; so this is
decided from the engine's account alone.

## Why it happens

On a Linux host with Docker Engine it works, and many instructions were written on one: `docker inspect` for the address,
then dial it.

## How to fix it

Publish the port and dial localhost:

    docker run -d --name db -p 5432:5432 postgres
    psql -h localhost

Containers among themselves use names, on a network that both are on.

## How to reproduce it

Only on Docker Desktop; on a Linux host with Docker Engine the same works:

    docker run -d --name db postgres
    docker inspect --format '{{.NetworkSettings.IPAddress}}' db
    nc -vz 172.17.0.2 5432

Related: not-published, stale-ip
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.topology.flavor != EngineFlavor::Desktop || case.from.kind != SourceKind::Host || case.dials_name() {
        return None;
    }
    let address = case.to.host.parse().ok()?;
    let network = case.topology.network_of(address)?;
    if !matches!(case.to.kind, TargetKind::Container | TargetKind::Address) {
        return None;
    }
    let port = case.to.port;
    let owner = case.target();
    let published = owner.and_then(|target| {
        let all = &case.topology.namespace_owner(target).published;
        all.iter().find(|published| Some(published.container_port) == port && published.protocol == case.to.protocol)
    });
    let name = owner.map_or("the container", |target| target.name.as_str());
    let mut because = vec![format!("topology.networks.{network}"), "topology.flavor".to_owned()];
    because.extend(owner.map(Case::container_evidence));
    let fix = match (published.and_then(|published| published.host_port), port) {
        (Some(host), _) => dial(format!("dial the port that {name} is published on"), format!("localhost:{host}")),
        (None, Some(port)) => change(format!("recreate {name} with `-p {port}:{port}`, and dial localhost:{port}"))
            .with_edit(owner.and_then(|target| compose_publish(target, ComposePort::new(port, port, case.to.protocol)))),
        (None, None) => change(format!("publish the port of {name} that you want to reach, and dial localhost")),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{address} exists only inside the virtual machine of Docker Desktop"),
        explanation: format!(
            "Docker Desktop runs containers and their networks in a virtual machine. {address} is an address of {network} in \
             there; your own machine has no way to it, whatever an agent inside can reach. What is published is handed on \
             to localhost."
        ),
        because,
        fixes: vec![fix],
    })
}
