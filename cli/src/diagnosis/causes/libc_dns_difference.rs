//! `libc-dns-difference`: musl and glibc walk servers and search lists differently, and come to different ends.

use std::net::IpAddr;

use dprobe_probes::lookup::{DnsOutcome, LookupFact, LookupOutcome};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{joined, recreate_with};
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Fix, Severity, StageName};
use crate::topology::Libc;

pub(super) const CAUSE: Cause = Cause {
    code: "libc-dns-difference",
    summary: "the source's image uses musl (Alpine), which finds something else for this name than glibc does",
    page: r"
The same `/etc/resolv.conf` means different things to the two C libraries. glibc asks the servers one after the other and
goes through the search list whatever happens. musl, the library of Alpine, asks all servers at once and believes the first
that answers; it never uses the search list for a name with as many dots as `ndots` says; a search domain in which the name
exists without an address ends its search; and an `NXDOMAIN` for one record type counts for the name.

Where all servers know the same and names are written in full, none of this shows.

## How dprobe knows

Both walks are made from the source's network: glibc's (`__res_context_search` and `__res_context_send`) and that of musl
1.2.4 and newer (`name_from_dns_search` and `__res_msend_rc`). They came to different ends, and the source's file system has
musl in it. A program that brings a resolver of its own, as programs in Go do, follows neither.

## Why it happens

Two servers that know different names: the company's and a public one, side by side in `resolv.conf`. glibc asks the second
only when the first is silent; musl takes whichever is faster, so that it works now and then. Or a short name with a dot in
it, such as `db.prod`, that was meant to get a search domain.

## How to fix it

One server that knows everything, or several that know the same:

    docker run --dns ADDRESS …

and names written in full, `db.prod.corp.test` instead of `db.prod`.

## How to reproduce it

    docker run -d --name web --dns ADDRESS1 --dns ADDRESS2 alpine sleep 1d
    dprobe check web https://api.example.test

with two servers of which only the first knows the name, and the second is faster.

Related: dns-name-not-found, dns-first-server-dead, search-domain-shadow
",
    yields_to: &["search-domain-shadow"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source().filter(|source| source.libc == Some(Libc::Musl))?;
    let (glibc, musl) = (case.lookup()?, case.musl_lookup()?);
    if !case.walks_differ() {
        return None;
    }
    let found = |fact: &LookupFact| fact.outcome == LookupOutcome::Found;
    let finds = |fact: &LookupFact| match fact.outcome {
        LookupOutcome::Found => {
            let addresses: Vec<IpAddr> = fact.answers.iter().take(2).map(|answer| answer.address).collect();
            format!("finds {}", joined(&addresses))
        }
        LookupOutcome::NotFound => "is told that the name does not exist".to_owned(),
        LookupOutcome::NoData => "finds no address".to_owned(),
        _ => "gets no answer".to_owned(),
    };
    let why = why(case, glibc.fact, musl.fact);
    // What musl finds and glibc does not is the fault of whoever tries it elsewhere, not of this container.
    let severity = if found(musl.fact) && !found(glibc.fact) { Severity::Warning } else { Severity::Error };
    let name = &case.to.host;
    let mut because = vec![glibc.id.to_owned(), musl.id.to_owned(), Case::container_evidence(source)];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity,
        stage: StageName::Name,
        title: format!("musl in {} {}, where glibc {}", source.name, finds(musl.fact), finds(glibc.fact)),
        explanation: format!(
            "The image of {} uses musl (Alpine). For {name} it {}, where a program with glibc (Debian and most others) {}.{why} \
             Programs with a resolver of their own, as in Go, may see either.",
            source.name,
            finds(musl.fact),
            finds(glibc.fact),
        ),
        because,
        fixes: fixes(case, glibc.fact, musl.fact),
    })
}

/// The full name under which a walk found the name, where it is another than the one that was asked for.
fn full_name<'a>(case: &Case<'_>, fact: &'a LookupFact) -> Option<&'a str> {
    let query = fact.queries.iter().find(|query| query.outcome == DnsOutcome::Answered)?;
    (query.question != case.to.host.trim_end_matches('.')).then_some(query.question.as_str())
}

/// Whether the servers said different things of one and the same question.
fn servers_disagree(musl: &LookupFact) -> bool {
    musl.queries.iter().any(|one| {
        one.outcome == DnsOutcome::NxDomain
            && musl.queries.iter().any(|other| {
                other.server != one.server && other.question == one.question && other.outcome == DnsOutcome::Answered
            })
    })
}

fn why(case: &Case<'_>, glibc: &LookupFact, musl: &LookupFact) -> String {
    let servers = case.resolver().map_or(0, |seen| seen.fact.nameservers.len());
    if let Some(full) = full_name(case, glibc).filter(|_| servers < 2) {
        return format!(" glibc finds it as {full}, with a search domain after it, which musl does not come to.");
    }
    let again = if servers_disagree(musl) { " The servers say different things, so with musl it works now and then." } else { "" };
    if servers > 1 {
        return format!(
            " glibc asks the {servers} DNS servers in order; musl asks all at once and believes the first that answers.{again}"
        );
    }
    " musl takes an error for one of the record types A and AAAA for the name's.".to_owned()
}

fn fixes(case: &Case<'_>, glibc: &LookupFact, musl: &LookupFact) -> Vec<Fix> {
    let mut fixes = Vec::new();
    if let Some(full) = full_name(case, glibc) {
        let address = case.to.port.map_or_else(|| full.to_owned(), |port| crate::diagnosis::address::host_port(full, port));
        fixes.push(dial("write the name in full", address));
    }
    let answered = |fact: &LookupFact| {
        fact.queries.iter().find(|query| query.outcome == DnsOutcome::Answered).map(|query| query.server)
    };
    let servers = case.resolver().map_or(0, |seen| seen.fact.nameservers.len());
    if let Some(server) = answered(glibc).or(answered(musl)).filter(|_| servers > 1) {
        let mut fix = recreate_with(case, &format!("--dns {server}"), &format!("dns:\n  - {server}"));
        fix.title = format!("{} and no other server: it is the one that knows the name", fix.title);
        fixes.push(fix);
    }
    if fixes.is_empty() {
        fixes.push(change("have the DNS server answer A and AAAA alike: an empty answer where there is no address, not an error"));
    }
    fixes
}
