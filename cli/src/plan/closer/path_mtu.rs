//! How long a packet may be on the way to a target that answers short ones and loses long ones.

use dprobe_probes::ping::PingAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round};
use crate::diagnosis::Case;

/// How long to wait for an answer, in milliseconds.
const TIMEOUT_MS: u64 = 600;

/// Lengths of packets on either side of what tunnels leave: the least that IPv4 and IPv6 have to carry (RFC 791, RFC 8200),
/// and what is left by VPNs, by VXLAN, by cloud networks and by lines that are dialled up.
const LENGTHS: [u16; 10] = [576, 1280, 1300, 1360, 1380, 1400, 1420, 1450, 1460, 1492];

/// The length of the headers of an echo with those of IPv4.
const HEADERS: u16 = 28;

pub(super) fn ask(round: &mut Round, case: &Case<'_>, _: Limits) {
    let host = &case.to.host;
    if case.loses_long_packets() {
        // Once more, with patience: on a busy host the first may only have been late.
        let again = PingAsk { host: host.clone(), timeout_ms: 2 * TIMEOUT_MS, size: 0, fill: true };
        round.ask(&case.from.place, Probe::Ping(again));
        for length in LENGTHS {
            let ask = PingAsk { host: host.clone(), timeout_ms: TIMEOUT_MS, size: length - HEADERS, fill: false };
            round.ask(&case.from.place, Probe::Ping(ask));
        }
    } else if case.stalls() {
        // To a place outside no echo is sent before there is a reason.
        for fill in [false, true] {
            let ask = PingAsk { host: host.clone(), timeout_ms: TIMEOUT_MS, size: 0, fill };
            round.ask(&case.from.place, Probe::Ping(ask));
        }
    }
}
