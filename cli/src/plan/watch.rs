//! Which connects are worth watching with the packet filter's counters: those that fail in a way that a filter's rule
//! would explain and that nothing else does.

use std::time::Duration;

use dprobe_probes::tcp::{TcpAsk, TcpOutcome};
use dprobe_probes::udp::UdpAsk;
use dprobe_probes::wire::Probe;

use super::round::millis;
use crate::diagnosis::{Case, Listening};
use crate::topology::Protocol;

/// How long to try again: long enough for a second SYN (1 s, RFC 6298), which a rule that drops catches as well.
const AGAIN: Duration = Duration::from_millis(1200);

/// The connect to try again while counters are watched; none where there is nothing to find out.
#[must_use]
pub fn worth_watching(case: &Case<'_>) -> Option<Probe> {
    let (host, port) = (case.to.host.clone(), case.to.port?);
    if case.gets_through() || case.unpublished() || !case.measured() || case.parted() {
        return None;
    }
    if case.to.protocol == Protocol::Udp {
        let silent = !case.datagrams().is_empty() && !matches!(case.listening(), Some((_, Listening::Nothing)));
        return silent.then_some(Probe::Udp(UdpAsk { host, port, timeout_ms: millis(AGAIN) }));
    }
    let refused_for_a_reason = match case.listening().or_else(|| case.host_listening()) {
        Some((_, Listening::Good(_))) | None => false,
        Some(_) => true,
    };
    let puzzling = case.dials().iter().any(|dial| match dial.fact.outcome {
        TcpOutcome::TimedOut | TcpOutcome::HostUnreachable | TcpOutcome::NetworkUnreachable => true,
        TcpOutcome::Refused | TcpOutcome::Failed => !refused_for_a_reason,
        TcpOutcome::Connected => false,
    });
    puzzling.then_some(Probe::Tcp(TcpAsk { host, port, timeout_ms: millis(AGAIN), watch_ms: 0 }))
}
