//! `tls-required`: plain text to a port that speaks TLS.

use dprobe_probes::application::ApplicationProtocol;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::secure::speaks_tls;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-required",
    summary: "the source speaks plain text to a port that wants TLS",
    page: r"
A server that waits for a TLS handshake and gets a request in plain text hangs up, resets the connection, or says so:
`400 The plain HTTP request was sent to HTTPS port`, `Client sent an HTTP request to an HTTPS server`, `socket hang up`,
`Empty reply from server`.

## How dprobe knows

The plain request fails or is answered like that, and a TLS handshake at the same port brings up a certificate.

## Why it happens

The URL says `http://` where the port is one for TLS: 443 or 8443, or one whose server was switched to TLS later.

## How to fix it

Write `https://` in front, or use the port for plain text where there is one.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name api --network favorites-net …   (a server with TLS on 443)
    dprobe check web http://api:443/

Related: tls-not-spoken
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    of_http(case).or_else(|| of_greeting(case))
}

/// A database or a broker that speaks TLS from the first byte.
fn of_greeting(case: &Case<'_>) -> Option<Found> {
    let seen = case.greeted_in_plain_text()?;
    let (at, spoken) = (case.address_text(), seen.fact.application.protocol);
    let secure = match spoken {
        ApplicationProtocol::Redis => "rediss",
        ApplicationProtocol::Amqp => "amqps",
        ApplicationProtocol::Mqtt => "mqtts",
        ApplicationProtocol::Smtp => "smtps",
        _ => "",
    };
    let how = match (secure, case.to.url.as_deref().and_then(|url| url.split_once("://"))) {
        ("", _) => change("say in the client's settings that the connection is made with TLS (`tls=true`, `security.protocol=SSL`)"),
        (scheme, Some((_, rest))) => {
            let url = format!("{scheme}://{rest}");
            dial(format!("dial it with TLS: {url}"), url)
        }
        (scheme, None) => change(format!("use a URL with {scheme}://")),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: format!("{at} wants TLS, and the URL speaks plain text"),
        explanation: format!(
            "The first words of {} are not answered in plain text. A TLS handshake at the same port is: the server speaks TLS \
             there, and nothing else.",
            spoken.name()
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![how],
    })
}

fn of_http(case: &Case<'_>) -> Option<Found> {
    let plain = case.plain_text_refused()?;
    let scheme = if case.to.scheme.as_deref() == Some("ws") { "wss" } else { "https" };
    let secure = case.http_by_scheme(scheme).filter(|seen| speaks_tls(seen.fact))?;
    let at = case.address_text();
    let answer = match (plain.fact.status, &plain.fact.failure) {
        (Some(status), _) => format!("is answered with status {status}"),
        (None, Some(failure)) => format!("fails: {}", failure.reason),
        (None, None) => "is not answered".to_owned(),
    };
    let url = case.url_by_scheme(scheme)?;
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("{at} wants TLS, and the URL speaks plain text"),
        explanation: format!(
            "A request in plain text {answer}. A TLS handshake at the same port is answered with a certificate: the server \
             speaks TLS there, and nothing else."
        ),
        because: vec![plain.id.to_owned(), secure.id.to_owned()],
        fixes: vec![dial(format!("dial it with TLS: {url}"), url)],
    })
}
