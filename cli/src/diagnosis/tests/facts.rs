//! Facts written down by hand, as short as they can be said.

pub(super) mod greetings;
pub(super) mod names;
mod proxied;
mod published;

use std::collections::BTreeMap;
use std::net::IpAddr;

use dprobe_probes::errno::Errno;
use dprobe_probes::firewall::{FirewallAction, FirewallChain, FirewallFact, FirewallRule, FirewallTable, WatchedDial};
use dprobe_probes::listeners::{ListenerSocket, ListenersFact, ListenersSource};
use dprobe_probes::lookup::{AnswerSource, LookupAnswer, LookupFact, LookupOutcome};
use dprobe_probes::network::{Interface, InterfaceAddress, NetworkFact, Route};
use dprobe_probes::ping::PingFact;
use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};
use dprobe_probes::wire::{Fact, Observation};

use crate::diagnosis::{Machine, examine, judge};
use crate::report::doctor::{Finding, Glance};
use crate::report::{Check, Followed, Relation};
use crate::resolve;
use crate::topology::{
    Attachment, Clocks, Container, ContainerPort, Elsewhere, EngineFlavor, EngineInfo, EngineSettings, Health,
    HealthStatus, Network, NetworkMode, Protocol, Proxies, PublishedPort, State, Status, Subnet, Swarm, Topology,
    Trust,
};
use crate::words;

/// The codes of a check's diagnoses, in order.
pub(super) fn codes(check: &Check) -> Vec<&str> {
    check.diagnoses.iter().map(|diagnosis| diagnosis.code.as_str()).collect()
}

/// A container that has been up for long, on no network yet.
pub(crate) fn container(name: &str, image: &str) -> Container {
    Container {
        // Begins with what is no hexadecimal digit, so no word of a test is taken for a prefix of it.
        id: format!("{name:z>64}"),
        name: name.to_owned(),
        image: image.to_owned(),
        hostname: String::new(),
        command: vec!["serve".to_owned()],
        entrypoint_words: 0,
        state: State { status: Status::Running, up_s: Some(3600.0), ..State::default() },
        network_mode: NetworkMode::DefaultBridge,
        attachments: BTreeMap::new(),
        published: Vec::new(),
        requested: Vec::new(),
        exposed: Vec::new(),
        links: Vec::new(),
        extra_hosts: Vec::new(),
        own_hosts_file: false,
        dns: Vec::new(),
        dns_search: Vec::new(),
        dns_options: Vec::new(),
        libc: None,
        name_sources: None,
        proxies: Proxies::default(),
        trust: Trust::default(),
        variables: Vec::new(),
        dependencies: Vec::new(),
        compose: None,
        task: None,
        processes: None,
        last_log: None,
        reverse_proxy: None,
    }
}

impl Container {
    pub(crate) fn on(mut self, network: &str, address: &str) -> Self {
        let names = if network == "bridge" { Vec::new() } else { vec![self.name.clone()] };
        let ipv4 = address.parse().ok();
        self.network_mode = NetworkMode::Network(network.to_owned());
        self.attachments.insert(network.to_owned(), Attachment { ipv4, names, ..Attachment::default() });
        self
    }

    pub(in crate::diagnosis) fn runs(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(ToString::to_string).collect();
        self
    }

    pub(super) fn publishes(mut self, host_port: u16, container_port: u16, protocol: Protocol) -> Self {
        let host_ip = "0.0.0.0".parse().ok();
        self.published.push(PublishedPort { container_port, protocol, host_ip, host_port: Some(host_port) });
        self
    }

    pub(super) fn exposes(mut self, port: u16) -> Self {
        self.exposed.push(ContainerPort { port, protocol: Protocol::Tcp });
        self
    }
}

/// Facts about a check from `web`, unless it is from the host.
#[derive(Default)]
pub(super) struct Facts {
    topology: Topology,
    observations: Vec<Observation>,
    from: String,
}

impl Facts {
    pub(super) fn new() -> Self {
        Self { from: "web".to_owned(), ..Self::default() }
    }

    pub(super) fn network(mut self, name: &str, subnet: &str) -> Self {
        let range: ipnet::IpNet = subnet.parse().expect("a subnet");
        let gateway = range.hosts().next();
        let network = Network {
            id: format!("{name}-id"),
            name: name.to_owned(),
            driver: "bridge".to_owned(),
            subnets: vec![Subnet { range, gateway }],
            ..Network::default()
        };
        self.topology.networks.insert(name.to_owned(), network);
        self
    }

    pub(super) fn default_bridge(self) -> Self {
        self.network("bridge", "172.17.0.0/16")
    }

    pub(super) fn container(mut self, container: Container) -> Self {
        self.topology.containers.insert(container.name.clone(), container);
        self
    }

    pub(super) fn edit(mut self, name: &str, edit: impl FnOnce(&mut Container)) -> Self {
        edit(self.topology.containers.get_mut(name).expect("a container"));
        self
    }

    pub(super) fn edit_network(mut self, name: &str, edit: impl FnOnce(&mut Network)) -> Self {
        edit(self.topology.networks.get_mut(name).expect("a network"));
        self
    }

    pub(super) fn swarm(mut self, swarm: Swarm) -> Self {
        self.topology.swarm = Some(swarm);
        self
    }

    pub(super) fn edit_swarm(mut self, edit: impl FnOnce(&mut Swarm)) -> Self {
        edit(self.topology.swarm.as_mut().expect("a swarm"));
        self
    }

    pub(super) fn up(self, name: &str, seconds: f64) -> Self {
        self.edit(name, |container| container.state.up_s = Some(seconds))
    }

    pub(super) fn health(self, name: &str, status: HealthStatus) -> Self {
        self.edit(name, |container| container.state.health = Some(Health { status, ..Health::default() }))
    }

    pub(super) fn seen_from_host(mut self) -> Self {
        "host".clone_into(&mut self.from);
        self
    }

    pub(super) fn flavor(mut self, flavor: EngineFlavor) -> Self {
        self.topology.flavor = flavor;
        self
    }

    pub(super) fn remote(mut self, host: &str) -> Self {
        self.topology.remote = Some(host.to_owned());
        self
    }

    pub(super) fn elsewhere(mut self, container: Elsewhere) -> Self {
        self.topology.elsewhere.push(container);
        self
    }

    pub(super) fn without_observations(mut self) -> Self {
        self.observations.clear();
        self
    }

    pub(super) fn option(mut self, network: &str, name: &str, value: &str) -> Self {
        let network = self.topology.networks.get_mut(network).expect("a network");
        network.options.insert(format!("com.docker.network.bridge.{name}"), value.to_owned());
        self
    }

    /// The interfaces of a place: name, whether it is up, its address with the prefix.
    pub(super) fn interfaces(self, place: &str, interfaces: &[(&str, bool, &str)], routes: Vec<Route>) -> Self {
        let interface = |(at, (name, up, address)): (usize, &(&str, bool, &str))| Interface {
            name: (*name).to_owned(),
            index: u32::try_from(at).expect("a few") + 1,
            up: *up,
            loopback: false,
            mtu: 1500,
            mac: None,
            addresses: range(address).into_iter().collect(),
        };
        let interfaces = interfaces.iter().enumerate().map(interface).collect();
        let fact = NetworkFact {
            namespace: 1,
            interfaces,
            routes,
            ip_forward: Some(true),
            ipv6_disabled: Some(true),
            ipv6_forwarding: None,
            bridge_nf_iptables: None,
            local_port_range: Some((50000, 50001)),
        };
        self.see(place, Fact::Network(fact))
    }

    /// Changes the last observation of interfaces.
    pub(super) fn edit_interfaces(mut self, edit: impl FnOnce(&mut NetworkFact)) -> Self {
        let last = self.observations.iter_mut().rev().find_map(|seen| match &mut seen.fact {
            Fact::Network(fact) => Some(fact),
            _ => None,
        });
        edit(last.expect("an observation of interfaces"));
        self
    }

    /// What the host's packet filter held while a connect was watched, in the words of `iptables -S`; each rule caught so many.
    pub(super) fn rules(self, host: &str, port: u16, rules: &[(&str, u64)], chains: &[&str]) -> Self {
        let table = |name: &str| FirewallTable { program: "iptables".to_owned(), family: None, name: name.to_owned() };
        let rule = |(text, caught): &(&str, u64)| {
            let (chain, text) = text.trim_start_matches("-A ").split_once(' ').expect("a chain and a rule");
            let action = match text.rsplit("-j ").next().unwrap_or_default().split(' ').next() {
                Some("DROP") => FirewallAction::Drop,
                Some("REJECT") => FirewallAction::Reject,
                _ => FirewallAction::Masquerade,
            };
            let table = table(if action == FirewallAction::Masquerade { "nat" } else { "filter" });
            let (chain, text) = (chain.to_owned(), text.to_owned());
            FirewallRule { table, chain, text, action, packets: Some(*caught), caught: *caught, handle: None }
        };
        let chain = |name: &&str| FirewallChain {
            table: table(if *name == "POSTROUTING" || *name == "NAT-DOCKER" { "nat" } else { "filter" }),
            name: name.trim_start_matches("NAT-").to_owned(),
            hook: None,
            drops: false,
            packets: None,
            caught: 0,
            rules: 1,
        };
        let watched = WatchedDial { from: self.from.clone(), host: host.to_owned(), port, protocol: Protocol::Tcp };
        let fact = FirewallFact {
            readers: vec!["iptables-save".to_owned()],
            chains: chains.iter().map(chain).collect(),
            rules: rules.iter().map(rule).collect(),
            watched: Some(watched),
            truncated: false,
        };
        self.see("host", Fact::Firewall(fact))
    }

    /// Echoes of a host, by their size, and whether they came back.
    pub(super) fn echoes(self, host: &str, address: &str, echoes: &[(u16, bool)]) -> Self {
        let place = self.from.clone();
        echoes.iter().fold(self, |facts, (size, replied)| {
            let fact = PingFact {
                host: host.to_owned(),
                address: ip(address),
                size: *size,
                replied: *replied,
                rtt_ms: None,
                errno: None,
            };
            facts.see(&place, Fact::Ping(fact))
        })
    }

    /// The last connect ended with this error.
    pub(super) fn with_errno(mut self, errno: Errno) -> Self {
        if let Some(Fact::TcpConnect(fact)) = self.observations.last_mut().map(|seen| &mut seen.fact) {
            fact.errno = Some(errno);
        }
        self
    }

    /// So many connections wait at the last listening socket.
    pub(super) fn waiting(mut self, queue: u32) -> Self {
        if let Some(Fact::Listeners(fact)) = self.observations.last_mut().map(|seen| &mut seen.fact) {
            fact.sockets.iter_mut().for_each(|socket| socket.queue = queue);
        }
        self
    }

    /// What the host itself came to when it dialled the same.
    pub(super) fn host_dials(self, host: &str, port: u16, outcome: TcpOutcome) -> Self {
        let from = self.from.clone();
        let mut facts = self.seen_from_host().dials_as(host, host, port, outcome);
        facts.from = from;
        facts
    }

    pub(super) fn see(mut self, place: &str, fact: Fact) -> Self {
        let id = format!("p{}", self.observations.len() + 1);
        self.observations.push(Observation { id, place: place.to_owned(), took_ms: 0.5, fact });
        self
    }

    fn looks_up(mut self, name: &str, outcome: LookupOutcome, source: AnswerSource, addresses: &[&str]) -> Self {
        // What is said last about a name is what counts.
        self.observations.retain(|seen| !matches!(&seen.fact, Fact::Lookup(fact) if fact.name == name));
        let answer = |address: &&str| LookupAnswer { address: ip(address), source, ttl_s: None };
        let answers = addresses.iter().map(answer).collect();
        let place = self.from.clone();
        self.see(&place, Fact::Lookup(LookupFact { name: name.to_owned(), outcome, answers, queries: Vec::new() }))
    }

    pub(super) fn finds(self, name: &str, addresses: &[&str]) -> Self {
        self.looks_up(name, LookupOutcome::Found, AnswerSource::Dns, addresses)
    }

    pub(super) fn finds_in_hosts(self, name: &str, address: &str) -> Self {
        self.looks_up(name, LookupOutcome::Found, AnswerSource::HostsFile, &[address])
    }

    pub(super) fn finds_nothing(self, name: &str) -> Self {
        self.looks_up(name, LookupOutcome::NotFound, AnswerSource::Dns, &[])
    }

    /// Dials an address, for every name that was found to have it as well.
    pub(super) fn dials(self, address: &str, port: u16, outcome: TcpOutcome) -> Self {
        let named: Vec<String> = self
            .observations
            .iter()
            .filter_map(|seen| match &seen.fact {
                Fact::Lookup(fact) if fact.answers.iter().any(|answer| answer.address == ip(address)) => {
                    Some(fact.name.clone())
                }
                _ => None,
            })
            .collect();
        let facts = self.dials_as(address, address, port, outcome);
        named.iter().fold(facts, |facts, name| facts.dials_as(name, address, port, outcome))
    }

    pub(super) fn dials_as(self, host: &str, address: &str, port: u16, outcome: TcpOutcome) -> Self {
        self.dial(host, address, port, outcome, None)
    }

    pub(super) fn dials_closed(self, address: &str, port: u16) -> Self {
        self.dials_closed_as(address, address, port)
    }

    pub(super) fn dials_closed_as(self, host: &str, address: &str, port: u16) -> Self {
        self.dial(host, address, port, TcpOutcome::Connected, Some(AfterConnect::Closed { after_ms: 0.3 }))
    }

    fn dial(self, host: &str, address: &str, port: u16, outcome: TcpOutcome, after: Option<AfterConnect>) -> Self {
        let connect_ms = if outcome == TcpOutcome::TimedOut { 4000.0 } else { 0.1 };
        let address = ip(address);
        let place = self.from.clone();
        let fact =
            TcpFact { host: host.to_owned(), address, port, outcome, errno: None, connect_ms, local: None, after };
        self.see(&place, Fact::TcpConnect(fact))
    }

    pub(super) fn echo(self, address: &str, replied: bool) -> Self {
        let place = self.from.clone();
        let fact =
            PingFact { host: address.to_owned(), address: ip(address), size: 0, replied, rtt_ms: None, errno: None };
        self.see(&place, Fact::Ping(fact))
    }

    fn sockets(self, place: &str, sockets: Vec<ListenerSocket>) -> Self {
        self.see(place, Fact::Listeners(ListenersFact { sockets, source: ListenersSource::SockDiag, truncated: false }))
    }

    pub(super) fn listens(self, place: &str, address: &str, port: u16) -> Self {
        self.sockets(place, vec![socket(Protocol::Tcp, address, port, None)])
    }

    pub(super) fn listens_udp(self, place: &str, address: &str, port: u16) -> Self {
        self.sockets(place, vec![socket(Protocol::Udp, address, port, None)])
    }

    pub(super) fn listens_v6_only(self, place: &str, port: u16) -> Self {
        self.sockets(place, vec![socket(Protocol::Tcp, "::", port, Some(true))])
    }

    pub(super) fn listens_nowhere(self, place: &str) -> Self {
        self.sockets(place, Vec::new())
    }

    /// The host asks only itself for names.
    pub(super) fn on_loopback(mut self) -> Self {
        self.observations.retain(|seen| !matches!((&seen.fact, seen.place.as_str()), (Fact::Resolver(_), "host")));
        self.asks("host", &["127.0.0.53"])
    }

    /// Why the host's packet filter was not read.
    pub(super) fn filter_unread(self, reason: &str) -> Self {
        self.see("host", Fact::Unfinished { probe: "firewall".to_owned(), reason: reason.to_owned() })
    }

    /// Looks the engine and its host over.
    pub(super) fn examine(&self, engine: &EngineInfo, settings: &EngineSettings) -> (Vec<Glance>, Vec<Finding>) {
        let (topology, observations) = (&self.topology, &self.observations);
        examine(&Machine { engine, settings, other_engines: &[], topology, observations })
    }

    /// Topology and observations.
    pub(super) fn parts(&self) -> (&Topology, &[Observation]) {
        (&self.topology, &self.observations)
    }

    /// Resolves the words and judges, as an investigation does.
    pub(super) fn check(&self, target: &str) -> Check {
        self.check_leading_to(target, None)
    }

    /// The same, where the check leads to another one.
    pub(super) fn check_leading_to(&self, target: &str, lead: Option<(Relation, &str)>) -> Check {
        let from =
            resolve::source(&words::source(&self.from).expect("a source"), &self.topology).expect("a known source");
        let to = resolve::target(&words::target(target).expect("a target"), &from, &self.topology).expect("a meaning");
        let followed =
            lead.map(|(relation, target)| Followed { relation, check: self.check(target) }).into_iter().collect();
        judge(from, to, followed, &self.topology, &self.observations)
    }

    /// What the clocks of engine and dprobe said, in seconds since 1970.
    pub(super) fn clocks(mut self, engine_s: f64, here_s: f64) -> Self {
        self.topology.clocks = Some(Clocks { engine_s, here_s });
        self
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// An address with its prefix.
pub(super) fn range(text: &str) -> Option<InterfaceAddress> {
    let (address, prefix) = text.split_once('/')?;
    Some(InterfaceAddress { address: ip(address), prefix: prefix.parse().ok()? })
}

/// A route.
pub(super) fn route(destination: &str, gateway: Option<&str>, interface: &str) -> Route {
    let destination = range(destination).expect("a range");
    Route { destination, gateway: gateway.map(ip), interface: interface.to_owned(), metric: 0 }
}

fn socket(protocol: Protocol, address: &str, port: u16, v6_only: Option<bool>) -> ListenerSocket {
    ListenerSocket { protocol, address: ip(address), port, v6_only, queue: 0, backlog: 128, uid: 0 }
}
