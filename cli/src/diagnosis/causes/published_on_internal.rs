//! `published-on-internal`: nothing is published for a container whose networks are all internal.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::{ComposeChange, ComposeNetwork, Declared};
use crate::diagnosis::fixes::{command, compose_edit, connect, new_network_name, own_networks, run};
use crate::report::{Severity, StageName};
use crate::topology::{Container, PublishedPort, Topology};

pub(super) const CAUSE: Cause = Cause {
    code: "published-on-internal",
    summary: "the port was to be published, but the container is on internal networks only",
    page: r"
An internal network (`docker network create --internal`, `internal: true`) has no way in or out. The engine takes the
container's `-p` and publishes nothing, without a word.

## How dprobe knows

The port was asked for (`HostConfig.PortBindings`), the engine publishes none (`NetworkSettings.Ports` is empty), the
container runs, and every network that it is on is internal.

## Why it happens

`internal: true` was meant to keep a database from the internet, and `ports:` was left in the file.

## How to fix it

Put the container on one more network that is not internal. The engine publishes its ports at once, without a restart:

    docker network create web-net
    docker network connect web-net web

For good, in compose:

    services:
      web:
        networks: [backend, web-net]
    networks:
      web-net: {}

## How to reproduce it

    docker network create --internal backend
    docker run -d --name web --network backend -p 8080:80 nginx
    curl http://localhost:8080

Related: internal-network, not-published
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.dials_host() || case.gets_through() {
        return None;
    }
    let target = case.topology.namespace_owner(case.target()?);
    let wanted = unpublished(case, target).filter(|_| target.state.status.has_processes())?;
    let networks: Vec<&str> = target.attachments.keys().map(String::as_str).collect();
    if networks.is_empty() || !networks.iter().all(|key| is_internal(key, case.topology)) {
        return None;
    }
    let name = &target.name;
    let list = networks.join(", ");
    let at = wanted.host_port.map(|port| format!(" on port {port} of the host")).unwrap_or_default();
    let network = new_network_name(case);
    let create = command(&["docker", "network", "create", &network]);
    let joined = ComposeNetwork { name: network.clone(), declared: Declared::New };
    let change = ComposeChange::JoinNetwork { network: joined, beside: own_networks(target, case.topology) };
    let mut because = vec![Case::container_evidence(target)];
    because.extend(networks.iter().map(|key| format!("topology.networks.{key}")));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {} of {name} is not published: {list} is internal", wanted.container_port),
        explanation: format!(
            "{name} was started to be published{at}, but it is on {list} only, and an internal network has no way in or out, \
             not even from the host. The engine took the `-p` and did nothing."
        ),
        because,
        fixes: vec![
            run(
                format!("put {name} on one more network that is not internal"),
                vec![create, connect(&network, target, None)],
            )
            .with_edit(compose_edit(target, change)),
        ],
    })
}

/// The publication that was asked for and did not come about, for the port that is dialled.
fn unpublished(case: &Case<'_>, target: &Container) -> Option<PublishedPort> {
    let port = case.to.port;
    let meant = |wanted: &&PublishedPort| {
        wanted.protocol == case.to.protocol
            && (port.is_none() || wanted.host_port == port || Some(wanted.container_port) == port)
    };
    target.requested.iter().find(meant).filter(|_| target.published.is_empty()).copied()
}

fn is_internal(key: &str, topology: &Topology) -> bool {
    topology.networks.get(key).is_some_and(|network| network.internal)
}
