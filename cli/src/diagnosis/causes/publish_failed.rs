//! `publish-failed`: the container could not be started because its port of the host was taken.

use std::net::IpAddr;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, command, compose_republish, run};
use crate::diagnosis::listening::socket_text;
use crate::diagnosis::publishing::{PublishError, publish_error};
use crate::report::{Fix, Severity, StageName};
use crate::resolve::HOST;
use crate::topology::{Container, PublishedPort};

pub(super) const CAUSE: Cause = Cause {
    code: "publish-failed",
    summary: "the target could not be started because the host's port that it is to be published on is taken",
    page: r"
One port of one address of the host can belong to one program only. Where a container is to be published on a port that
somebody has already, the engine makes the container and then fails to start it: it stays `created`, without processes,
address or name.

## How dprobe knows

The container does not run, and the engine's own error (`State.Error`) speaks of the port: *port is already allocated*
when another container has it, *address already in use* when a program on the host does. Which one it is follows from what
the engine publishes and from the listening sockets of the host.

## Why it happens

A database that is installed on the machine itself, an older container of the same project, or a second project with the
same `ports:`. `docker run` printed the error, and `docker ps` without `-a` does not show the container.

## How to fix it

Stop who has the port and start the container:

    sudo ss -ltnp 'sport = :5432'
    docker start db

or recreate it on another port of the host, such as `-p 5433:5432`. Between containers nothing has to be published at all.

## How to reproduce it

    docker run -d --name old -p 5432:5432 postgres
    docker run -d --name db -p 5432:5432 postgres
    dprobe check host db:5432

Related: target-not-running, wrong-server-answers, not-published
",
    yields_to: &[],
    find,
};

/// Who has the port.
enum Holder<'a> {
    /// Another container.
    Container(&'a Container),
    /// A program on the host, with its socket.
    Program(String),
    /// Nobody, any more.
    Nobody,
    /// The host's sockets were not seen.
    Unknown,
}

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.topology.namespace_owner(case.target()?);
    if target.state.status.has_processes() {
        return None;
    }
    let error = publish_error(&target.state.error)?;
    let wanted = wanted(target);
    let name = &target.name;
    let port = wanted.and_then(|wanted| wanted.host_port);
    let text = port.map_or_else(|| "a port of the host".to_owned(), |port| format!("port {port} of the host"));
    let mut because = vec![Case::container_evidence(target)];
    let (why, fixes) = match error {
        PublishError::Taken => {
            let holder = wanted.map_or(Holder::Unknown, |wanted| holder(case, target, wanted, &mut because));
            taken(target, wanted, &holder)
        }
        PublishError::NoSuchAddress => {
            let address = wanted.and_then(|wanted| wanted.host_ip).map(|address| address.to_string());
            let address = address.unwrap_or_else(|| "that it is to be bound to".to_owned());
            let why = format!("the host does not have the address {address}");
            (why, vec![again(target, wanted, port, "without that address, or with one that the host has (`ip -br addr`)")])
        }
        PublishError::NotAllowed => (
            "an engine that does not run as root may not open ports below 1024".to_owned(),
            vec![again(target, wanted, port.map(|port| port.saturating_add(8000)), "on a port of 1024 or above")],
        ),
    };
    let through = case.gets_through();
    let other = if through { " What answers there instead is somebody else." } else { "" };
    Some(Found {
        severity: if through { Severity::Warning } else { Severity::Error },
        stage: StageName::Target,
        title: format!("{name} could not be started: {text} could not be published"),
        explanation: format!(
            "The engine starts a container only when it can publish all of its ports, and {text} it could not, for {why}. \
             {name} exists, but it has no process, no address and no name on its networks.{other}"
        ),
        because,
        fixes,
    })
}

/// The publication that the engine's error speaks of, by its port of the host.
fn wanted(target: &Container) -> Option<PublishedPort> {
    let error = &target.state.error;
    let named = |port: u16| {
        let text = format!(":{port}");
        error.match_indices(&text).any(|(at, _)| {
            !error[at + text.len()..].starts_with(|next: char| next.is_ascii_digit())
        })
    };
    target.requested.iter().find(|requested| requested.host_port.is_some_and(named)).or(target.requested.first()).copied()
}

fn holder<'a>(case: &Case<'a>, target: &Container, wanted: PublishedPort, because: &mut Vec<String>) -> Holder<'a> {
    let Some(port) = wanted.host_port else { return Holder::Unknown };
    let overlap = |address: Option<IpAddr>| match (address, wanted.host_ip) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => true,
    };
    let publisher = case.topology.containers.values().find(|container| {
        container.id != target.id
            && container.published.iter().any(|published| {
                published.host_port == Some(port) && published.protocol == wanted.protocol && overlap(published.host_ip)
            })
    });
    if let Some(container) = publisher {
        because.push(Case::container_evidence(container));
        return Holder::Container(container);
    }
    let Some(seen) = case.listeners_in(HOST) else { return Holder::Unknown };
    because.push(seen.id.to_owned());
    let socket = seen.fact.sockets.iter().find(|socket| {
        socket.port == port && socket.protocol == wanted.protocol && overlap(Some(socket.address))
    });
    socket.map_or(Holder::Nobody, |socket| Holder::Program(socket_text(socket)))
}

fn taken(target: &Container, wanted: Option<PublishedPort>, holder: &Holder<'_>) -> (String, Vec<Fix>) {
    let name = &target.name;
    let start = command(&["docker", "start", name]);
    let port = wanted.and_then(|wanted| wanted.host_port);
    let other = again(target, wanted, port.map(|port| port.checked_add(1).unwrap_or(port - 1)), "on another port of the host");
    let who = port.map(|port| format!(" (`sudo ss -ltnp 'sport = :{port}'` tells which)")).unwrap_or_default();
    match holder {
        Holder::Container(holder) => {
            let holder = &holder.name;
            let stop = command(&["docker", "stop", holder]);
            (format!("{holder} has it"), vec![run(format!("stop {holder} and start {name}"), vec![stop, start]), other])
        }
        Holder::Program(socket) => (
            format!("a program on the host has it: it listens on {socket}"),
            vec![run(format!("stop that program{who}, then start {name}"), vec![start]), other],
        ),
        Holder::Nobody => (
            "somebody had it at that moment; now it is free".to_owned(),
            vec![run(format!("start {name} again"), vec![start]), other],
        ),
        Holder::Unknown => (
            "somebody has it".to_owned(),
            vec![run(format!("stop the program that has it{who}, then start {name}"), vec![start]), other],
        ),
    }
}

/// Recreated with another mapping, for the ports of a container cannot be changed.
fn again(target: &Container, wanted: Option<PublishedPort>, port: Option<u16>, how: &str) -> Fix {
    let other = wanted.zip(port).map(|(wanted, port)| ComposePort::new(port, wanted.container_port, wanted.protocol));
    let flag = other.map(|other| format!(", for example with `-p {}`", other.short())).unwrap_or_default();
    let edit = wanted.zip(other).and_then(|(wanted, other)| compose_republish(target, &wanted, other));
    change(format!("or recreate {} {how}{flag}", target.name)).with_edit(edit)
}
