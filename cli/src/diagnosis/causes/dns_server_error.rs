//! `dns-server-error`: the DNS servers of the source answer with an error.

use dprobe_probes::lookup::LookupOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{fixes, listed};
use crate::diagnosis::servers::Did;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "dns-server-error",
    summary: "the DNS servers that the source uses answer with SERVFAIL, REFUSED or nonsense",
    page: r"
The DNS server is there and says that it will not or can not answer: `REFUSED` (it does not serve you), `SERVFAIL` (it tried
and failed), or something that is no answer. Programs report a temporary failure at once.

## How dprobe knows

Each server behind the lookup was asked on its own, for the name and for `localhost`. None had an answer to the name, and at
least one gave an error; its response code is in the report. If `localhost` was answered well, the server itself works, and
it is the name that it fails for.

## Why it happens

`REFUSED` comes from servers that answer only some networks, and from servers that know only their own zones. `SERVFAIL`
comes from a forwarder whose own upstream is gone, or for a single domain whose servers are down or badly signed (DNSSEC).

## How to fix it

Give the container a server that answers for it: `docker run --dns ADDRESS …`, `dns:` in compose, or `dns` in
`/etc/docker/daemon.json` for all containers. If only this name fails, the fault is with the domain or with the server's
upstream: ask whoever runs them.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net --dns ADDRESS nginx
    dprobe check web https://api.example.test

with the address of a DNS server that refuses strangers.

Related: dns-server-unreachable, dns-name-not-found
",
    yields_to: &["internal-network", "source-network-none", "embedded-dns-broken", "libc-dns-difference"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.name_failed() && case.to.kind == TargetKind::Name)?;
    let survey = case.survey();
    // A server that is silent about this name alone has failed at it, too.
    let fails = |did: &Did| did.is_there() && !did.is_usable();
    if lookup.fact.outcome != LookupOutcome::TemporaryFailure
        || survey.iter().any(|(_, did)| did.is_usable())
        || !survey.iter().any(|(_, did)| fails(did))
        || case.is_shut_in()
    {
        return None;
    }
    let place = &case.from.place;
    let this_name_only = survey.iter().filter(|(_, did)| fails(did)).all(|(_, did)| {
        matches!(did, Did::Error { always: false, .. } | Did::Silent { always: false })
    });
    let meaning = if this_name_only {
        " It answers other names, so the fault lies with this domain or with what the server asks for it."
    } else {
        " Whatever the name is, it gets no answer there."
    };
    let title = if this_name_only {
        format!("the DNS server of {place} fails for {}", case.to.host)
    } else {
        format!("the DNS server of {place} answers with an error")
    };
    Some(Found {
        severity: if case.from_container() && !case.to.host.contains('.') { Severity::Warning } else { Severity::Error },
        stage: StageName::Name,
        title,
        explanation: format!("{} is looked up by the DNS servers of {place}: {}.{meaning}", case.to.host, listed(&survey)),
        because: case.survey_evidence(),
        fixes: fixes(case),
    })
}
