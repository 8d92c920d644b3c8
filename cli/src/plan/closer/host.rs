//! What the host listens on, where the host is dialled in vain or has taken the port of the target; its interfaces and
//! routes, where an address in one of the engine's subnets is dialled so.

use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round};
use super::is_blocked;
use crate::diagnosis::Case;
use crate::report::TargetKind;
use crate::resolve::HOST;

pub(super) fn ask(round: &mut Round, case: &Case<'_>, _: Limits) {
    let on_host = matches!(case.to.kind, TargetKind::Host | TargetKind::Loopback) || case.from_host();
    let wanted = (on_host && is_blocked(case) && case.to.port.is_some()) || case.publishing_failed();
    if wanted && case.from.place != HOST {
        round.ask(HOST, Probe::Listeners);
    }
    // Outside has a question of its own.
    if is_blocked(case) && !case.to_outside() && (case.lost() || case.to.kind == TargetKind::Address) {
        round.ask(HOST, Probe::Network);
    }
}
