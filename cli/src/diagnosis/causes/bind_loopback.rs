//! `bind-loopback`: the server listens where only its own container hears.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::diagnosis::programs;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "bind-loopback",
    summary: "the server listens on 127.0.0.1 (or ::1) and so only inside its own container",
    page: r"
A server that is bound to 127.0.0.1 accepts connections over the loopback interface only. In a container that interface
belongs to the container alone, so neither its neighbours nor the host get through: they are refused, or, through a
published port, connected and cut off at once.

## How dprobe knows

The listening sockets of the target, read in its own network namespace: every socket on that port is bound to a
loopback address.

## Why it happens

Many servers listen on localhost unless told otherwise, which is sensible on a laptop: mongod and redis as packaged,
PostgreSQL, MySQL, and the development servers of Node, Vite, Flask, Django and Rails.

## How to fix it

Make it listen on every address, 0.0.0.0. The container is a border of its own; what is not published is not reached
from outside the networks it is on. For example `mongod --bind_ip_all`, `redis-server --bind 0.0.0.0` with a password,
`flask run --host 0.0.0.0`, `vite --host 0.0.0.0`, `uvicorn app:app --host 0.0.0.0`,
`python manage.py runserver 0.0.0.0:8000`.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo mongod --bind_ip 127.0.0.1
    docker run -d --name web --network favorites-net nginx

Related: bind-other-address, bind-one-family, host-bind-loopback, published-wrong-port
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target()?;
    let (seen, found) = case.listening()?;
    let sockets = match found {
        Listening::Loopback(sockets) => sockets,
        // Dialled on a wrong port as well: the right one would be no better.
        Listening::Elsewhere(sockets) if sockets.iter().all(|socket| socket.address.is_loopback()) => sockets,
        _ => return None,
    };
    if case.gets_through() || case.target_in_host_mode() || case.same_namespace() || case.to.kind == TargetKind::Loopback && !case.dials_host() {
        return None;
    }
    let name = &target.name;
    let program = programs::name(target);
    let mut because = vec![seen.id.to_owned(), Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let who = if program == *name { name.clone() } else { format!("{program} in {name}") };
    let through = if case.publication().is_some() {
        " The port is published, so the host accepts the connection and has to drop it again."
    } else {
        ""
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{program} accepts connections from inside its own container only"),
        explanation: format!(
            "{who} listens on {}. That is the loopback address, and each container has a loopback of its own: only \
             programs inside {name} can connect there. To be reached by others it has to listen on every address, \
             0.0.0.0.{through}",
            sockets_text(&sockets)
        ),
        because,
        fixes: vec![programs::listen_everywhere(target)],
    })
}
