//! `published-wrong-port`: the host hands the connection to a port that nobody serves.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_republish};
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::report::{Severity, StageName};
use crate::topology::Protocol;

pub(super) const CAUSE: Cause = Cause {
    code: "published-wrong-port",
    summary: "the published port leads to a port inside the container that nobody serves",
    page: r"
`-p HOST:CONTAINER` leads the host's port to one port inside the container. When the program listens on another port,
connections are accepted by the engine's proxy and dropped at once: connected, then reset, or an empty reply.

## How dprobe knows

The engine publishes the dialled port for a port of the container, no socket in the container listens on that one, and
others do.

## Why it happens

The two numbers were swapped (`-p 80:8080` for `-p 8080:80`), or the program's default port is not the one that was
believed.

## How to fix it

Recreate the container with the port that it listens on as the second number:

    docker run -p 8083:8080 …

## How to reproduce it

    docker run -d --name web -p 8083:8080 nginx
    curl http://localhost:8083

Related: wrong-port, not-published, bind-loopback
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let published = case.publication()?;
    let target = case.target()?;
    let (seen, Listening::Elsewhere(elsewhere)) = case.listening()? else { return None };
    if case.target_in_host_mode() || case.to.protocol != Protocol::Tcp {
        return None;
    }
    let open: Vec<_> = elsewhere.iter().filter(|socket| !socket.address.is_loopback()).copied().collect();
    let shown = if open.is_empty() { &elsewhere } else { &open };
    let right = open.first().or(elsewhere.first())?.port;
    let host_port = published.host_port?;
    let right = ComposePort { container_port: right, ..ComposePort::of(&published)? };
    let mapping = right.short();
    let mut because = vec![seen.id.to_owned(), Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!(
            "port {host_port} is published for port {} of {}, where nobody listens",
            published.container_port, target.name
        ),
        explanation: format!(
            "The host hands connections to {host_port} on to port {} inside {}, but the program there listens on {}. \
             That is why the connection opens and breaks off at once.",
            published.container_port,
            target.name,
            sockets_text(shown)
        ),
        because,
        fixes: vec![
            change(format!("recreate {} with `-p {mapping}`", target.name))
                .with_edit(compose_republish(target, &published, right)),
        ],
    })
}
