//! Whether the name would have come to something else: with another C library, or without a wildcard in the search list.

use std::time::Duration;

use dprobe_probes::dns::DnsAsk;
use dprobe_probes::lookup::MuslLookupAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::{Case, WILDCARD_LABEL};

/// How long to wait for the server that has just answered.
const TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    if case.musl_may_differ() && case.musl_lookup().is_none() {
        let ask = MuslLookupAsk { name: case.to.host.clone(), timeout_ms: millis(limits.timeout) };
        round.ask(&case.from.place, Probe::LookupMusl(ask));
    }
    if let Some((server, domain)) = case.search_answer() {
        let names = vec![format!("{WILDCARD_LABEL}.{domain}")];
        let timeout_ms = millis(limits.timeout.min(TIMEOUT));
        round.ask(&case.from.place, Probe::Dns(DnsAsk { servers: vec![server], names, timeout_ms }));
    }
}
