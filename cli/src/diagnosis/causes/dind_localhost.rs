//! `dind-localhost`: the engine's host is another machine, so `localhost` and `host` are not what one thinks.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::listening::Listening;
use crate::report::{Severity, SourceKind, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "dind-localhost",
    summary: "the engine runs on another machine, so `localhost` and `host` do not mean this one",
    page: r"
The `docker` command talks to an engine, and that engine can be somewhere else: a `docker:dind` service of a CI job, a build
server, a virtual machine. Ports are published on the machine that the engine runs on, and `host.docker.internal` is that
machine, not the one on which the commands are typed.

## How dprobe knows

The engine is reached over the network (`DOCKER_HOST=tcp://…` or `ssh://…`, or a context that says so), at an address that
this machine does not have. As a diagnosis it says so where `localhost` or the host was dialled and nothing on the
engine's host listens there; where something does, as a warning.

## Why it happens

A script that worked on a laptop, where engine and shell share one machine, runs in CI with a remote engine:
`docker run -p 8080:80 …` publishes on the engine's host, and `curl localhost:8080` asks the CI job. Or a container is to
reach a program on the developer's own machine, which is no host of the engine.

## How to fix it

Dial the engine's host by its name. In a CI job with a `docker:dind` service that is the alias of the service:

    curl http://docker:8080

What a container is to reach has to run in the engine, or on its host, or at an address that the engine's host can reach.

For good, take the host from `DOCKER_HOST` in scripts, or run the client in a container on the same network.

## How to reproduce it

    docker network create ci
    docker run -d --privileged --network ci --name docker -e DOCKER_TLS_CERTDIR= docker:dind
    docker run --rm --network ci -e DOCKER_HOST=tcp://docker:2375 docker:cli sh -c 'docker run -d -p 8080:80 nginx; wget -O- localhost:8080'

Related: host-not-listening, not-published, localhost-is-container, other-engine
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let engine = case.topology.remote.as_deref()?;
    let port = case.to.port?;
    // A program in a container of the engine means the engine's host when it says so.
    let localhost = case.from.kind == SourceKind::Host && case.to.kind == TargetKind::Loopback;
    if !localhost && case.to.kind != TargetKind::Host {
        return None;
    }
    let mut because = vec!["topology.remote".to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    if case.gets_through() {
        // For a container the host is the right word; for a person who reads `localhost` it may be the wrong one.
        return localhost.then(|| Found {
            severity: Severity::Warning,
            stage: StageName::Tcp,
            title: format!("{} is the engine's host {engine} here, not the machine that you type on", case.to.host),
            explanation: format!(
                "The engine runs on {engine}, and what is published there is not published on this machine. The check was \
                 made on {engine}, and passes; from here, localhost:{port} is another port."
            ),
            because,
            fixes: vec![dial("from this machine, dial the engine's host", host_port(engine, port))],
        });
    }
    // What is published, or listens in vain, has causes of its own.
    let absent = |found: &Listening<'_>| matches!(found, Listening::Nothing | Listening::Elsewhere(_));
    let (seen, _) = case.host_listening().filter(|(_, found)| absent(found) && case.target().is_none())?;
    because.push(seen.id.to_owned());
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{} is the engine's host {engine}, where nothing listens on port {port}", case.to.host),
        explanation: format!(
            "The engine runs on another machine, {engine}. For its containers, and for dprobe, the host is that machine; a \
             program that listens on the machine that you type on is not there. No program on {engine} has port {port} open."
        ),
        because,
        fixes: vec![
            change(format!("start what should answer on port {port} on {engine}, or in a container of that engine")),
            change(format!(
                "or dial this machine by an address that {engine} can reach, and have the program listen on 0.0.0.0:{port}"
            )),
        ],
    })
}
