//! `dns-first-server-dead`: every lookup waits for a dead server before another answers.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::dns_fixes::{change_servers, joined};
use crate::diagnosis::servers::EMBEDDED_WAIT_S;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "dns-first-server-dead",
    summary: "the first DNS server is dead, and every lookup waits seconds for it",
    page: r"
DNS servers are asked in order, and the next one only after the one before has been silent for a while: five seconds with
glibc, four with Docker's resolver. When the first of them is dead, every lookup takes that long. Nothing fails outright;
everything is slow, and programs with a shorter patience report a timeout.

## How dprobe knows

Each server behind the lookup was asked on its own: the first gave no answer to anything, a later one did. The lookup itself
took seconds, or did not end in the time it had.

## Why it happens

The server of a VPN that is not connected stands first in the list. An old address was left in `--dns`, in `daemon.json`, or
in the host's `/etc/resolv.conf`, which containers inherit.

## How to fix it

Take the dead server out of the list, or put it last: in `--dns` or `dns:` of the container, where it has its own list; in
`/etc/docker/daemon.json` or the host's `/etc/resolv.conf` otherwise.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net --dns 198.51.100.53 --dns ADDRESS nginx
    dprobe check web https://api.example.test

with the address of a DNS server that works.

Related: dns-server-unreachable, libc-dns-difference
",
    yields_to: &["embedded-dns-broken"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.to.kind == TargetKind::Name)?;
    let (dead, (good, did)) = case.dead_first_servers()?;
    if lookup.took_ms < 1000.0 {
        return None;
    }
    let place = &case.from.place;
    let each = if case.uses_embedded() {
        EMBEDDED_WAIT_S
    } else {
        case.resolver().map_or(5, |seen| seen.fact.timeout_s.max(1))
    };
    let wait = u64::from(each) * u64::try_from(dead.len()).unwrap_or(1);
    let who = if case.uses_embedded() { "Docker's resolver" } else { "a program" };
    let list = joined(&dead);
    let not = if dead.len() > 1 { "do" } else { "does" };
    let end = if case.name_failed() {
        format!("Here the lookup gave up before {good}, which {}, was heard.", did.words())
    } else {
        format!("Only then is {good} asked, which answers.")
    };
    Some(Found {
        severity: severity(case),
        stage: StageName::Name,
        title: format!("every lookup waits for {list}, which {not} not answer"),
        explanation: format!(
            "The DNS servers of {place} are asked in order, and {list} {not} not answer. {who} waits {each} seconds for each \
             dead server, so a lookup takes {wait} seconds or more. {end}",
        ),
        because: case.survey_evidence(),
        fixes: change_servers(case, Some(good), &dead),
    })
}

fn severity(case: &Case<'_>) -> Severity {
    let misspelt = case.from_container() && !case.to.host.contains('.') && case.name_failed();
    if misspelt { Severity::Warning } else { Severity::Error }
}
