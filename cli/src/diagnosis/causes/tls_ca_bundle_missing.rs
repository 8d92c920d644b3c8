//! `tls-ca-bundle-missing`: the image has no CA certificates, so its programs trust nobody.

use dprobe_probes::tls::TlsFault;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::diagnosis::secure::{chain_text, short_name};
use crate::report::{Fix, Severity, StageName};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "tls-ca-bundle-missing",
    summary: "the source's image has no CA certificates, so its programs trust no server",
    page: r"
OpenSSL, curl, Go and most others read the authorities that they trust from a file of the image. Small images
(`scratch`, `debian:slim`, `busybox`) come without it, and then every server is untrusted, the best known as well:
`x509: certificate signed by unknown authority`, `error setting certificate verify locations`.

## How dprobe knows

It looks for the file in the container's file system, at the places that distributions use, and finds none; no variable
names another. Node.js, Java, Deno and Bun bring roots of their own and are left alone.

## Why it happens

The package `ca-certificates` is not part of the base image, or a build in several stages copied the program alone.

## How to fix it

Install it in the image:

    RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates     (Debian, Ubuntu)
    RUN apk add --no-cache ca-certificates                                               (Alpine)
    COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/                 (scratch)

## How to reproduce it

    docker run -d --name web debian:12-slim sleep infinity
    dprobe check web https://example.test/

Related: tls-untrusted
",
    yields_to: &[],
    find,
};

/// Programs that read the image's bundle and nothing else, by the names of their binaries.
const READERS: [&str; 12] =
    ["curl", "wget", "git", "openssl", "php", "php-fpm", "ruby", "rails", "puma", "perl", "apt-get", "svn"];

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source().filter(|source| source.trust.is_missing() && source.own_roots().is_none())?;
    let seen = case.tls()?;
    let own = seen.fact.chain.first()?;
    let untrusted = case.tls_fault(TlsFault::is_of_issuer);
    let severity = match untrusted {
        // Nobody would stand for it, with a bundle or without.
        Some((_, TlsFault::SelfSigned)) => return None,
        Some(_) => Severity::Error,
        None if !seen.fact.trusted => return None,
        // Only the authorities that dprobe brings along stand for it. A program may do the same.
        None if reads_bundle(source) => Severity::Error,
        None => Severity::Warning,
    };
    let issuer = short_name(seen.fact.chain.last().map_or(&own.issuer, |last| &last.issuer));
    let verdict = match untrusted {
        Some(_) => format!(
            "Where {issuer} is a company's own authority, its certificate has to be added as well: the package has the public \
             ones."
        ),
        None => format!(
            "{issuer} is a public authority: with the usual bundle the certificate is trusted. A program that brings roots of \
             its own is not concerned."
        ),
    };
    Some(Found {
        severity,
        stage: StageName::Tls,
        title: format!("the image of {} has no CA certificates, so its programs trust no server", source.name),
        explanation: format!(
            "Programs find the authorities that they trust in a file of the image, such as \
             /etc/ssl/certs/ca-certificates.crt. {} has none of these files, and no variable names another. {} shows a \
             certificate of {issuer}. {verdict} The chain: {}.",
            source.name,
            case.to.host,
            chain_text(&seen.fact.chain)
        ),
        because: vec![Case::container_evidence(source), seen.id.to_owned()],
        fixes: fixes(source),
    })
}

fn reads_bundle(source: &Container) -> bool {
    let base = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    source.command.iter().take(3).map(base).any(|name| READERS.contains(&name.as_str()))
}

fn fixes(source: &Container) -> Vec<Fix> {
    // The archive brings its folders along, which the image may not have.
    let copy = "tar -chC / etc/ssl/certs/ca-certificates.crt | ".to_owned()
        + &command(&["docker", "cp", "-", &format!("{}:/", source.name)]);
    vec![
        Fix {
            lasting: false,
            ..run(format!("for now, copy the bundle of this machine into {} (Debian, Ubuntu, Alpine)", source.name), vec![copy])
        },
        change(
            "for good, install it in the image: `RUN apt-get update && apt-get install -y ca-certificates` (Debian, Ubuntu) or \
             `RUN apk add --no-cache ca-certificates` (Alpine)",
        ),
        change(
            "in an image from scratch, copy it from the stage before: `COPY --from=build \
             /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/`",
        ),
    ]
}
