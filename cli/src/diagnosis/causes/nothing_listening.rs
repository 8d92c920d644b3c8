//! `nothing-listening`: no program in the target serves any port.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::address::host_port;
use crate::diagnosis::fixes::{change, command, dial, log_tail, run};
use crate::diagnosis::listening::Listening;
use crate::diagnosis::programs;
use crate::report::{Severity, StageName, TargetKind};
use crate::topology::Protocol;

pub(super) const CAUSE: Cause = Cause {
    code: "nothing-listening",
    summary: "nothing in the target listens on a port",
    page: r"
The target runs, but no program in it has opened a listening socket. The kernel refuses every connection.

## How dprobe knows

The listening sockets of the target, read in its own namespace: there is none. (Docker's own resolver on 127.0.0.11,
which every container on a user network has, does not count.) And the container has been up for a while, or runs
something that only waits.

## Why it happens

The container runs a shell, `sleep` or a job instead of the server; the server crashed while something else keeps the
container alive; or its configuration tells it not to listen (`skip-networking`, a Unix socket only).

## How to fix it

See what runs in it and what it says:

    docker top mongodb
    docker logs --tail 20 mongodb

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net busybox sleep infinity
    dprobe check net:favorites-net mongodb:27017

Related: target-starting, wrong-port, bind-loopback
",
    yields_to: &["target-starting", "target-restarting", "localhost-is-container", "host-port-used-inside", "stale-ip", "not-published", "published-other-protocol", "vip-broken", "dind-localhost", "published-random-port", "published-loopback-only", "flag-after-image"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, found) = case.listening()?;
    // In the source itself, sockets on other ports are no sign of a mistaken port: they serve something else.
    let absent = match found {
        Listening::Nothing => true,
        Listening::Elsewhere(_) => case.target().is_none(),
        _ => false,
    };
    if !absent || case.gets_through() || (case.to.kind == TargetKind::Host && case.target().is_none()) {
        return None;
    }
    let Some(target) = case.target() else { return in_source(case, seen.id) };
    let name = &target.name;
    let runs = match target.processes.as_deref() {
        Some([]) | None => format!("It was started with `{}`.", shell_words::join(&target.command)),
        Some(processes) => {
            let list: Vec<String> = processes.iter().take(3).map(|process| format!("`{}`", process.command)).collect();
            format!("What runs in it: {}.", list.join(", "))
        }
    };
    let mut because = vec![seen.id.to_owned(), Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let port = case.listen_port().map(|port| format!(" on port {port}")).unwrap_or_default();
    let purpose = if programs::idles(target) { " That is a program which serves nothing." } else { "" };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("nothing in {name} listens on a {} port", case.to.protocol),
        explanation: format!(
            "{name} runs, but no program in it has opened a {} port, so {}. {runs}{purpose}{}",
            case.to.protocol,
            if case.to.protocol == Protocol::Tcp { "every connection is refused" } else { "nothing answers there" },
            log_tail(target)
        ),
        because,
        fixes: vec![
            run("see what runs in it", vec![command(&["docker", "top", name]), command(&["docker", "logs", "--tail", "20", name])]),
            change(format!("start {name} with the server that should answer{port}")),
        ],
    })
}

/// A loopback address of the source itself, where nobody listens and nobody else is in sight who does.
fn in_source(case: &Case<'_>, sockets: &str) -> Option<Found> {
    if case.to.kind != TargetKind::Loopback {
        return None;
    }
    let port = case.to.port?;
    let name = &case.from.place;
    let itself = if case.from_host() { "the host" } else { name };
    let mut because = vec![sockets.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let meaning = if case.from_host() {
        String::new()
    } else {
        format!(" Inside a container, {} means that container, not the host and not another one.", case.to.host)
    };
    // From the host, a container that serves this port inside may be published on another.
    let published = if case.from_host() { case.published_elsewhere(port) } else { Vec::new() };
    because.extend(published.iter().map(|(container, _)| Case::container_evidence(container)));
    let elsewhere: Vec<String> = published
        .iter()
        .filter_map(|(container, published)| {
            Some(format!("{} serves {port} inside, and is published on port {} of the host.", container.name, published.host_port?))
        })
        .collect();
    let elsewhere = (!elsewhere.is_empty()).then(|| elsewhere.join(" "));
    let fixes: Vec<_> = published
        .iter()
        .filter_map(|(container, published)| {
            let host = if case.dials_name() { &case.to.host } else { "localhost" };
            Some(dial(format!("dial the port that leads to {}", container.name), host_port(host, published.host_port?)))
        })
        .collect();
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("nothing on {itself} listens on port {port}"),
        explanation: format!(
            "{} in {name} is {itself}, and no program there has opened port {port}.{meaning} {}",
            case.to.host,
            elsewhere.as_deref().unwrap_or("No other container around it is known to serve that port."),
        ),
        because,
        fixes: fixes.into_iter().chain([change(format!("start the program that should answer on port {port}, or name the container that does"))]).collect(),
    })
}
