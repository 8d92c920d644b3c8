//! `not-published`: the host does not hand the port on.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, command, compose_publish, dial, run};
use crate::diagnosis::listening::Listening;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::topology::{Container, Protocol};

pub(super) const CAUSE: Cause = Cause {
    code: "not-published",
    summary: "the container's port is not published on the host",
    page: r"
A container's ports belong to the container. The host answers for one of them only when it was published with `-p` or
`ports:`. `EXPOSE` in an image, `--expose` and `expose:` publish nothing; they are notes for people and for `-P`.

## How dprobe knows

The container runs, and the engine publishes nothing for that port (`docker port` is silent).

## Why it happens

`EXPOSE` reads as if it opened something. Or the container was started without `-p`, and ports can not be added later.

## How to fix it

Recreate the container with the port published:

    docker run -p 8080:80 …

In compose:

    services:
      web:
        ports:
          - '8080:80'

Meanwhile, on a Linux host, the container's own address works from the host itself.

## How to reproduce it

    docker run -d --name web --expose 80 nginx
    curl http://localhost:80

Related: published-other-protocol, published-wrong-port, host-not-listening
",
    yields_to: &["vip-broken", "flag-after-image", "published-on-internal"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.from_host() {
        return None;
    }
    of_service(case).or_else(|| of_container(case))
}

/// A service of a swarm, which publishes a port for all of its tasks or for none.
fn of_service(case: &Case<'_>) -> Option<Found> {
    let (name, service) = case.service()?;
    let port = case.to.container_port.or(case.to.port)?;
    let unheard = case.to.kind == TargetKind::Remote && case.dials_name() && case.name_failed();
    let published = service.ports.iter().any(|own| own.protocol == case.to.protocol && [own.target, own.published].contains(&port));
    if published || !(case.unpublished() || unheard) {
        return None;
    }
    let protocol = if case.to.protocol == Protocol::Udp { ",protocol=udp" } else { "" };
    // The routing mesh wants the virtual address that a service in this mode has not.
    let mode = if service.endpoint_mode == "dnsrr" { ",mode=host" } else { "" };
    let publish = format!("published={port},target={port}{protocol}{mode}");
    let mut because = vec![format!("topology.swarm.services.{name}")];
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("the service {name} does not publish port {port}"),
        explanation: format!(
            "{name} is a name on the service's own networks alone. From a node its ports are reached only where the service \
             publishes them, and it does not publish {port}."
        ),
        because,
        fixes: vec![run(
            format!("publish port {port} of the service, and dial it on the node"),
            vec![command(&["docker", "service", "update", "--publish-add", &publish, name])],
        )],
    })
}

fn of_container(case: &Case<'_>) -> Option<Found> {
    let (target, port) = match case.to.kind {
        TargetKind::Container if case.unpublished() => {
            let target = case.target()?;
            (target, case.to.container_port.or(case.to.port)?)
        }
        // Nothing of the host's answers on localhost, and one container means this port without publishing it.
        TargetKind::Loopback | TargetKind::Host if case.target().is_none() && !case.gets_through() => {
            if !matches!(case.listening()?.1, Listening::Nothing | Listening::Elsewhere(_)) {
                return None;
            }
            (means(case)?, case.to.port?)
        }
        _ => return None,
    };
    if !target.state.status.has_processes() || published_otherwise(target, port, case.to.protocol) {
        return None;
    }
    let name = &target.name;
    let wanted = ComposePort::new(port, port, case.to.protocol);
    let mapping = wanted.short();
    let mut fixes = vec![
        change(format!("recreate {name} with `-p {mapping}` (ports can not be added to a container that exists)"))
            .with_edit(compose_publish(target, wanted)),
    ];
    // The host itself has no place in an overlay network.
    let overlay = |key: &str| case.topology.networks.get(key).is_some_and(|network| network.driver == "overlay");
    let attachments = case.topology.attachments(target).iter().filter(|(key, _)| !overlay(key));
    let own = attachments.into_iter().find_map(|(_, attachment)| attachment.ipv4);
    if let Some(address) = own {
        fixes.push(Fix {
            lasting: false,
            ..dial("meanwhile, on this Linux host only, its own address works", host_port(&address.to_string(), port))
        });
    }
    let exposed = target.exposed.iter().any(|exposed| exposed.port == port && exposed.protocol == case.to.protocol);
    let expose = if exposed { " It is declared with EXPOSE, but that publishes nothing." } else { "" };
    let others = others(target);
    let mut because = vec![Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("port {port} of {name} is not published on the host"),
        explanation: format!(
            "The host answers for a container's port only when it was published with `-p` or `ports:`, and {name} was \
             started without that for {port}.{expose}{others}"
        ),
        because,
        fixes,
    })
}

/// A running container that declares the dialled port without publishing it. Where many do, which one is meant is
/// anybody's guess.
fn means<'a>(case: &Case<'a>) -> Option<&'a Container> {
    let port = case.to.port?;
    let declaring: Vec<_> = case
        .topology
        .containers
        .values()
        .filter(|container| container.state.status.has_processes())
        .filter(|container| {
            container.exposed.iter().any(|exposed| exposed.port == port && exposed.protocol == case.to.protocol)
                && !container.published.iter().any(|published| published.container_port == port)
        })
        .collect();
    (declaring.len() <= 3).then(|| declaring.into_iter().min_by_key(|container| up(container))).flatten()
}

/// How long a container has been up, in whole milliseconds: the one that was started last is the one on people's minds.
fn up(container: &Container) -> u64 {
    std::time::Duration::try_from_secs_f64(container.state.up_s.unwrap_or(f64::MAX))
        .map_or(u64::MAX, |up| u64::try_from(up.as_millis()).unwrap_or(u64::MAX))
}

/// Whether the port is published for the other transport only, which is another fault.
fn published_otherwise(target: &Container, port: u16, protocol: Protocol) -> bool {
    target
        .published
        .iter()
        .any(|published| published.protocol != protocol && (published.container_port == port || published.host_port == Some(port)))
}

/// What the container does publish, in a sentence.
fn others(target: &Container) -> String {
    let list: Vec<String> = target
        .published
        .iter()
        .filter_map(|published| Some(format!("{} for its port {}/{}", published.host_port?, published.container_port, published.protocol)))
        .take(6)
        .collect();
    if list.is_empty() { String::new() } else { format!(" The host publishes {}.", list.join(", ")) }
}
