//! `tls-client-certificate`: the server lets in clients with a certificate of their own only.

use dprobe_probes::tls::TlsFault;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::diagnosis::secure::short_name;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-client-certificate",
    summary: "the server wants a certificate of the client's (mutual TLS)",
    page: r"
With mutual TLS both sides show a certificate. A client without one is turned down: `tlsv13 alert certificate required`,
`sslv3 alert handshake failure`, `400 No required SSL certificate was sent`.

## How dprobe knows

The server asks for a certificate in the handshake, dprobe has none to show, and the server ends the connection because of
that, or answers that it was not sent. A server that asks and does without is left alone.

## Why it happens

The server is meant for clients that were given a certificate, and the program has none, or is not told where it is. dprobe
does not read the program's certificate and key, so it can not tell whether it has one.

## How to fix it

Give the program a certificate that the server's authority has signed, and its key (curl: `--cert`, `--key`; PostgreSQL:
`sslcert`, `sslkey`; many libraries have options of the same name).

## How to reproduce it

    (nginx with `ssl_client_certificate ca.pem; ssl_verify_client on;`)
    dprobe check web https://api/

Related: tls-version-refused, tls-untrusted
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let wanted = case.tls_fault(|fault| *fault == TlsFault::ClientCertificateWanted).map(|(seen, _)| seen);
    let seen = wanted.or_else(|| case.tls().filter(|_| says_so(case)))?;
    let host = &case.to.host;
    let by = match &seen.fact.client_authorities[..] {
        [] => String::new(),
        names => {
            let names: Vec<&str> = names.iter().take(3).map(|name| short_name(name)).collect();
            format!(" It takes those that were signed by {}.", names.join(" or "))
        }
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title: format!("{host} wants a certificate of the client's, and is shown none"),
        explanation: format!(
            "The server asks for a certificate in the handshake (mutual TLS) and turns down who has none.{by} dprobe has none. \
             Whether the program in {} has one, dprobe does not know: where it has, the certificate is not what keeps it.",
            case.from.place
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![change(format!(
            "give the program in {} a certificate for clients and its key, and name both in its configuration",
            case.from.place
        ))],
    })
}

/// Whether an HTTP server says that the certificate was not sent.
fn says_so(case: &Case<'_>) -> bool {
    let asked = case.tls().is_some_and(|seen| seen.fact.asks_certificate);
    let told = |body: &str| {
        let body = body.to_ascii_lowercase();
        body.contains("ssl certificate") || body.contains("client certificate")
    };
    let answer = case.own_http().filter(|seen| matches!(seen.fact.status, Some(400 | 401 | 403 | 495 | 496)));
    asked && answer.is_some_and(|seen| seen.fact.body_start.as_deref().is_some_and(told))
}
