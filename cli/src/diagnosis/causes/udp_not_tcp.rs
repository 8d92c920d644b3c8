//! `udp-not-tcp`: the server speaks UDP on that port.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::dial;
use crate::diagnosis::listening::Listening;
use crate::report::{Severity, StageName};
use crate::topology::Protocol;

pub(super) const CAUSE: Cause = Cause {
    code: "udp-not-tcp",
    summary: "the target serves that port over the other transport",
    page: r"
TCP port 5353 and UDP port 5353 are two different ports. A server that is bound to the one does not hear the other: a TCP
connect is refused although the server is well.

## How dprobe knows

In the target's namespace a socket of the other transport is bound to that port, and none of the one that was asked for.

## Why it happens

DNS, syslog, StatsD, game servers and QUIC use UDP, while most tools that test a port use TCP.

## How to fix it

Speak the transport that the server serves. To check it, say so:

    dprobe check web dns:53/udp

## How to reproduce it

Start a server on UDP port 5353 and run `dprobe check web server:5353`.

Related: published-other-protocol, nothing-listening
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, Listening::OtherProtocol(socket)) = case.listening()? else { return None };
    if case.gets_through() {
        return None;
    }
    let place = case.target().map_or(case.from.place.as_str(), |target| target.name.as_str());
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.datagrams().iter().map(|seen| seen.id.to_owned()));
    let (has, wanted) = match socket.protocol {
        Protocol::Udp => ("UDP", "TCP"),
        Protocol::Tcp => ("TCP", "UDP"),
    };
    let suffix = if socket.protocol == Protocol::Udp { "/udp" } else { "" };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{place} serves port {} over {has}, not over {wanted}", socket.port),
        explanation: format!(
            "In {place} a {has} socket is bound to port {}, and no {wanted} socket. They are different ports, also when they \
             have one number, so a {wanted} connection finds nobody there.",
            socket.port
        ),
        because,
        fixes: vec![dial(
            format!("let the client speak {has}; to check that way"),
            format!("{}{suffix}", host_port(&case.to.host, case.to.port.unwrap_or(socket.port))),
        )],
    })
}
