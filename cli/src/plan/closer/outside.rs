//! Whether the host itself gets through to a place outside that the source does not reach, and how the host forwards.

use std::time::Duration;

use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use super::is_blocked;
use crate::diagnosis::Case;
use crate::resolve::HOST;
use crate::topology::Protocol;

/// How long the host may try.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    // A name of one word is a container's that is misspelt, not one of the outside.
    let outside = case.to_outside() && (!case.dials_name() || case.to.host.contains('.'));
    if !outside || !is_blocked(case) || !case.from_container() {
        return;
    }
    round.ask(HOST, Probe::Network);
    round.ask(HOST, Probe::Resolver);
    if let Some(port) = case.to.port.filter(|_| case.to.protocol == Protocol::Tcp) {
        let timeout_ms = millis(limits.timeout.min(TIMEOUT));
        round.ask(HOST, Probe::Tcp(TcpAsk { host: case.to.host.clone(), port, timeout_ms, watch_ms: 0 }));
    }
}
