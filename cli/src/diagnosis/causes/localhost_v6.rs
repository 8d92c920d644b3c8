//! `localhost-v6`: localhost is `::1` first, and that way fails where 127.0.0.1 works.

use std::net::IpAddr;

use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::{Case, Seen};
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "localhost-v6",
    summary: "localhost leads to ::1 first, where the connection fails; 127.0.0.1 works",
    page: r"
`localhost` has two addresses on most systems, `::1` and 127.0.0.1, and programs try `::1` first. A program that is
*refused* there tries the other one, if it is well made. A program that is *connected* there stays, and when the connection
is then reset or goes nowhere it fails, although 127.0.0.1 would work.

## How dprobe knows

It dials every address of `localhost`: on `::1` the connection is cut off, silent or refused, on 127.0.0.1 it stands. What
comes first is in the lookup. Where `::1` is refused at once, this is no more than a note.

## Why it happens

Docker publishes a port on both families. For `::1` its proxy goes to the container's IPv6 address, where it has one, and a
server that listens on 0.0.0.0 has no socket there. Or two programs on the machine have the same port, each in its family.

## How to fix it

Say 127.0.0.1 instead of localhost. For good, let the server listen on both families (`[::]`), or publish on IPv4 only:
`-p 127.0.0.1:8080:80`.

## How to reproduce it

    docker network create --ipv6 --subnet fd00:d0b::/64 dual
    docker run -d --name web --network dual -p 8080:80 busybox httpd -f -p 0.0.0.0:80
    curl -v http://localhost:8080

Related: bind-one-family, wrong-server-answers
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.to.host.eq_ignore_ascii_case("localhost") {
        return None;
    }
    let port = case.to.port?;
    let lookup = case.lookup()?;
    // Where the other one comes first, no program gets so far as ::1.
    if !lookup.fact.answers.first()?.address.is_ipv6() {
        return None;
    }
    let dials = case.dials();
    let of = |v6: bool| dials.iter().find(|dial| dial.fact.address.is_ipv6() == v6);
    let (six, four) = (of(true)?, of(false)?);
    if !stands(four.fact) {
        return None;
    }
    let (severity, how) = match six.fact.outcome {
        TcpOutcome::Connected if ended(six.fact) => (Severity::Error, "is cut off right after the connect"),
        TcpOutcome::TimedOut if six.fact.connect_ms >= 900.0 => (Severity::Error, "is never answered"),
        TcpOutcome::Refused => (Severity::Note, "is refused"),
        _ => return None,
    };
    let works = host_port(&four.fact.address.to_string(), port);
    let consequence = match severity {
        Severity::Note => {
            "Most programs then try the other address; some do not, such as the wget of busybox in many health checks."
        }
        _ => "A program that got so far does not try the other address.",
    };
    Some(Found {
        severity,
        stage: StageName::Tcp,
        title: format!("localhost is {} first, where port {port} {how}; {works} works", six.fact.address),
        explanation: format!(
            "localhost has two addresses here, and programs take {} first. The connection there {how}, while the one to \
             {works} stands. {consequence}",
            six.fact.address
        ),
        because: [lookup.id, six.id, four.id].map(ToOwned::to_owned).to_vec(),
        fixes: vec![dial("say the IPv4 address instead of localhost", dialled(case, four, port)), lasting(case, port)],
    })
}

fn lasting(case: &Case<'_>, port: u16) -> crate::report::Fix {
    match case.target() {
        Some(target) => change(format!("for good, make the server in {} listen on both families, `[::]`", target.name)),
        None => change(format!("for good, make the server listen on [::1]:{port} as well, or on `[::]` for both families")),
    }
}

/// The URL or address that was given, with the address that works.
fn dialled(case: &Case<'_>, four: &Seen<'_, TcpFact>, port: u16) -> String {
    let address = host_port(&IpAddr::to_string(&four.fact.address), port);
    match case.to.url.as_deref().and_then(|url| url.split_once("://")) {
        Some((scheme, rest)) => {
            let tail = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
            format!("{scheme}://{address}{tail}")
        }
        None => address,
    }
}

fn stands(dial: &TcpFact) -> bool {
    dial.outcome == TcpOutcome::Connected && !ended(dial)
}

fn ended(dial: &TcpFact) -> bool {
    matches!(dial.after, Some(AfterConnect::Closed { .. } | AfterConnect::Reset { .. }))
}
