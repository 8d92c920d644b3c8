//! One check, with everything that is known about it, and the questions that causes ask of it.

use std::net::IpAddr;

use dprobe_probes::dns::DnsFact;
use dprobe_probes::http::HttpFact;
use dprobe_probes::listeners::ListenersFact;
use dprobe_probes::lookup::{DnsOutcome, LookupFact, LookupOutcome};
use dprobe_probes::network::NetworkFact;
use dprobe_probes::resolver::ResolverFact;
use dprobe_probes::tcp::{TcpFact, TcpOutcome};
use dprobe_probes::udp::UdpFact;
use dprobe_probes::wire::{Fact, Observation};

use super::address::host_port;
use super::listening::{Listening, listening};
use crate::report::{Check, Followed, Relation, Source, SourceKind, Target, TargetKind};
use crate::resolve;
use crate::topology::{Container, Network, NetworkMode, PublishedPort, Topology};

/// One check with its facts.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who wants to connect.
    pub from: &'a Source,
    /// To what.
    pub to: &'a Target,
    /// What the engine said.
    pub topology: &'a Topology,
    observations: &'a [Observation],
    followed: &'a [Followed],
}

/// A fact with the observation that it came in.
#[derive(Debug)]
pub struct Seen<'a, T> {
    /// The id of the observation, as evidence.
    pub id: &'a str,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// The fact.
    pub fact: &'a T,
}

// Not derived, for that would ask the same of the fact, which is only borrowed.
impl<T> Clone for Seen<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Seen<'_, T> {}

impl<'a> Case<'a> {
    /// A case of one check.
    #[must_use]
    pub fn new(from: &'a Source, to: &'a Target, topology: &'a Topology, observations: &'a [Observation]) -> Self {
        Self { from, to, topology, observations, followed: &[] }
    }

    /// The same with what has come of the checks that it led to.
    #[must_use]
    pub fn leading_to(self, followed: &'a [Followed]) -> Self {
        Self { followed, ..self }
    }

    /// What has come of the checks that it led to in this way.
    pub fn followed(&self, relation: Relation) -> impl Iterator<Item = &'a Check> {
        self.followed.iter().filter(move |followed| followed.relation == relation).map(|followed| &followed.check)
    }

    /// One of the checks that it led to, as a case with the same facts.
    pub(super) fn leading(self, check: &'a Check) -> Self {
        Self::new(&check.from, &check.to, self.topology, self.observations).leading_to(&check.followed)
    }

    /// What was seen in a place, picked by `pick`.
    pub(super) fn seen<T: 'a>(
        self,
        place: &'a str,
        pick: impl Fn(&'a Fact) -> Option<&'a T>,
    ) -> impl Iterator<Item = Seen<'a, T>> {
        self.observations.iter().filter(move |observation| observation.place == place).filter_map(move |observation| {
            pick(&observation.fact).map(|fact| Seen { id: &observation.id, took_ms: observation.took_ms, fact })
        })
    }

    /// The container that the source is.
    #[must_use]
    pub fn source(&self) -> Option<&'a Container> {
        self.from.container.as_ref().and_then(|name| self.topology.containers.get(name))
    }

    /// The container that the target is, or that stands behind the host's port.
    #[must_use]
    pub fn target(&self) -> Option<&'a Container> {
        self.to.container.as_ref().and_then(|name| self.topology.containers.get(name))
    }

    /// The networks of the source, by key.
    #[must_use]
    pub fn source_networks(&self) -> Vec<&'a str> {
        resolve::source_networks(self.from, self.topology)
    }

    /// The networks of the target container, by key; those of the container whose namespace it shares.
    #[must_use]
    pub fn target_networks(&self) -> Vec<&'a str> {
        self.target()
            .map(|container| self.topology.attachments(container).keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// The networks that source and target container are both on.
    #[must_use]
    pub fn shared_networks(&self) -> Vec<&'a str> {
        let own = self.source_networks();
        // The routing mesh brings strangers to services, not services to each other.
        let mesh = |key: &str| self.topology.networks.get(key).is_some_and(Network::is_ingress);
        self.target_networks().into_iter().filter(|network| own.contains(network) && !mesh(network)).collect()
    }

    /// Whether the source dials from the host's own namespace.
    #[must_use]
    pub fn from_host(&self) -> bool {
        resolve::shares_host_namespace(self.from, self.topology)
    }

    /// Whether source and target live in one network namespace.
    #[must_use]
    pub fn same_namespace(&self) -> bool {
        match (self.source(), self.target()) {
            (Some(source), Some(target)) => {
                self.topology.namespace_owner(source).id == self.topology.namespace_owner(target).id
            }
            _ => false,
        }
    }

    /// Whether the target container lives in the host's own namespace.
    #[must_use]
    pub fn target_in_host_mode(&self) -> bool {
        self.target()
            .is_some_and(|container| self.topology.namespace_owner(container).network_mode == NetworkMode::Host)
    }

    /// Whether the source dials an address of the host behind which a container's published port may stand.
    #[must_use]
    pub fn dials_host(&self) -> bool {
        self.to.kind == TargetKind::Host || self.from_host()
    }

    /// The publication that leads from the dialled port to the target container.
    #[must_use]
    pub fn publication(&self) -> Option<PublishedPort> {
        let target = self.topology.namespace_owner(self.target()?);
        if !self.dials_host() {
            return None;
        }
        target
            .published
            .iter()
            .find(|port| {
                port.protocol == self.to.protocol && port.host_port == self.to.port && port.host_port.is_some()
            })
            .copied()
    }

    /// The lookup of the dialled name.
    #[must_use]
    pub fn lookup(&self) -> Option<Seen<'a, LookupFact>> {
        let host = self.to.host.as_str();
        self.seen(&self.from.place, |fact| match fact {
            Fact::Lookup(fact) if fact.name == host => Some(fact),
            _ => None,
        })
        .next()
    }

    /// The lookup of the dialled name as musl makes it.
    #[must_use]
    pub fn musl_lookup(&self) -> Option<Seen<'a, LookupFact>> {
        let host = self.to.host.as_str();
        self.seen(&self.from.place, |fact| match fact {
            Fact::LookupMusl(fact) if fact.name == host => Some(fact),
            _ => None,
        })
        .next()
    }

    /// What single DNS servers said to those who asked from a place.
    pub(super) fn dns_in(&self, place: &'a str) -> impl Iterator<Item = Seen<'a, DnsFact>> {
        self.seen(place, |fact| match fact {
            Fact::Dns(fact) => Some(fact),
            _ => None,
        })
    }

    /// Whether the dialled host is a name, not an address literal.
    #[must_use]
    pub fn dials_name(&self) -> bool {
        self.to.host.parse::<IpAddr>().is_err()
    }

    /// Whether the name was looked up in vain.
    #[must_use]
    pub fn name_failed(&self) -> bool {
        let failed = |lookup: Seen<'_, LookupFact>| lookup.fact.outcome != LookupOutcome::Found && !cut_short(&lookup);
        // What goes through a proxy is looked up there.
        self.lookup().is_some_and(failed) && !self.proxy_delivers()
    }

    /// Whether a server said that the name does not exist, or has no address.
    #[must_use]
    pub fn name_denied(&self) -> bool {
        self.lookup().is_some_and(|lookup| {
            matches!(lookup.fact.outcome, LookupOutcome::NotFound | LookupOutcome::NoData | LookupOutcome::InvalidName)
        })
    }

    /// Why a probe of this kind was not made in a place.
    pub(super) fn seen_unfinished(&self, place: &str, kind: &str) -> Option<&'a str> {
        self.observations.iter().find_map(|observation| match &observation.fact {
            Fact::Unfinished { probe, reason } if observation.place == place && probe == kind => Some(reason.as_str()),
            _ => None,
        })
    }

    /// The connects to the dialled host and port; where one was tried again, the later try, unless it only had less time.
    #[must_use]
    pub fn dials(&self) -> Vec<Seen<'a, TcpFact>> {
        let (host, port) = (self.to.host.as_str(), self.to.port);
        let mut dials: Vec<Seen<'a, TcpFact>> = Vec::new();
        for seen in self.seen(&self.from.place, |fact| match fact {
            Fact::TcpConnect(fact) if fact.host == host && Some(fact.port) == port => Some(fact),
            _ => None,
        }) {
            match dials.iter_mut().find(|earlier| earlier.fact.address == seen.fact.address) {
                Some(_) if seen.fact.outcome == TcpOutcome::TimedOut => {}
                Some(earlier) => *earlier = seen,
                None => dials.push(seen),
            }
        }
        dials
    }

    /// A connect from the source to an address and port, whatever it was asked for.
    #[must_use]
    pub fn dial_of(&self, address: IpAddr, port: u16) -> Option<Seen<'a, TcpFact>> {
        self.seen(&self.from.place, |fact| match fact {
            Fact::TcpConnect(fact) if fact.address == address && fact.port == port => Some(fact),
            _ => None,
        })
        .next()
    }

    /// Every connect that the source made with success, whatever it was asked for.
    pub(super) fn connected(&self) -> impl Iterator<Item = Seen<'a, TcpFact>> {
        self.seen(&self.from.place, |fact| match fact {
            Fact::TcpConnect(fact) if fact.outcome == TcpOutcome::Connected => Some(fact),
            _ => None,
        })
    }

    /// The datagrams to the dialled host and port.
    #[must_use]
    pub fn datagrams(&self) -> Vec<Seen<'a, UdpFact>> {
        let (host, port) = (self.to.host.as_str(), self.to.port);
        self.seen(&self.from.place, |fact| match fact {
            Fact::Udp(fact) if fact.host == host && Some(fact.port) == port => Some(fact),
            _ => None,
        })
        .collect()
    }

    /// The HTTP exchange with the target's URL; where it was tried again, the later try.
    #[must_use]
    pub fn http(&self) -> Option<Seen<'a, HttpFact>> {
        let url = self.to.url.as_deref()?;
        self.seen(&self.from.place, |fact| match fact {
            Fact::Http(fact) if fact.url == url && is_plain(fact) => Some(fact),
            _ => None,
        })
        .last()
    }

    /// The same exchange with this host in the `Host` header.
    #[must_use]
    pub fn http_by_host(&self, host: &str) -> Option<Seen<'a, HttpFact>> {
        let url = self.to.url.as_deref()?;
        let names =
            |header: &str| header.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':'));
        self.seen(&self.from.place, |fact| match fact {
            Fact::Http(fact) if fact.url == url && fact.host_header.as_deref().is_some_and(names) => Some(fact),
            _ => None,
        })
        .next()
    }

    /// The listening sockets of a place; where they were read twice, the later reading.
    #[must_use]
    pub fn listeners_in(&self, place: &'a str) -> Option<Seen<'a, ListenersFact>> {
        self.seen(place, |fact| match fact {
            Fact::Listeners(fact) => Some(fact),
            _ => None,
        })
        .last()
    }

    /// The interfaces and routes of a place.
    #[must_use]
    pub fn network_in(&self, place: &'a str) -> Option<Seen<'a, NetworkFact>> {
        self.seen(place, |fact| match fact {
            Fact::Network(fact) => Some(fact),
            _ => None,
        })
        .next()
    }

    /// The resolver configuration of the source.
    #[must_use]
    pub fn resolver(&self) -> Option<Seen<'a, ResolverFact>> {
        self.resolver_in(&self.from.place)
    }

    /// The resolver configuration of a place.
    #[must_use]
    pub fn resolver_in(&self, place: &'a str) -> Option<Seen<'a, ResolverFact>> {
        self.seen(place, |fact| match fact {
            Fact::Resolver(fact) => Some(fact),
            _ => None,
        })
        .next()
    }

    /// Whether the source's namespace was looked into at all.
    #[must_use]
    pub fn measured(&self) -> bool {
        self.observations.iter().any(|observation| {
            observation.place == self.from.place && !matches!(observation.fact, Fact::Unfinished { .. })
        })
    }

    /// The port that has to be open in the target's namespace.
    #[must_use]
    pub fn listen_port(&self) -> Option<u16> {
        self.to.container_port.or(self.to.port)
    }

    /// What the target's namespace has to show for the port that is dialled.
    #[must_use]
    pub fn listening(&self) -> Option<(Seen<'a, ListenersFact>, Listening<'a>)> {
        let sockets = self.listeners_in(self.to.place.as_deref()?)?;
        let all = &sockets.fact.sockets;
        let Some(port) = self.listen_port() else {
            // Without a port there is one thing to tell: that there is none.
            let none = !all.iter().any(|socket| socket.protocol == self.to.protocol);
            return none.then_some((sockets, Listening::Nothing));
        };
        let found = listening(all, self.to.protocol, port, &self.arriving_addresses());
        Some((sockets, found))
    }

    /// What the host's own namespace has to show for the dialled port, to somebody who comes from a container's network.
    #[must_use]
    pub fn host_listening(&self) -> Option<(Seen<'a, ListenersFact>, Listening<'a>)> {
        let seen = self.listeners_in(resolve::HOST)?;
        let mut arriving = self.dialled_addresses();
        arriving.retain(|address| !address.is_loopback());
        if arriving.is_empty() {
            arriving.extend(resolve::gateway_of(self.from, self.topology));
        }
        Some((seen, listening(&seen.fact.sockets, self.to.protocol, self.to.port?, &arriving)))
    }

    /// The addresses on which the connection arrives in the target's namespace.
    ///
    /// Through a published port that is the container's own address, not the one that was dialled.
    #[must_use]
    pub fn arriving_addresses(&self) -> Vec<IpAddr> {
        let dialled = self.dialled_addresses();
        if let Some(container) = self.target().filter(|_| !self.target_in_host_mode()) {
            let own: Vec<IpAddr> = self
                .topology
                .attachments(container)
                .values()
                .flat_map(crate::topology::Attachment::addresses)
                .collect();
            let arrived: Vec<IpAddr> = dialled.iter().filter(|address| own.contains(address)).copied().collect();
            let inside = self.same_namespace() && !dialled.is_empty();
            if arrived.is_empty() && !inside {
                // What docker-proxy and the NAT rules dial is IPv4 where the container has it.
                let v4: Vec<IpAddr> = own.iter().filter(|address| address.is_ipv4()).copied().collect();
                return if v4.is_empty() { own } else { v4 };
            }
            return if arrived.is_empty() { dialled } else { arrived };
        }
        dialled
    }

    /// The addresses that the source dialled.
    #[must_use]
    pub fn dialled_addresses(&self) -> Vec<IpAddr> {
        if let Ok(address) = self.to.host.parse() {
            return vec![address];
        }
        self.lookup()
            .map(|lookup| lookup.fact.answers.iter().map(|answer| answer.address).collect())
            .unwrap_or_default()
    }

    /// Whether the target is a place outside of everything the engine knows.
    #[must_use]
    pub fn to_outside(&self) -> bool {
        match self.to.kind {
            TargetKind::Name => true,
            TargetKind::Address => {
                self.to.host.parse().is_ok_and(|address| self.topology.network_of(address).is_none())
            }
            TargetKind::Container | TargetKind::Remote | TargetKind::Loopback | TargetKind::Host => false,
        }
    }

    /// Whether the source is a container or a fresh agent in a network, not the host.
    #[must_use]
    pub fn from_container(&self) -> bool {
        matches!(self.from.kind, SourceKind::Container | SourceKind::Network) && !self.from_host()
    }

    /// Evidence: the topology's entry of a container.
    #[must_use]
    pub fn container_evidence(container: &Container) -> String {
        format!("topology.containers.{}", container.name)
    }

    /// The target as people write it: `mongodb:27017`.
    #[must_use]
    pub fn address_text(&self) -> String {
        match self.to.port {
            Some(port) => host_port(&self.to.host, port),
            None => self.to.host.clone(),
        }
    }
}

/// Whether an exchange went directly, by the names that the URL has, and as carefully as the source's own.
fn is_plain(fact: &HttpFact) -> bool {
    fact.via.is_none() && fact.host_header.is_none() && fact.server_name.is_none() && !fact.unverified
}

/// Whether a lookup was given up before any libc would have asked again (5 s, resolv.conf(5)), and before a server that
/// is well could be called silent: that there was no answer by then proves nothing.
fn cut_short(lookup: &Seen<'_, LookupFact>) -> bool {
    let silent = lookup.fact.queries.iter().any(|query| query.outcome == DnsOutcome::TimedOut);
    lookup.fact.outcome == LookupOutcome::TemporaryFailure && silent && lookup.took_ms < 900.0
}
