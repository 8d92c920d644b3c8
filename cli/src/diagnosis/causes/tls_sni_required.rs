//! `tls-sni-required`: the source dials an address, and the server wants to be told a name.

use super::{Cause, Found};
use crate::diagnosis::aliases::url;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-sni-required",
    summary: "the server wants to be told a name in the handshake (SNI), and the source dials an address",
    page: r"
A server with several certificates chooses one by the name that the client says at the start of the handshake (SNI, RFC 6066,
section 3). An address is no such name, so a client that dials one sends nothing, and a server that has nothing for nobody ends
the handshake: `unrecognized name`, `internal error`, `handshake failure`.

## How dprobe knows

By the address the handshake fails. At the same address and port, with the target's name in the handshake, it goes on.

## Why it happens

The URL has an address in it, and the server (Caddy, Traefik with `sniStrict`, nginx with `ssl_reject_handshake`) answers to
names only.

## How to fix it

Dial the name: `https://api.example.test/`.

## How to reproduce it

    (nginx with one server that has `ssl_reject_handshake on;` and is the default, and another with `server_name api;`)
    dprobe check web https://172.18.0.2/

Related: tls-name-mismatch, tls-version-refused
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let seen = case.tls().filter(|seen| seen.fact.server_name.is_none() && seen.fact.chain.is_empty())?;
    let named = case.http_by_server_name()?;
    let tls = named.fact.tls.as_ref().filter(|tls| !tls.chain.is_empty())?;
    let name = named.fact.server_name.as_deref()?;
    let host = &case.to.host;
    let mut fixes = Vec::new();
    if let Some(url) = url(case, name) {
        fixes.push(dial(format!("dial it by name: {url}"), url));
    }
    if let Some(listed) = tls.chain[0].names.first().filter(|listed| *listed != name) {
        fixes.push(change(format!("the certificate is for {listed}: where a client checks names, dial that one")));
    }
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title: format!("the server at {host} wants to be asked by a name, not by its address"),
        explanation: format!(
            "A client that dials an address sends no name in the handshake (SNI), and this server has no certificate for nobody: \
             {}. Asked for {name} at the same address, it shows one.",
            seen.fact.problem.as_deref().unwrap_or("it ends the handshake")
        ),
        because: vec![seen.id.to_owned(), named.id.to_owned()],
        fixes,
    })
}
