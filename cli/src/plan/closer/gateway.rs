//! Whether the host answers at the gateway, where its name is not known: the gateway stands for it then.

use std::time::Duration;

use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::Probe;

use super::super::first::WATCH_PUBLISHED;
use super::super::round::{Limits, Round, millis};
use crate::diagnosis::Case;
use crate::report::TargetKind;
use crate::resolve;
use crate::topology::Protocol;

/// How long to try it.
const TIMEOUT: Duration = Duration::from_millis(700);

pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let nameless = case.to.kind == TargetKind::Host && case.name_failed() && case.to.protocol == Protocol::Tcp;
    let gateway = resolve::gateway_of(case.from, case.topology).filter(|_| nameless);
    let (Some(gateway), Some(port)) = (gateway, case.to.port) else { return };
    let timeout_ms = millis(limits.timeout.min(TIMEOUT));
    let ask = TcpAsk { host: gateway.to_string(), port, timeout_ms, watch_ms: millis(WATCH_PUBLISHED) };
    round.ask(&case.from.place, Probe::Tcp(ask));
}
