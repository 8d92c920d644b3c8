//! `host-port-used-inside`: the host's number for a port, used between containers.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::dial;
use crate::diagnosis::listening::Listening;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "host-port-used-inside",
    summary: "a published port of the host is dialled between containers, where only the container's own port counts",
    page: r"
`-p 5433:5432` makes the host answer on 5433 for the container's port 5432. Between containers the host is not involved:
there the container is dialled directly, on its own port, 5432.

## How dprobe knows

The dialled port is the host's side of a publication of the target; in the target nobody listens on it; the container's
side of that publication is another port.

## Why it happens

The URL that works on the developer's machine, `localhost:5433`, had only its host name changed when it was moved into a
container.

## How to fix it

Dial the container's port: `postgres_db:5432`. Nothing has to be published for that.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name db --network favorites-net -p 5433:5432 postgres
    docker run -d --name web --network favorites-net nginx

and then `dprobe check web db:5433`.

Related: wrong-port, localhost-is-container, published-wrong-port
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target().filter(|_| case.to.kind == TargetKind::Container && !case.dials_host())?;
    let port = case.to.port?;
    let published = target.published.iter().find(|published| {
        published.host_port == Some(port)
            && published.protocol == case.to.protocol
            && published.container_port != port
    })?;
    if case.gets_through() {
        return None;
    }
    let mut because = vec![Case::container_evidence(target)];
    if case.measured() {
        // Where the target could be looked into, its sockets decide; where not, the publication alone is no proof.
        let (seen, found) = case.listening()?;
        if !matches!(found, Listening::Nothing | Listening::Elsewhere(_)) {
            return None;
        }
        because.push(seen.id.to_owned());
    }
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let right = published.container_port;
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{port} is the port of {} on the host; between containers it is {right}", target.name),
        explanation: format!(
            "`-p {port}:{right}` makes the host answer on {port} for port {right} of {}. Containers reach each other directly, \
             without the host, so from {} its own port counts: {right}.",
            target.name, case.from.place
        ),
        because,
        fixes: vec![dial("use the port of the container", host_port(&case.to.host, right))],
    })
}
