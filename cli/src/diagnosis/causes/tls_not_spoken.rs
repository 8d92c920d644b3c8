//! `tls-not-spoken`: TLS to a port that speaks something else.

use dprobe_probes::tls::TlsFault;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-not-spoken",
    summary: "the source speaks TLS to a port that does not",
    page: r"
`https://` (also `rediss://`, `amqps://` and the like) makes a client begin with a TLS handshake. A server that speaks plain
text there takes it for garbage and answers in its own way: `wrong version number`, `packet length too long`,
`http: server gave HTTP response to HTTPS client`.

## How dprobe knows

The first bytes that come back are no TLS record. Where the port looks like one of HTTP, the same request is made once more in
plain text, and answered.

## Why it happens

Between containers traffic is mostly plain, and TLS ends at a reverse proxy in front of them: its URL was copied into a service
that talks to the one behind. Or it is the wrong one of two ports (80 and 443, 8080 and 8443).

## How to fix it

Dial it without TLS, `http://api:8080`, or use the port that has TLS.

## How to reproduce it

    docker network create favorites-net && docker run -d --name api --network favorites-net nginx
    dprobe check web https://api:80/

Related: tls-required
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, fault) = case.tls_fault(|fault| {
        matches!(fault, TlsFault::NotTls { .. } | TlsFault::Closed | TlsFault::Reset | TlsFault::TimedOut)
    })?;
    let scheme = case.to.scheme.as_deref().unwrap_or_default();
    let plain_scheme = if scheme == "wss" { "ws" } else { "http" };
    let plain = case.http_by_scheme(plain_scheme).filter(|plain| plain.fact.status.is_some());
    let greeted = case.greeted_with_tls();
    let first = match fault {
        TlsFault::NotTls { first } => Some(first),
        // Without words of its own, only the plain answer tells.
        _ => None,
    };
    if first.is_none() && plain.is_none() && greeted.is_none() {
        return None;
    }
    let at = case.address_text();
    let answer = first.map(|first| format!(" It answers the handshake with \"{first}\".")).unwrap_or_default();
    let beside = plain.and_then(|plain| plain.fact.status).map(|status| {
        format!(" Asked in plain text at the same port, it answers as an HTTP server does, with status {status}.")
    });
    let greeted = greeted.map(|(_, spoken)| {
        format!(" Asked in plain text at the same port, it answers as {} does.", spoken.name())
    });
    let beside = beside.or(greeted);
    let mut because = vec![seen.id.to_owned()];
    because.extend(plain.map(|plain| plain.id.to_owned()));
    let url = case.url_by_scheme(plain_scheme).filter(|_| plain.is_some());
    let mut fixes = Vec::new();
    if let Some(url) = url {
        fixes.push(dial(format!("dial it without TLS: {url}"), url));
    }
    fixes.push(change(format!("or use the port on which {} speaks TLS, where it has one", case.to.host)));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title: format!("{at} does not speak TLS, and {scheme}:// means TLS"),
        explanation: format!(
            "A URL with {scheme}:// makes the client begin with a TLS handshake, which the server at {at} does not \
             understand.{answer}{}",
            beside.unwrap_or_default()
        ),
        because,
        fixes,
    })
}
