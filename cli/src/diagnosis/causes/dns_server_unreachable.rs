//! `dns-server-unreachable`: no DNS server of the source answers at all.

use dprobe_probes::lookup::LookupOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{fixes, listed};
use crate::report::{Severity, StageName, TargetKind};
use crate::resolve::HOST;

pub(super) const CAUSE: Cause = Cause {
    code: "dns-server-unreachable",
    summary: "none of the DNS servers that the source uses answers",
    page: r#"
A name that is no container's is handed on to a DNS server of the outside world. When that server is dead, or when nothing
gets through to it, a lookup ends after some ten seconds with `Temporary failure in name resolution` (`EAI_AGAIN`). Names of
containers still resolve on a network of your own, for Docker's resolver knows them itself.

## How dprobe knows

The name did not resolve, and each server behind the lookup was asked on its own, from the source's network: none answered,
not even for `localhost`, which every server has an answer to. The host is asked to ask the same servers. If they answer
the host, they are well, and the way from the container to them is blocked.

The servers are those of the container (`--dns`, `dns:` in compose), or else those of the engine (`dns` in `daemon.json`)
or of the host. On a network of your own the container's `/etc/resolv.conf` shows only 127.0.0.11, Docker's resolver, which
hands on to them.

## Why it happens

The server has moved, or belongs to a VPN that is down. A firewall lets DNS out of the host and not out of containers. An
address was typed wrong in `--dns`.

## How to fix it

Give the container servers that answer, `docker run --dns ADDRESS …`, in compose:

    services:
      web:
        dns:
          - ADDRESS

For all containers, in `/etc/docker/daemon.json`, and then restart the engine:

    { "dns": ["ADDRESS"] }

If the servers answer the host and not the container, look for the firewall between them.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net --dns 198.51.100.53 nginx
    dprobe check web https://api.example.test

Related: dns-first-server-dead, dns-server-error, dns-loopback-stub, internal-network
"#,
    // Where nothing gets out, no question to a server does.
    yields_to: &[
        "internal-network",
        "source-network-none",
        "embedded-dns-broken",
        "ip-forward-off",
        "engine-rules-wiped",
        "masquerade-off",
        "wrong-default-gateway",
        "bridge-down",
    ],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.name_failed() && case.to.kind == TargetKind::Name)?;
    let survey = case.survey();
    if lookup.fact.outcome != LookupOutcome::TemporaryFailure
        || survey.is_empty()
        || survey.iter().any(|(_, did)| did.is_there())
        // The source's own loopback is told of as what it is.
        || survey.iter().all(|(server, _)| server.address.is_loopback() && !server.from_host && case.from_container())
        || case.is_shut_in()
    {
        return None;
    }
    let place = &case.from.place;
    let well_for_host = survey
        .iter()
        .find(|(server, _)| !server.from_host && case.said(HOST, server.address).is_some_and(|did| did.is_there()))
        .filter(|_| !case.from_host());
    let blocked = match well_for_host {
        Some((server, _)) => format!(
            " {} does answer the host, so the server is well and something blocks the way from {place} to it: a firewall, or \
             forwarding that is off.",
            server.address
        ),
        None if case.from_host() => String::new(),
        None if survey.iter().all(|(server, _)| server.from_host) => {
            " Docker's resolver asks from the host's network, so it is the host's own lookups that fail.".to_owned()
        }
        None => " The host gets no answer from there either.".to_owned(),
    };
    let many = if survey.len() > 1 { "DNS servers do" } else { "DNS server does" };
    Some(Found {
        severity: severity(case),
        stage: StageName::Name,
        title: format!("the {many} not answer {place}"),
        explanation: format!(
            "{} is no name of a container, so it is looked up by the DNS servers of {place}: {}.{blocked} Without an answer a \
             program waits some ten seconds and reports a temporary failure.",
            case.to.host,
            listed(&survey),
        ),
        because: case.survey_evidence(),
        fixes: fixes(case),
    })
}

/// A name of one word is more likely a container's that is misspelt; the dead server is told beside it then.
fn severity(case: &Case<'_>) -> Severity {
    if case.from_container() && !case.to.host.contains('.') { Severity::Warning } else { Severity::Error }
}
