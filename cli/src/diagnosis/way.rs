//! The questions about the way between the source and the address it dials: what is lost on it, and who answers.

use std::net::IpAddr;

use dprobe_probes::arp::ArpFact;
use dprobe_probes::errno::Errno;
use dprobe_probes::firewall::FirewallFact;
use dprobe_probes::http::HttpFact;
use dprobe_probes::listeners::{ListenerSocket, ListenersSource};
use dprobe_probes::network::NetworkFact;
use dprobe_probes::ping::PingFact;
use dprobe_probes::tcp::{TcpFact, TcpOutcome};
use dprobe_probes::wire::Fact;

use super::case::{Case, Seen};
use super::listening::Listening;
use super::reach::Reach;
use crate::report::TargetKind;
use crate::resolve::{self, HOST};
use crate::topology::{Network, Proxy};

/// How fast an error comes that somebody sent. The kernel's own, that nobody on the link has the address, takes seconds.
const AT_ONCE_MS: f64 = 1000.0;

impl<'a> Case<'a> {
    /// The echoes of the dialled host.
    #[must_use]
    pub fn pings(&self) -> Vec<Seen<'a, PingFact>> {
        let host = self.to.host.as_str();
        self.seen(&self.from.place, |fact| match fact {
            Fact::Ping(fact) if fact.host == host => Some(fact),
            _ => None,
        })
        .collect()
    }

    /// The shortest echo of the dialled host.
    #[must_use]
    pub fn ping(&self) -> Option<Seen<'a, PingFact>> {
        self.pings().into_iter().min_by_key(|ping| ping.fact.size)
    }

    /// Whether short packets come back from the target and long ones are lost without a word. An error that says so is how
    /// it should be: the kernel then sends shorter ones.
    #[must_use]
    pub fn loses_long_packets(&self) -> bool {
        let pings = self.pings();
        let Some(longest) = pings.iter().map(|ping| ping.fact.size).max().filter(|size| *size >= 1000) else {
            return false;
        };
        let short = pings.iter().any(|ping| ping.fact.replied && ping.fact.size < 1000);
        // One that was tried again and came back was late the first time.
        short
            && pings
                .iter()
                .filter(|ping| ping.fact.size == longest)
                .all(|ping| !ping.fact.replied && ping.fact.errno.is_none())
    }

    /// Whether the target takes the connection and then nothing more comes of what was asked.
    #[must_use]
    pub fn stalls(&self) -> bool {
        let unanswered = |http: Seen<'_, HttpFact>| {
            http.fact.failure.as_ref().is_some_and(|failure| failure.errno == Some(Errno::TimedOut))
        };
        self.reach() == Reach::Yes && self.http().is_some_and(unanswered)
    }

    /// Whether a connect came to nothing without the target itself having said so: silence, or no way there.
    #[must_use]
    pub fn lost(&self) -> bool {
        self.dials().iter().any(|dial| {
            matches!(
                dial.fact.outcome,
                TcpOutcome::TimedOut | TcpOutcome::HostUnreachable | TcpOutcome::NetworkUnreachable
            )
        })
    }

    /// What the packet filter of a place held, as often as it was read.
    pub(super) fn firewalls(&self, place: &'a str) -> impl Iterator<Item = Seen<'a, FirewallFact>> {
        self.seen(place, |fact| match fact {
            Fact::Firewall(fact) => Some(fact),
            _ => None,
        })
    }

    /// What the answers to ARP requests for an address were, asked from the source.
    #[must_use]
    pub fn arp(&self, address: IpAddr) -> Option<Seen<'a, ArpFact>> {
        self.seen(&self.from.place, |fact| match fact {
            Fact::Arp(fact) if address == fact.address => Some(fact),
            _ => None,
        })
        .last()
    }

    /// Whether the source and the target container have no network in common, so that no packet is meant to pass.
    #[must_use]
    pub fn parted(&self) -> bool {
        self.to.kind == TargetKind::Container
            && self.from_container()
            && !self.same_namespace()
            && !self.target_in_host_mode()
            && self.shared_networks().is_empty()
    }

    /// The connects that were left unanswered.
    #[must_use]
    pub fn unanswered(&self) -> Vec<Seen<'a, TcpFact>> {
        self.dials().into_iter().filter(|dial| dial.fact.outcome == TcpOutcome::TimedOut).collect()
    }

    /// The connects that somebody refused at once, with a RST or an ICMP error.
    #[must_use]
    pub fn rejected(&self) -> Vec<Seen<'a, TcpFact>> {
        let refusal = |fact: &TcpFact| match fact.outcome {
            TcpOutcome::Refused => true,
            TcpOutcome::HostUnreachable | TcpOutcome::NetworkUnreachable => fact.connect_ms < AT_ONCE_MS,
            // What a RST within the handshake's first moments, or a rule on the way out, comes to.
            TcpOutcome::Failed => matches!(fact.errno, Some(Errno::ConnectionReset | Errno::NotPermitted)),
            TcpOutcome::TimedOut | TcpOutcome::Connected => false,
        };
        self.dials().into_iter().filter(|dial| refusal(dial.fact)).collect()
    }

    /// The connects to an address that nobody on the link has: the kernel asked for seconds and had no answer.
    #[must_use]
    pub fn unclaimed(&self) -> Vec<Seen<'a, TcpFact>> {
        let slow = |fact: &TcpFact| fact.outcome == TcpOutcome::HostUnreachable && fact.connect_ms >= AT_ONCE_MS;
        self.dials().into_iter().filter(|dial| slow(dial.fact)).collect()
    }

    /// The socket that should take the connection and whose queue of connections to accept is full.
    #[must_use]
    pub fn full_queue(&self) -> Option<(&'a str, &'a ListenerSocket)> {
        let (seen, Listening::Good(socket)) = self.listening()? else { return None };
        let known = seen.fact.source == ListenersSource::SockDiag;
        // The kernel takes one more than the program asked for (listen(2)).
        (known && socket.queue > socket.backlog).then_some((seen.id, socket))
    }

    /// Whether the socket that should take the connection is there.
    #[must_use]
    pub fn listens_well(&self) -> bool {
        matches!(self.listening(), Some((_, Listening::Good(_))))
    }

    /// The network through which the source leaves for the outside, by its key: the one its default gateway is on.
    #[must_use]
    pub fn egress(&self) -> Option<(&'a str, &'a Network)> {
        let seen = self.network_in(&self.from.place)?;
        let gateway = seen.fact.default_gateway()?;
        let own = self.source_networks();
        let holds = |key: &&&str| {
            let network = self.topology.networks.get(**key);
            network.is_some_and(|network| network.subnets.iter().any(|subnet| subnet.range.contains(&gateway)))
        };
        let key = own.iter().find(holds).copied()?;
        self.topology.networks.get_key_value(key).map(|(key, network)| (key.as_str(), network))
    }

    /// Whether the source wants to leave for a place outside and nothing comes of it: no connect is answered, or no DNS
    /// server outside is.
    #[must_use]
    pub fn is_kept_inside(&self) -> bool {
        let speechless = self.name_failed() && !self.name_denied();
        // A name of one word is a container's that is misspelt, not one of the outside.
        let named = !self.dials_name() || self.to.host.contains('.');
        let kept = named && self.to_outside() && self.from_container() && !self.gets_through();
        kept && (self.lost() || speechless) && !self.proxy_is_left_open()
    }

    /// What the host itself came to when it dialled the same.
    #[must_use]
    pub fn host_dials(&self) -> Vec<Seen<'a, TcpFact>> {
        let (host, port) = (self.to.host.as_str(), self.to.port);
        self.seen(HOST, |fact| match fact {
            Fact::TcpConnect(fact) if fact.host == host && Some(fact.port) == port => Some(fact),
            _ => None,
        })
        .collect()
    }

    /// The interfaces, routes and sysctls of the host.
    #[must_use]
    pub fn host_network(&self) -> Option<Seen<'a, NetworkFact>> {
        self.network_in(HOST)
    }

    /// The request that went the way which the source's environment names: through a proxy.
    #[must_use]
    pub fn proxied(&self) -> Option<Seen<'a, HttpFact>> {
        let url = self.to.url.as_deref()?;
        self.seen(&self.from.place, |fact| match fact {
            Fact::Http(fact) if fact.url == url && fact.via.is_some() => Some(fact),
            _ => None,
        })
        .last()
    }

    /// Whether the source's process gets its answer through a proxy. Answers that a proxy gives itself (RFC 9110, sections
    /// 15.5.4, 15.5.8 and 15.6.3 and following) are none of the target, unless it only made the connection.
    #[must_use]
    pub fn proxy_delivers(&self) -> bool {
        self.proxied().is_some_and(|seen| {
            let made = seen.fact.tls.is_some() || seen.fact.via.as_ref().is_some_and(|via| via.kind.is_socks());
            let own = matches!(seen.fact.status, Some(403 | 407 | 502 | 503 | 504));
            seen.fact.failure.is_none() && seen.fact.status.is_some() && (made || !own)
        })
    }

    /// Whether the proxy wants to know who asks, and the source's environment has a login for it, which dprobe does not use:
    /// what came of the request says nothing of the source's own.
    #[must_use]
    pub fn proxy_is_left_open(&self) -> bool {
        self.proxied().is_some_and(|seen| seen.fact.proxy_wants_login())
            && self.proxy().is_some_and(|proxy| proxy.login)
    }

    /// The exchange that is most like the source's own: through the proxy where that delivers, else directly.
    #[must_use]
    pub fn own_http(&self) -> Option<Seen<'a, HttpFact>> {
        self.proxied().filter(|_| self.proxy_delivers()).or_else(|| self.http())
    }

    /// The proxy that the source's process is told to use for this target.
    #[must_use]
    pub fn proxy(&self) -> Option<&'a Proxy> {
        resolve::proxy(self.from, self.to, self.topology)
    }

    /// Why the packet filter of the host was not read, where that was wanted.
    #[must_use]
    pub fn filter_unread(&self) -> Option<&'a str> {
        self.seen_unfinished(HOST, "firewall")
    }
}
