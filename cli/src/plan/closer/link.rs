//! Whether anybody on the link has the address, where a connect to a neighbour comes to nothing. A neighbour that answers
//! ARP and not a SYN is behind a filter; one that does not answer ARP either is not there.

use std::net::{IpAddr, Ipv4Addr};

use dprobe_probes::arp::ArpAsk;
use dprobe_probes::tcp::TcpOutcome;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round};
use super::is_blocked;
use crate::diagnosis::Case;

/// How long to wait for an answer, in milliseconds. A neighbour on a bridge takes microseconds.
const TIMEOUT_MS: u64 = 400;

pub(super) fn ask(round: &mut Round, case: &Case<'_>, _: Limits) {
    if !is_blocked(case) || case.from_host() || case.same_namespace() {
        return;
    }
    for dial in case.dials() {
        let lost = matches!(dial.fact.outcome, TcpOutcome::TimedOut | TcpOutcome::HostUnreachable);
        let IpAddr::V4(address) = dial.fact.address else { continue };
        if lost && is_neighbour(case, address) {
            round.ask(&case.from.place, Probe::Arp(ArpAsk { address, timeout_ms: TIMEOUT_MS }));
        }
    }
}

/// Whether an address is on one of the source's own links.
fn is_neighbour(case: &Case<'_>, address: Ipv4Addr) -> bool {
    let network = case.topology.network_of(address.into());
    network.is_some_and(|network| case.source_networks().contains(&network))
}
