//! `tls-untrusted`: nobody whom the source trusts stands for the server's certificate.

use std::fmt::Write as _;

use dprobe_probes::tls::{TlsFact, TlsFault};

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::{Case, Seen};
use crate::diagnosis::fixes::change;
use crate::diagnosis::secure::{chain_text, short_name};
use crate::report::{Fix, Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "tls-untrusted",
    summary: "the server's certificate comes from an authority that the source does not trust",
    page: r"
A TLS client believes a certificate that an authority has signed which it has a certificate of: in the CA bundle of its image,
or among the roots that its runtime brings along. Certificates of a company's own authority, of one made for development, and
those that sign themselves are in none of them: `x509: certificate signed by unknown authority`, `self-signed certificate in
certificate chain`, `unable to get local issuer certificate`.

## How dprobe knows

It makes the handshake from the source's network and judges the chain by the bundle in the source's own file system, and by
those that SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE name there. For Node.js, Java and others
that bring roots along, those count as well. The issuer that is named is the one in the certificate.

## Why it happens

The authority was added to the host or to a browser, not to the image. Or a proxy in between reads the traffic and signs
certificates of its own (interception): then the issuer is not the one that the server really has. Or the server does not send
the certificate between its own and the authority's, which browsers find by themselves and programs do not.

## How to fix it

Put the authority's certificate into the image:

    COPY example-ca.crt /usr/local/share/ca-certificates/
    RUN update-ca-certificates

Programs with roots of their own are told by a variable: `NODE_EXTRA_CA_CERTS=/ca.crt` for Node.js,
`REQUESTS_CA_BUNDLE=/ca.crt` for Python's requests; Java has `keytool -importcert -cacerts`. Do not switch verification off.

## How to reproduce it

    docker network create favorites-net
    openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=api -addext subjectAltName=DNS:api -keyout key.pem -out cert.pem
    docker run -d --name api --network favorites-net …   (a server with that certificate)
    dprobe check web https://api/

Related: tls-ca-bundle-missing, tls-name-mismatch, tls-expired
",
    yields_to: &["tls-ca-bundle-missing"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, fault) = case.tls_fault(TlsFault::is_of_issuer)?;
    let own = seen.fact.chain.first()?;
    let from = &case.from.place;
    let issuer = short_name(seen.fact.chain.last().map_or(&own.issuer, |last| &last.issuer));
    let host = &case.to.host;
    let (title, what) = match fault {
        TlsFault::SelfSigned => (
            format!("the certificate of {host} is signed by itself, and {from} does not trust it"),
            format!("The certificate of {host} is its own issuer: no authority stands for it."),
        ),
        TlsFault::BadSignature => (
            format!("the certificate of {host} was not signed by the {issuer} that {from} trusts"),
            format!(
                "{from} trusts an authority of the name {issuer}, and it is another one than that which signed this certificate: \
                 an authority that was made anew has a new key."
            ),
        ),
        _ => (
            format!("the certificate of {host} comes from {issuer}, which {from} does not trust"),
            format!("The certificate of {host} was signed by {issuer}, which is not among the authorities that {from} trusts."),
        ),
    };
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.source().map(Case::container_evidence));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tls,
        title,
        explanation: format!(
            "{what}{}{} The chain that it showed: {}. {}",
            trusts(case),
            between(case, &seen),
            chain_text(&seen.fact.chain),
            if *fault == TlsFault::SelfSigned {
                "The file that the server was given as its certificate is what the source has to trust, `ca.crt` below.".to_owned()
            } else {
                format!("`ca.crt` below is the certificate of {issuer}: whoever signs with it hands it out.")
            }
        ),
        because,
        fixes: fixes(case, issuer, *fault == TlsFault::SelfSigned),
    })
}

/// By what the source's trust was judged.
fn trusts(case: &Case<'_>) -> String {
    let Some(source) = case.source() else { return String::new() };
    let trust = &source.trust;
    let bundles: Vec<&str> = trust.bundles.iter().flatten().map(|bundle| bundle.path.as_str()).collect();
    let roots = source.own_roots().map(|runtime| format!("the roots that {runtime} brings along"));
    let mut by: Vec<String> = bundles.iter().map(|&path| path.to_owned()).collect();
    by.extend(roots);
    let mut text = match &by[..] {
        [] => String::new(),
        by => format!(" It was judged by {} in {}.", by.join(" and "), source.name),
    };
    if let Some(folder) = trust.folder() {
        let _ = write!(text, " What lies in {}, which {} names, was not looked at.", folder.path, folder.name);
    }
    text
}

/// That somebody between may have put the certificate there.
fn between(case: &Case<'_>, seen: &Seen<'_, TlsFact>) -> String {
    let proxied = case.proxied().filter(|proxied| proxied.id == seen.id);
    let direct = case.http().and_then(|direct| direct.fact.tls.as_ref());
    if let Some((proxied, true)) = proxied.map(|proxied| (proxied, direct.is_some_and(|direct| direct.trusted)))
        && let Some(via) = &proxied.fact.via
    {
        let at = host_port(&via.host, via.port);
        return format!(
            " Directly the server shows a certificate that is trusted: the proxy {at} reads the traffic and shows one of its own."
        );
    }
    if case.to_outside() && case.dials_name() && case.to.host.contains('.') {
        return " Where a company's proxy or firewall reads TLS, it shows certificates of its own authority in place of the \
                server's."
            .to_owned();
    }
    String::new()
}

fn fixes(case: &Case<'_>, issuer: &str, self_signed: bool) -> Vec<Fix> {
    let what = if self_signed { "that certificate".to_owned() } else { format!("the certificate of {issuer}") };
    let Some(source) = case.source() else {
        return vec![change(format!("add {what} to the authorities that {} trusts", case.from.place))];
    };
    let name = &source.name;
    let by_runtime = match source.own_roots() {
        Some("Node.js") => Some(format!(
            "recreate {name} with {what} in it and Node.js told of it: `-v ./ca.crt:/ca.crt:ro -e NODE_EXTRA_CA_CERTS=/ca.crt`"
        )),
        Some("Deno") => Some(format!(
            "recreate {name} with {what} in it and Deno told of it: `-v ./ca.crt:/ca.crt:ro -e DENO_CERT=/ca.crt`"
        )),
        Some("Bun") => Some(format!(
            "recreate {name} with {what} in it and Bun told of it: `-v ./ca.crt:/ca.crt:ro -e NODE_EXTRA_CA_CERTS=/ca.crt`"
        )),
        Some(_) => Some(format!(
            "in the image of {name}, as root: `keytool -importcert -noprompt -cacerts -storepass changeit -file ca.crt`"
        )),
        None => None,
    };
    let mounted = format!(
        "recreate {name} with {what} mounted: `-v ./ca.crt:/ca.crt:ro -e SSL_CERT_FILE=/ca.crt` for OpenSSL, Go and curl, \
         `-e REQUESTS_CA_BUNDLE=/ca.crt` for Python's requests; these take the place of the image's bundle"
    );
    let in_image = format!(
        "add {what} to the image of {name}: `COPY ca.crt /usr/local/share/ca-certificates/` and `RUN update-ca-certificates` \
         (Debian, Ubuntu, Alpine; it takes the package ca-certificates)"
    );
    by_runtime.into_iter().chain([in_image, mounted]).map(change).collect()
}
