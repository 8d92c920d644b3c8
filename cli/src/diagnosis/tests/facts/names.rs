//! Facts of name lookups.

use std::net::IpAddr;

use dprobe_probes::dns::DnsFact;
use dprobe_probes::listeners::Protocol;
use dprobe_probes::lookup::{AnswerSource, DnsOutcome, DnsQuery, LookupAnswer, LookupFact, LookupOutcome};
use dprobe_probes::network::{Interface, InterfaceAddress, NetworkFact, Route};
use dprobe_probes::resolver::{ExternalServer, ResolverFact};
use dprobe_probes::wire::Fact;

use super::{Facts, ip};

/// What a server did with a question for A: server, question, what, and the address where it gave one.
pub(in crate::diagnosis::tests) type Said<'a> = (&'a str, &'a str, DnsOutcome, Option<&'a str>);

impl Facts {
    /// The resolver configuration of a place.
    pub(in crate::diagnosis::tests) fn asks(self, place: &str, servers: &[&str]) -> Self {
        self.asks_behind(place, servers, &[])
    }

    /// The same, where the file says which servers Docker's resolver asks from the host. What is said last counts.
    pub(in crate::diagnosis::tests) fn asks_behind(
        mut self,
        place: &str,
        servers: &[&str],
        from_host: &[&str],
    ) -> Self {
        self.observations.retain(|seen| seen.place != place || !matches!(seen.fact, Fact::Resolver(_)));
        let fact = ResolverFact {
            nameservers: servers.iter().map(|server| ip(server)).collect(),
            search: Vec::new(),
            ndots: 0,
            timeout_s: 5,
            attempts: 2,
            rotate: false,
            use_vc: false,
            single_request: false,
            external: from_host.iter().map(|server| ExternalServer { address: ip(server), from_host: true }).collect(),
            hosts: Vec::new(),
            problems: Vec::new(),
        };
        self.see(place, Fact::Resolver(fact))
    }

    /// A lookup with its exchanges, that took so long.
    pub(in crate::diagnosis::tests) fn walks(mut self, name: &str, took_ms: f64, said: &[Said<'_>]) -> Self {
        let fact = lookup(name, said);
        let place = self.from.clone();
        self = self.see(&place, Fact::Lookup(fact));
        self.observations.last_mut().expect("it").took_ms = took_ms;
        self
    }

    /// The same lookup as musl makes it.
    pub(in crate::diagnosis::tests) fn walks_as_musl(self, name: &str, said: &[Said<'_>]) -> Self {
        let place = self.from.clone();
        self.see(&place, Fact::LookupMusl(lookup(name, said)))
    }

    /// What single servers said to those who asked from a place.
    pub(in crate::diagnosis::tests) fn surveys(self, place: &str, said: &[Said<'_>]) -> Self {
        let queries = said.iter().flat_map(queries).collect();
        self.see(place, Fact::Dns(DnsFact { queries }))
    }

    /// The addresses of `eth0` in the source, and the destinations of its routes. What is said last counts.
    pub(in crate::diagnosis::tests) fn lives_at(mut self, addresses: &[&str], routes: &[&str]) -> Self {
        let destination = |text: &str| {
            let range: ipnet::IpNet = text.parse().expect("a range");
            InterfaceAddress { address: range.network(), prefix: range.prefix_len() }
        };
        let fact = NetworkFact {
            namespace: 1,
            interfaces: vec![Interface {
                name: "eth0".to_owned(),
                index: 2,
                up: true,
                loopback: false,
                mtu: 1500,
                mac: None,
                addresses: addresses.iter().map(|own| InterfaceAddress { address: ip(own), prefix: 16 }).collect(),
            }],
            routes: routes
                .iter()
                .map(|range| Route {
                    destination: destination(range),
                    gateway: None,
                    interface: "eth0".to_owned(),
                    metric: 0,
                })
                .collect(),
            ip_forward: None,
            ipv6_disabled: None,
            ipv6_forwarding: None,
            bridge_nf_iptables: None,
            local_port_range: None,
        };
        let place = self.from.clone();
        self.observations.retain(|seen| seen.place != place || !matches!(seen.fact, Fact::Network(_)));
        self.see(&place, Fact::Network(fact))
    }
}

/// The lookup that these exchanges make: the last one decides.
fn lookup(name: &str, said: &[Said<'_>]) -> LookupFact {
    let outcome = match said.last().map(|last| last.2) {
        Some(DnsOutcome::Answered) => LookupOutcome::Found,
        Some(DnsOutcome::NxDomain) => LookupOutcome::NotFound,
        Some(DnsOutcome::Empty) => LookupOutcome::NoData,
        _ => LookupOutcome::TemporaryFailure,
    };
    let answers = said.last().and_then(|last| last.3).filter(|_| outcome == LookupOutcome::Found);
    LookupFact {
        name: name.to_owned(),
        outcome,
        answers: answers
            .map(|address| LookupAnswer { address: ip(address), source: AnswerSource::Dns, ttl_s: None })
            .into_iter()
            .collect(),
        queries: said.iter().flat_map(queries).collect(),
    }
}

/// The exchanges for A and AAAA; the second comes to the same, without an address.
fn queries(&(server, question, outcome, address): &Said<'_>) -> [DnsQuery; 2] {
    let query = |record: &str, outcome, addresses: Vec<IpAddr>| DnsQuery {
        server: ip(server),
        question: question.to_owned(),
        record: record.to_owned(),
        transport: Protocol::Udp,
        outcome,
        rcode: (outcome == DnsOutcome::Error).then(|| "SERVFAIL".to_owned()),
        addresses,
        ttl_s: None,
        took_ms: 1.0,
    };
    let second = if outcome == DnsOutcome::Answered { DnsOutcome::Empty } else { outcome };
    [query("A", outcome, address.map(ip).into_iter().collect()), query("AAAA", second, Vec::new())]
}
