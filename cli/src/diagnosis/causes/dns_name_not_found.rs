//! `dns-name-not-found`: the outside world's DNS says that there is no such name.

use dprobe_probes::lookup::LookupOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{change_servers, recreate_with};
use crate::diagnosis::fixes::change;
use crate::diagnosis::servers::Did;
use crate::report::{Fix, Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "dns-name-not-found",
    summary: "the DNS servers answer, and say that the name does not exist",
    page: r"
The lookup worked, and its answer is no: the name does not exist (`NXDOMAIN`), or it has no address.

## How dprobe knows

The name is none of a container's, and a server answered `NXDOMAIN`, or an answer without addresses. The other servers of the
source and those of the host are asked the same, for a name may exist for one server and not for another.

## Why it happens

A misspelt name. A name of a company's own network, which only the company's servers know, while the container asks others.
A name that the host has in its own `/etc/hosts`, which containers do not see. A name that ends in `.local`, which hosts find
by multicast (mDNS) and containers do not.

## How to fix it

Check the spelling. If a server knows the name, let the container ask that one: `docker run --dns ADDRESS …`, `dns:` in
compose. A single name can be given to a container with `--add-host NAME:ADDRESS` (`extra_hosts:` in compose).

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    dprobe check web https://no-such-name.example.test

Related: unknown-name, search-domain-shadow, libc-dns-difference
",
    yields_to: &[
        "internal-network",
        "source-network-none",
        "embedded-dns-broken",
        "unknown-name",
        "libc-dns-difference",
        "dns-loopback-stub",
        "default-bridge-no-dns",
    ],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    no_service(case).or_else(|| no_address(case))
}

/// A URL that says that the DNS knows its hosts, and the DNS knows none.
fn no_service(case: &Case<'_>) -> Option<Found> {
    let seen = case.srv_missing()?;
    let (place, question, domain) = (&case.from.place, &seen.fact.question, &seen.fact.domain);
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("DNS has no SRV record {question}"),
        explanation: format!(
            "The scheme `mongodb+srv` means that the hosts and ports are in the DNS. The DNS servers of {place} were asked for the \
             SRV records of {question}, and there are none. Managed clusters have them; a server of your own has none unless \
             somebody made them."
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![
            change(format!("for a server that is called {domain} itself, write `mongodb://{domain}` in place of `mongodb+srv://{domain}`")),
            change(format!("or check the spelling of {domain}, which has to be the name of the cluster")),
        ],
    })
}

fn no_address(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.name_failed() && case.to.kind == TargetKind::Name)?;
    let no_address = match lookup.fact.outcome {
        LookupOutcome::NotFound => false,
        LookupOutcome::NoData => true,
        _ => return None,
    };
    if case.is_shut_in() {
        return None;
    }
    let (place, name) = (&case.from.place, &case.to.host);
    let knows = case.good_server().filter(|(_, did)| matches!(did, Did::Answered(_)));
    let host_knows = case.host_answer().filter(|(_, did)| matches!(did, Did::Answered(_)));
    let (beside, fixes) = match (&knows, &host_knows) {
        (Some((server, Did::Answered(addresses))), _) => (
            format!(
                " {server} does know it{}, but a lookup ends with the first server that has an answer, and no is an answer.",
                at(addresses)
            ),
            change_servers(case, Some(*server), &[]),
        ),
        (None, Some((server, Did::Answered(addresses)))) => (
            format!(" The host finds it{} by asking {server}, which {place} does not ask.", at(addresses)),
            add_host(case, addresses),
        ),
        _ if case.host_answer().is_some() && !case.from_host() => {
            (" The host's own servers say the same.".to_owned(), vec![spelling(case)])
        }
        _ => (String::new(), vec![spelling(case)]),
    };
    let local = name.trim_end_matches('.').to_ascii_lowercase().ends_with(".local");
    let local = if local {
        " Names under .local are found by multicast on the local network (mDNS, RFC 6762), which containers take no part in."
    } else {
        ""
    };
    let says = if no_address { "exists but has no address" } else { "does not exist" };
    let code = if no_address { "an empty answer" } else { "NXDOMAIN" };
    let mut because = case.survey_evidence();
    because.dedup();
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("DNS says that {name} {says}"),
        explanation: format!(
            "No container is called {name}, so the DNS servers of {place} were asked. They work, and their answer is that \
             the name {says} ({code}).{beside}{local}{}",
            case.dns_left_out()
        ),
        because,
        fixes,
    })
}

fn at(addresses: &[std::net::IpAddr]) -> String {
    addresses.first().map(|address| format!(" ({address})")).unwrap_or_default()
}

fn spelling(case: &Case<'_>) -> Fix {
    change(format!("check the spelling of {}", case.to.host))
}

/// A single name needs no other server.
fn add_host(case: &Case<'_>, addresses: &[std::net::IpAddr]) -> Vec<Fix> {
    let Some(address) = addresses.first() else { return Vec::new() };
    let entry = format!("{}:{address}", case.to.host);
    let mut fixes = change_servers(case, None, &[]);
    fixes.insert(
        0,
        recreate_with(case, &format!("--add-host {entry}"), &format!("extra_hosts:\n  - \"{entry}\"")),
    );
    fixes
}
