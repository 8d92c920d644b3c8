//! `host-bind-loopback`: the program on the host listens where no container reaches it.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::report::{Severity, StageName, TargetKind};
use crate::resolve;

pub(super) const CAUSE: Cause = Cause {
    code: "host-bind-loopback",
    summary: "the program on the host listens on its loopback only, which containers do not reach",
    page: r"
A container reaches its host over a bridge, at the gateway's address. A program of the host that is bound to 127.0.0.1
does not hear what arrives there.

## How dprobe knows

The listening sockets of the host: on that port there are only loopback ones, and the connect to the gateway was refused.

## Why it happens

Databases and development servers listen on localhost unless told otherwise. On Docker Desktop this works all the same,
for there the engine relays to the host's localhost; on Linux it does not.

## How to fix it

Let the program listen on 0.0.0.0, or on the address of the bridge (172.17.0.1 for docker0), and keep others out with a
firewall or a password. PostgreSQL: `listen_addresses = '*'` and a line in pg_hba.conf; MySQL: `bind-address = 0.0.0.0`;
Redis: `bind 0.0.0.0`.

## How to reproduce it

    python3 -m http.server --bind 127.0.0.1 8000 &
    docker run -d --name web --add-host host.docker.internal:host-gateway nginx
    dprobe check web host.docker.internal:8000

Related: host-not-listening, host-name-missing, bind-loopback
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.to.kind != TargetKind::Host || case.gets_through() || case.target().is_some() {
        return None;
    }
    let port = case.to.port?;
    let (seen, Listening::Loopback(sockets)) = case.host_listening()? else { return None };
    let bridge = case.dialled_addresses().first().copied().or_else(|| resolve::gateway_of(case.from, case.topology));
    let bridge = bridge.map_or_else(|| "0.0.0.0".to_owned(), |address| address.to_string());
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("the program on the host listens on {} only", sockets_text(&sockets)),
        explanation: format!(
            "Containers reach the host at {bridge}. The program on port {port} of the host is bound to loopback, which only \
             programs on the host itself can reach."
        ),
        because,
        fixes: vec![change(format!(
            "make the program on the host listen on {bridge}:{port}, or on 0.0.0.0:{port} behind a firewall"
        ))],
    })
}
