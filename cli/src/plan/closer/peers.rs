//! Who else serves the port, where the dialled address is likely the wrong one.

use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use super::is_blocked;
use crate::diagnosis::Case;
use crate::report::TargetKind;
use crate::topology::Protocol;

/// How long to try each of the containers that may have been meant.
const TIMEOUT: Duration = Duration::from_millis(700);
/// At most so many of them.
const MAX_PEERS: usize = 32;

/// Dials the port on every container around the source: one of them is likely the one that was meant.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let by_address = case.to.host.parse::<IpAddr>().is_ok();
    let wrong_place = matches!(case.to.kind, TargetKind::Loopback | TargetKind::Address | TargetKind::Host)
        || (by_address && case.to.kind == TargetKind::Container);
    let Some(port) = case.to.port else { return };
    if !wrong_place || case.from_host() || case.to.protocol != Protocol::Tcp || !is_blocked(case) {
        return;
    }
    let timeout_ms = millis(limits.timeout.min(TIMEOUT));
    let networks = case.source_networks();
    let dialled = case.dialled_addresses();
    case.topology
        .containers
        .values()
        .filter(|container| {
            container.state.status.has_processes() && Some(&container.name) != case.from.container.as_ref()
        })
        .filter_map(|container| {
            networks.iter().find_map(|network| container.attachments.get(*network)?.addresses().next())
        })
        .filter(|address| !dialled.contains(address))
        .take(MAX_PEERS)
        .for_each(|address| {
            let ask = TcpAsk { host: address.to_string(), port, timeout_ms, watch_ms: 0 };
            round.ask(&case.from.place, Probe::Tcp(ask));
        });
}
