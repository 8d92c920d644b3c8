//! `source-ports-exhausted`: the source has no port left to connect from.

use dprobe_probes::errno::Errno;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "source-ports-exhausted",
    summary: "the source has used up its ports for connections to this target",
    page: r"
Each connection needs a port at the source's end, too, out of a range that the kernel sets. A program that opens a new
connection for every request and closes it at once leaves each port in `TIME_WAIT` for a minute; one that never closes
leaks them. When all are in use, connecting fails with `cannot assign requested address`.

## How dprobe knows

The connect fails with `EADDRNOTAVAIL` although the source has an address and a way to the target: what is missing is a
port. The range is read from `net.ipv4.ip_local_port_range` of the source's own namespace.

## Why it happens

No connection pool, or one that is not reused; or a range that was made small.

## How to fix it

Restart the source to free what leaked, and widen the range when it is small:

    docker run --sysctl net.ipv4.ip_local_port_range='1024 65535' …

For good: reuse connections (keep-alive, a pool), and close what is not needed.

## How to reproduce it

    docker run -d --name db --network favorites-net postgres
    docker run -d --name web --network favorites-net --sysctl net.ipv4.ip_local_port_range='50000 50001' …
    (open two connections from web to db:5432 and keep them)

Related: firewall-drop, accept-queue-full
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let dials = case.dials();
    let exhausted = dials
        .iter()
        .find(|dial| dial.fact.errno == Some(Errno::AddressNotAvailable) && dial.fact.address.is_ipv4())
        .filter(|_| !case.gets_through())?;
    let network = case.network_in(&case.from.place);
    let range = network.and_then(|seen| seen.fact.local_port_range);
    let place = &case.from.place;
    let ports = range.map_or_else(
        || "the whole range of them".to_owned(),
        |(first, last)| format!("all {} of them ({first} to {last})", u32::from(last.saturating_sub(first)) + 1),
    );
    let mut because = vec![exhausted.id.to_owned()];
    because.extend(network.map(|seen| seen.id.to_owned()));
    let mut fixes = Vec::new();
    if let Some(source) = case.source() {
        because.push(Case::container_evidence(source));
        fixes.push(run(
            format!("restart {place}, which frees its ports"),
            vec![command(&["docker", "restart", &source.name])],
        ));
        if range.is_some_and(|(first, last)| last.saturating_sub(first) < 10_000) {
            fixes.push(change("recreate it with `--sysctl net.ipv4.ip_local_port_range='1024 65535'`"));
        }
    }
    fixes.push(change("for good, let its program reuse connections (a pool, keep-alive) and close those it does not need"));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tcp,
        title: format!("{place} has no port left to connect from"),
        explanation: format!(
            "Each connection takes a port at {place}'s own end, and for {} it has used up {ports}: connecting fails with \
             `cannot assign requested address` before anything is sent. The target has nothing to do with it.",
            case.address_text()
        ),
        because,
        fixes,
    })
}
