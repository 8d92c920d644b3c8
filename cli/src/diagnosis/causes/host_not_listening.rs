//! `host-not-listening`: nothing on the host serves the port.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::listening::Listening;
use crate::diagnosis::peers;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "host-not-listening",
    summary: "nothing on the host listens on that port",
    page: r"
The host was reached, and no program on it has that port open.

## How dprobe knows

The listening sockets of the host, read in its own namespace: none on that port.

## Why it happens

The server on the host is not started, listens on another port, or was moved into a container which does not publish the
port.

## How to fix it

Start it, or dial what does listen. When the server is a container, dial it by its name on a shared network rather than
through the host.

## How to reproduce it

    docker run -d --name web --add-host host.docker.internal:host-gateway nginx
    dprobe check web host.docker.internal:5432

Related: host-bind-loopback, not-published, nothing-listening
",
    yields_to: &["published-other-protocol", "vip-broken", "dind-localhost", "rootless-host-loopback", "published-random-port", "flag-after-image"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.to.kind != TargetKind::Host || case.gets_through() || case.target().is_some() {
        return None;
    }
    let port = case.to.port?;
    let (seen, Listening::Nothing | Listening::Elsewhere(_)) = case.host_listening()? else { return None };
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let mut fixes = Vec::new();
    let mut meant = String::new();
    if let Some(peer) = peers::serving(case, port) {
        because.push(peer.because.clone());
        let verb = if peer.answers { "serves" } else { "declares" };
        meant = format!(" The container {} {verb} that port.", peer.container.name);
        fixes.extend(peer.dial.map(|address| dial(format!("dial {} itself", peer.container.name), address)));
    }
    fixes.push(change(format!("start the program that should answer on port {port} of the host")));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("nothing on the host listens on port {port}"),
        explanation: format!(
            "{} is the machine that the engine runs on, and no program on it has port {port} open.{meant}",
            case.to.host
        ),
        because,
        fixes,
    })
}
