//! `dns-loopback-stub`: the source was given a DNS server on loopback, which is the source itself.

use dprobe_probes::lookup::DnsOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{change_servers, fixes, joined};
use crate::diagnosis::servers::EMBEDDED;
use crate::report::{Severity, StageName, TargetKind};
use std::net::IpAddr;

pub(super) const CAUSE: Cause = Cause {
    code: "dns-loopback-stub",
    summary: "the source's DNS server is a loopback address such as 127.0.0.53, where nothing answers in a container",
    page: r"
Many hosts run a small resolver of their own on loopback: systemd-resolved on 127.0.0.53, dnsmasq on 127.0.0.1. On the host
that works. In a container 127.0.0.53 is the container itself, and nobody serves DNS there. The one exception is
127.0.0.11, where Docker puts its own resolver.

## How dprobe knows

A server of the source is a loopback address other than 127.0.0.11, and it gave no answer when it was asked from inside; a
resolver that the container runs for itself would have. Or: the source was given the engine's stand-ins 8.8.8.8 and
8.8.4.4, because the host's list has loopback addresses only, and the name fails with them.

## Why it happens

The host's `/etc/resolv.conf` was copied, or `--dns 127.0.0.53` was typed to use what the host uses. An engine that finds only
loopback addresses in the host's file takes public servers in their place; names of a company's own network are missing
there.

## How to fix it

Give the container the servers that stand behind the host's stub. The host lists them with `resolvectl dns`, or in
`/run/systemd/resolve/resolv.conf`:

    docker run --dns ADDRESS …

For all containers put them into `/etc/docker/daemon.json` as `dns` and restart the engine.

## How to reproduce it

    docker run -d --name web --dns 127.0.0.53 nginx
    dprobe check web https://api.example.test

Related: dns-server-unreachable, dns-name-not-found
",
    yields_to: &["internal-network", "source-network-none", "embedded-dns-broken"],
    find,
};

/// What an engine takes where the host's list has nothing that could be used (`defaultIPv4Dns` of libnetwork's resolvconf).
const STAND_INS: [&str; 2] = ["8.8.8.8", "8.8.4.4"];

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.from_container() && case.to.kind == TargetKind::Name)?;
    if replaced(case) && case.name_failed() {
        return Some(stand_ins(case));
    }
    let stubs: Vec<IpAddr> = case
        .servers()
        .into_iter()
        .filter(|server| server.address.is_loopback() && server.address != EMBEDDED && !server.from_host)
        .map(|server| server.address)
        .filter(|server| {
            if let Some(did) = case.said(&case.from.place, *server) {
                return !did.is_there();
            }
            let mut asked = lookup.fact.queries.iter().filter(|query| query.server == *server).peekable();
            asked.peek().is_some() && asked.all(|query| query.outcome == DnsOutcome::Refused)
        })
        .collect();
    if stubs.is_empty() {
        return None;
    }
    let list = joined(&stubs);
    let place = &case.from.place;
    // Where another server answered, the name has come to its end without the stub.
    let answered = case.survey().iter().any(|(_, did)| did.is_usable()) || !case.name_failed();
    let dotless = !case.to.host.contains('.');
    let severity = if answered || dotless { Severity::Warning } else { Severity::Error };
    let because = if case.dns_in(&case.from.place).next().is_some() {
        case.survey_evidence()
    } else {
        lookup_evidence(case)
    };
    Some(Found {
        severity,
        stage: StageName::Name,
        title: format!("{place} asks {list} for names, which in a container is the container itself"),
        explanation: format!(
            "{list} is a loopback address: on the host it may be systemd-resolved or another small resolver, in {place} it is \
             {place} itself, where nobody serves DNS. It has to be given the servers that stand behind it; the host shows \
             them with `resolvectl dns`.",
        ),
        because,
        fixes: change_servers(case, case.good_server().map(|(server, _)| server), &stubs),
    })
}

fn lookup_evidence(case: &Case<'_>) -> Vec<String> {
    case.lookup().map(|seen| seen.id).into_iter().chain(case.resolver().map(|seen| seen.id)).map(str::to_owned).collect()
}

/// Whether the engine has put public servers in the place of a list that has loopback addresses only.
fn replaced(case: &Case<'_>) -> bool {
    let list: Vec<String> = case.servers().iter().map(|server| server.address.to_string()).collect();
    let of_host = case.host_servers();
    case.own_servers().is_none()
        && list == STAND_INS
        && !of_host.is_empty()
        && of_host.iter().all(std::net::IpAddr::is_loopback)
}

fn stand_ins(case: &Case<'_>) -> Found {
    let place = &case.from.place;
    let of_host = joined(&case.host_servers());
    Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{place} asks public DNS servers, for the host's own is on loopback"),
        explanation: format!(
            "The host asks {of_host}, a loopback address that means nothing in a container, so the engine gave {place} the \
             public servers {} instead. Names that only the host's resolver knows are not found there, and where they are \
             blocked no name is.",
            STAND_INS.join(" and ")
        ),
        because: case.survey_evidence(),
        fixes: fixes(case),
    }
}
