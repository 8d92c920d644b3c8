//! What each DNS server behind a lookup says, where the lookup failed or took long: a lookup ends with the first answer, and
//! Docker's resolver hides which of the servers behind it gave it.
//!
//! They are asked from where the source's lookups ask them, and from the host, which tells a dead server from a blocked way.

use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::dns::DnsAsk;
use dprobe_probes::lookup::{LookupFact, LookupOutcome};
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::{CONTROL, Case, Seen};
use crate::report::TargetKind;
use crate::resolve::HOST;

/// How long to wait for each server. Those that are asked have mostly been silent for seconds already.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A lookup that takes longer than this has waited for a server.
const LONG_MS: f64 = 1000.0;
/// The most full names of one lookup that are asked for again.
const MAX_NAMES: usize = 3;

pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let Some(lookup) = case.lookup().filter(|lookup| is_open(case, lookup)) else { return };
    let mut names: Vec<String> = Vec::new();
    for query in &lookup.fact.queries {
        if !names.contains(&query.question) && names.len() < MAX_NAMES {
            names.push(query.question.clone());
        }
    }
    names.push(CONTROL.to_owned());
    let servers = case.servers();
    let own = servers.iter().filter(|server| !server.from_host).map(|server| server.address);
    if case.from_host() {
        let own = own.collect();
        return survey(round, case, &case.from.place, own, names, limits);
    }
    round.ask(HOST, Probe::Resolver);
    let of_host = case.host_servers();
    let reachable = of_host.iter().copied().filter(|server| !server.is_loopback());
    survey(round, case, &case.from.place, own.chain(reachable).collect(), names.clone(), limits);
    let elsewhere = servers.iter().filter(|server| server.from_host || !server.address.is_loopback());
    let elsewhere = elsewhere.map(|server| server.address).chain(of_host).collect();
    survey(round, case, HOST, elsewhere, names, limits);
}

/// Asks those servers that nobody has asked from there yet.
fn survey(round: &mut Round, case: &Case<'_>, place: &str, servers: Vec<IpAddr>, names: Vec<String>, limits: Limits) {
    let mut open: Vec<IpAddr> = Vec::new();
    for server in servers {
        if case.said(place, server).is_none() && !open.contains(&server) {
            open.push(server);
        }
    }
    if !open.is_empty() {
        let timeout_ms = millis(limits.timeout.min(TIMEOUT));
        round.ask(place, Probe::Dns(DnsAsk { servers: open, names, timeout_ms }));
    }
}

/// Whether the servers may be to blame. A name of one word that does not exist is settled, whoever said so: if it is
/// anybody's, it is a container's. A container's name never gets to them.
fn is_open(case: &Case<'_>, lookup: &Seen<'_, LookupFact>) -> bool {
    if lookup.fact.queries.is_empty() || case.to.kind != TargetKind::Name || case.embedded_is_gone() {
        return false;
    }
    if !case.name_failed() {
        return lookup.fact.outcome == LookupOutcome::Found && lookup.took_ms > LONG_MS;
    }
    let said_no = matches!(lookup.fact.outcome, LookupOutcome::NotFound | LookupOutcome::NoData);
    !(said_no && case.from_container() && !case.to.host.contains('.'))
}
