//! How far the source got: what the connects of a case come to when they are taken together.

use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};
use dprobe_probes::udp::UdpOutcome;

use super::case::{Case, Seen};
use super::listening::Listening;
use crate::report::{SourceKind, TargetKind};
use crate::topology::Protocol;

/// How far the source got at the transport level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Through.
    Yes,
    /// Through, after seconds in which a dead DNS server was waited for.
    Slowly,
    /// On some of the addresses of the name, not on others.
    Partly,
    /// Not through.
    No,
    /// It was not measured, or the measurement does not tell.
    Unknown,
}

impl Case<'_> {
    /// Whether an established connection of the target's own port was no more than an engine's proxy answering for
    /// nobody: through a published port everything connects, also where nothing listens behind it.
    #[must_use]
    pub fn false_open(&self, dial: &TcpFact) -> bool {
        let ended = matches!(dial.after, Some(AfterConnect::Closed { .. } | AfterConnect::Reset { .. }));
        let behind = matches!(self.listening(), Some((_, Listening::Good(_))));
        dial.outcome == TcpOutcome::Connected && ended && self.dials_host() && self.target().is_some() && !behind
    }

    /// Whether the source is the host and the target a container that does not publish the port: whatever answers on
    /// that port of the host is somebody else.
    #[must_use]
    pub fn unpublished(&self) -> bool {
        self.from.kind == SourceKind::Host
            && self.to.kind == TargetKind::Container
            && self.dials_name()
            && !self.target_in_host_mode()
            && self.publication().is_none()
    }

    /// How far the source got at the transport level.
    #[must_use]
    pub fn reach(&self) -> Reach {
        if self.unpublished() {
            return Reach::No;
        }
        if self.proxy_delivers() {
            return Reach::Yes;
        }
        if self.srv_missing().is_some() {
            return Reach::No;
        }
        let reach = match (self.to.port, self.to.protocol) {
            (None, _) => self.reach_host(),
            (Some(_), Protocol::Tcp) => self.reach_tcp(),
            (Some(_), Protocol::Udp) => self.reach_udp(),
        };
        match reach {
            Reach::Yes if self.resolves_slowly() => Reach::Slowly,
            // The agent looks names up as glibc does. What musl finds was not dialled.
            Reach::No if self.found_by_its_libc_only() => Reach::Unknown,
            Reach::No if self.proxy_is_left_open() => Reach::Unknown,
            reach => reach,
        }
    }

    fn reach_host(&self) -> Reach {
        if self.name_failed() {
            return Reach::No;
        }
        match self.ping() {
            Some(ping) if ping.fact.replied => Reach::Yes,
            // Many hosts leave an echo unanswered.
            _ => Reach::Unknown,
        }
    }

    fn reach_tcp(&self) -> Reach {
        let dials = self.dials();
        let through =
            |dial: &Seen<'_, TcpFact>| dial.fact.outcome == TcpOutcome::Connected && !self.false_open(dial.fact);
        if dials.is_empty() {
            return if self.name_failed() { Reach::No } else { Reach::Unknown };
        }
        // Programs try one family after the other (RFC 8305), so one that works as a whole is enough.
        if dials.iter().all(|dial| too_short(dial.fact)) {
            return Reach::Unknown;
        }
        let families = [true, false].map(|v4| {
            let of_family: Vec<_> = dials.iter().filter(|dial| dial.fact.address.is_ipv4() == v4).collect();
            let good = of_family.iter().filter(|dial| through(dial)).count();
            (good, of_family.len())
        });
        if families.iter().any(|(good, all)| *all > 0 && good == all) {
            Reach::Yes
        } else if families.iter().any(|(good, _)| *good > 0) {
            Reach::Partly
        } else {
            Reach::No
        }
    }

    fn reach_udp(&self) -> Reach {
        let datagrams = self.datagrams();
        if datagrams.iter().any(|seen| seen.fact.outcome == UdpOutcome::Replied) {
            return Reach::Yes;
        }
        if datagrams.is_empty() {
            return if self.name_failed() { Reach::No } else { Reach::Unknown };
        }
        if datagrams.iter().all(|seen| matches!(seen.fact.outcome, UdpOutcome::Refused | UdpOutcome::Failed)) {
            return Reach::No;
        }
        // A UDP server owes no answer. With its socket seen, and no error from the way, silence is what health looks like.
        match self.listening() {
            Some((_, Listening::Good(_))) if self.to.kind != TargetKind::Address => Reach::Yes,
            Some((_, Listening::Good(_))) | None => Reach::Unknown,
            Some(_) => Reach::No,
        }
    }

    /// Whether the source gets through at the transport level, at least on some addresses.
    #[must_use]
    pub fn gets_through(&self) -> bool {
        matches!(self.reach(), Reach::Yes | Reach::Slowly | Reach::Partly)
    }
}

/// Whether a connect was given up before the kernel would have sent its SYN a second time (1 s, RFC 6298): that it had no
/// answer by then proves nothing.
fn too_short(dial: &TcpFact) -> bool {
    dial.outcome == TcpOutcome::TimedOut && dial.connect_ms < 900.0
}
