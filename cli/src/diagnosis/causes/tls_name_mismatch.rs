//! `tls-name-mismatch`: the server's certificate is for other names than the one that is dialled.

use dprobe_probes::tls::{CertificateFact, TlsFact, TlsFault};

use super::{Cause, Found};
use crate::diagnosis::aliases::second_name;
use crate::diagnosis::case::{Case, Seen};
use crate::diagnosis::fixes::change;
use crate::diagnosis::secure::{chain_text, names_text};
use crate::report::{Fix, Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-name-mismatch",
    summary: "the server's certificate is for other names than the one that it is dialled by",
    page: r"
A certificate is good for the names that are listed in it (`subjectAltName`). A client that dials another name turns it down:
`no alternative certificate subject name matches target host name`, `certificate is valid for api.example.test, not api`,
`ERR_TLS_CERT_ALTNAME_INVALID`. An address is a name of its own here.

## How dprobe knows

It makes the handshake by the name that the source dials and compares it with the names in the certificate.

## Why it happens

The certificate is for the public name, and between containers the service is dialled by its container's name. Or the URL has an
address in it. Certificates of old have their name in the subject only, which some clients take and others do not.

## How to fix it

Dial a name that the certificate has, and let the container answer to it as well:

    services:
      api:
        networks:
          default:
            aliases: [api.example.test]

Or have a certificate issued that lists the name between containers.

## How to reproduce it

    docker network create favorites-net
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -addext subjectAltName=DNS:api.example.test -keyout key.pem -out cert.pem
    docker run -d --name api --network favorites-net …   (a server with that certificate)
    dprobe check web https://api/

Related: tls-untrusted, tls-sni-required
",
    yields_to: &["tls-sni-required"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let is_name = |fault: &TlsFault| matches!(fault, TlsFault::WrongName | TlsFault::NameInSubject);
    let refused = |fault: &TlsFault| *fault == TlsFault::NameNotServed;
    if let Some((seen, _)) = case.tls_fault(refused).filter(|(seen, _)| seen.fact.server_name.is_some()) {
        return Some(not_served(case, &seen));
    }
    let (seen, fault) = case.tls_fault(is_name)?;
    let own = seen.fact.chain.first()?;
    let host = &case.to.host;
    let (severity, title, explanation) = if *fault == TlsFault::WrongName {
        (
            Severity::Error,
            format!("the certificate of {host} is for {}, not for {host}", names_text(own)),
            format!(
                "The server shows a certificate for {}. The source dials {host}, which is not among these names, so its \
                 client ends the handshake. The chain: {}.",
                names_text(own),
                chain_text(&seen.fact.chain)
            ),
        )
    } else {
        (
            Severity::Warning,
            format!("the certificate of {host} has that name in its subject only, which some clients do not take"),
            format!(
                "It has no list of names (subjectAltName). Clients with OpenSSL make do with the name in the subject; those \
                 written in Go, Java or Rust and browsers do not. The chain: {}.",
                chain_text(&seen.fact.chain)
            ),
        )
    };
    Some(Found {
        severity,
        stage: StageName::Tls,
        title,
        explanation,
        because: vec![seen.id.to_owned()],
        fixes: fixes(case, own, severity),
    })
}

/// The server has nothing for the name that was sent, and says so.
fn not_served(case: &Case<'_>, seen: &Seen<'_, TlsFact>) -> Found {
    let host = &case.to.host;
    Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title: format!("the server has no certificate for the name {host}"),
        explanation: format!(
            "A client names the host that it wants at the start of the handshake (SNI). The server knows no {host} and ends the \
             handshake (unrecognized_name)."
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![
            change("dial a name that the server is configured for".to_owned()),
            change(format!("or configure the server for {host}, with a certificate for it")),
        ],
    }
}

fn fixes(case: &Case<'_>, own: &CertificateFact, severity: Severity) -> Vec<Fix> {
    let host = &case.to.host;
    let anew = change(format!("have a certificate issued that lists {host} (`subjectAltName`)"));
    if severity != Severity::Error {
        return vec![anew];
    }
    let mut fixes = Vec::new();
    if let Some(name) = usable(case, own) {
        let target = case.target().map_or(host.as_str(), |target| target.name.as_str());
        let title = format!("let {target} answer to {name} as well, and dial that");
        let fix = second_name(case, &name, title);
        fixes.push(fix.unwrap_or_else(|| change(format!("dial a name that the certificate has, such as {name}"))));
    }
    fixes.push(anew);
    fixes
}

/// A name of the certificate that the server can be dialled by. One that it has already comes first.
fn usable(case: &Case<'_>, own: &CertificateFact) -> Option<String> {
    let is_name = |name: &&String| name.parse::<std::net::IpAddr>().is_err() && !name.eq_ignore_ascii_case("localhost");
    let known: Vec<&str> = case
        .target()
        .into_iter()
        .flat_map(|target| target.attachments.values())
        .flat_map(|attachment| attachment.names.iter().map(String::as_str))
        .collect();
    let plain = || own.names.iter().filter(is_name).filter(|name| !name.starts_with("*."));
    let first = plain().find(|name| known.contains(&name.as_str())).or_else(|| plain().next());
    let label = case.target().map_or("api", |target| target.name.as_str());
    let wild = || own.names.iter().find_map(|name| name.strip_prefix("*.")).map(|domain| format!("{label}.{domain}"));
    first.cloned().or_else(wild)
}
