//! `wrong-port`: the server listens on another port.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::dial;
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::diagnosis::programs;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "wrong-port",
    summary: "the target listens, but on another port",
    page: r"
The target runs and serves, only not on the port that was dialled. The kernel refuses what arrives on any other.

## How dprobe knows

The listening sockets of the target, read in its own namespace: none on the dialled port, others on other ports.

## Why it happens

The program's default port is not the one that was believed, a setting such as `PORT` changed it, or a number from
another service was copied.

## How to fix it

Dial the port that it listens on. dprobe prints it.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    dprobe check net:favorites-net web:8080

Related: host-port-used-inside, published-wrong-port, nothing-listening
",
    yields_to: &["stale-ip"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target().filter(|_| case.to.kind == TargetKind::Container)?;
    let (seen, Listening::Elsewhere(elsewhere)) = case.listening()? else { return None };
    let published = target.published.iter().any(|own| own.host_port == case.to.port && own.container_port != case.to.port.unwrap_or_default());
    if case.gets_through() || case.publication().is_some() || case.from_host() || published || case.target_in_host_mode() {
        return None;
    }
    let port = case.listen_port()?;
    let open: Vec<_> = elsewhere.iter().filter(|socket| !socket.address.is_loopback()).copied().collect();
    let shown = if open.is_empty() { &elsewhere } else { &open };
    let right = open
        .iter()
        .find(|socket| target.exposed.iter().any(|exposed| exposed.port == socket.port))
        .or(open.first())
        .or(elsewhere.first())?;
    let program = programs::name(target);
    let mut because = vec![seen.id.to_owned(), Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let fixes = vec![dial("use the port that it listens on", host_port(&case.to.host, right.port))];
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{} does not listen on {port}, but on {}", target.name, right.port),
        explanation: format!(
            "{program} runs in {} and listens on {}. Nothing there listens on port {port}, so connections to it are \
             refused.",
            target.name,
            sockets_text(shown)
        ),
        because,
        fixes,
    })
}
