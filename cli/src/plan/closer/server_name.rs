//! Whether a TLS server that ends the handshake with a client which dials an address goes on where it is told a name.

use std::net::IpAddr;

use dprobe_probes::http::HttpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::Case;

/// Asks at the same address by a name that the target has on a network. The short id is none that one would use.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let ended = case.tls().is_some_and(|seen| seen.fact.chain.is_empty() && !seen.fact.faults.is_empty());
    if !ended || case.to.host.parse::<IpAddr>().is_err() {
        return;
    }
    let (Some(url), Some(target)) = (case.to.url.clone(), case.target()) else { return };
    let names = target.attachments.values().flat_map(|attachment| &attachment.names);
    let usable = |name: &&String| !target.id.starts_with(name.as_str()) && **name != target.name;
    let Some(name) = names.clone().find(usable).or_else(|| names.clone().next()) else { return };
    let ask = HttpAsk {
        url,
        timeout_ms: millis(limits.timeout),
        server_name: Some(name.clone()),
        unverified: true,
        ..HttpAsk::default()
    };
    round.ask(&case.from.place, Probe::Http(ask));
}
