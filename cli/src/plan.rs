//! What to ask, and where. Pure: from source, target and topology to the probes of each round.
//!
//! The first round is cheap and settles most checks. The second is asked only where the source does not get through, and
//! asks for what the open causes need: who else serves the port, and what the host listens on.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::http::HttpAsk;
use dprobe_probes::lookup::LookupAsk;
use dprobe_probes::ping::PingAsk;
use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::udp::UdpAsk;
use dprobe_probes::wire::{Ask, Plan, Probe};

use crate::diagnosis::Case;
use crate::report::{Source, Target, TargetKind};
use crate::resolve::{self, HOST};
use crate::topology::{Protocol, Topology};

/// How long an established connection is watched where an engine's proxy may have accepted it for nobody. The proxy needs
/// a round trip to the container to find that out.
const WATCH_PUBLISHED: Duration = Duration::from_millis(250);
/// The same where nothing stands between: long enough for a greeting, short enough not to be felt.
const WATCH_DIRECT: Duration = Duration::from_millis(5);
/// How long to try each of the containers that may have been meant.
const PEER_TIMEOUT: Duration = Duration::from_millis(700);
/// At most so many of them.
const MAX_PEERS: usize = 32;

/// What every plan is bound by.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long each probe may take.
    pub timeout: Duration,
}

/// The probes of one round, by place. Hands out the ids, which go on from round to round.
#[derive(Debug, Default)]
pub struct Round {
    asks: BTreeMap<String, Vec<Ask>>,
    next_id: usize,
}

impl Round {
    /// An empty round whose ids follow those of the rounds before.
    #[must_use]
    pub fn after(previous: &Self) -> Self {
        Self { asks: BTreeMap::new(), next_id: previous.next_id }
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// The places at which something is asked.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.asks.keys().map(String::as_str)
    }

    /// Adds a probe, unless the same is asked there already.
    fn ask(&mut self, place: &str, probe: Probe) {
        let asks = self.asks.entry(place.to_owned()).or_default();
        if asks.iter().any(|ask| ask.probe == probe) {
            return;
        }
        self.next_id += 1;
        asks.push(Ask { id: format!("p{}", self.next_id), probe });
    }

    /// The plan of a place.
    #[must_use]
    pub fn plan(&self, place: &str, limits: Limits) -> Plan {
        let asks = self.asks.get(place).cloned().unwrap_or_default();
        // The probes keep their own time; the deadline is for what gets stuck, and longer, so that they can report.
        let deadline = limits.timeout * 2 + Duration::from_secs(1);
        Plan { place: place.to_owned(), deadline_ms: millis(deadline), asks }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// What has to be known of a target before its port can be chosen: its listening sockets.
pub fn ask_ports(round: &mut Round, target: &Target) {
    if let Some(place) = &target.place {
        round.ask(place, Probe::Listeners);
    }
}

/// The first round of a check.
pub fn first_round(round: &mut Round, from: &Source, to: &Target, ca_bundle: Option<&str>, limits: Limits) {
    let timeout_ms = millis(limits.timeout);
    for probe in [Probe::Network, Probe::Resolver, Probe::Listeners] {
        round.ask(&from.place, probe);
    }
    if to.host.parse::<IpAddr>().is_err() {
        round.ask(&from.place, Probe::Lookup(LookupAsk { name: to.host.clone(), timeout_ms, every_server: false }));
    }
    round.ask(&from.place, dial(to, timeout_ms));
    if let Some(url) = to.url.as_ref().filter(|_| matches!(to.scheme.as_deref(), Some("http" | "https"))) {
        let ask = HttpAsk { url: url.clone(), timeout_ms, ca_bundle: ca_bundle.map(str::to_owned) };
        round.ask(&from.place, Probe::Http(ask));
    }
    if let Some(place) = &to.place {
        round.ask(place, Probe::Network);
        round.ask(place, Probe::Listeners);
    }
}

fn dial(to: &Target, timeout_ms: u64) -> Probe {
    let host = to.host.clone();
    match (to.port, to.protocol) {
        (Some(port), Protocol::Tcp) => {
            let published = to.container_port != Some(port) || to.kind != TargetKind::Container;
            let watch = if published { WATCH_PUBLISHED } else { WATCH_DIRECT };
            Probe::Tcp(TcpAsk { host, port, timeout_ms, watch_ms: millis(watch) })
        }
        (Some(port), Protocol::Udp) => Probe::Udp(UdpAsk { host, port, timeout_ms: timeout_ms.min(1500) }),
        (None, _) => Probe::Ping(PingAsk { host, timeout_ms: timeout_ms.min(1500), size: 0 }),
    }
}

/// The second round of a check: empty where the first has settled it.
pub fn second_round(round: &mut Round, case: &Case<'_>, topology: &Topology, limits: Limits) {
    if case.gets_through() && !case.unpublished() {
        return;
    }
    let Some(port) = case.to.port else { return };
    let on_host = matches!(case.to.kind, TargetKind::Host | TargetKind::Loopback) || case.from_host();
    if on_host && case.from.place != HOST {
        round.ask(HOST, Probe::Listeners);
    }
    let by_address = case.to.host.parse::<IpAddr>().is_ok();
    let wrong_place = matches!(case.to.kind, TargetKind::Loopback | TargetKind::Address | TargetKind::Host)
        || (by_address && case.to.kind == TargetKind::Container);
    if wrong_place && !case.from_host() && case.to.protocol == Protocol::Tcp {
        ask_peers(round, case, topology, port, limits);
    }
    // The gateway stands for the host where its name is not known.
    let nameless_host = case.to.kind == TargetKind::Host && case.name_failed() && case.to.protocol == Protocol::Tcp;
    if let Some(gateway) = resolve::gateway_of(case.from, topology).filter(|_| nameless_host) {
        let timeout_ms = millis(limits.timeout.min(PEER_TIMEOUT));
        let ask = TcpAsk { host: gateway.to_string(), port, timeout_ms, watch_ms: millis(WATCH_PUBLISHED) };
        round.ask(&case.from.place, Probe::Tcp(ask));
    }
}

/// Dials the port on every container around the source: one of them is likely the one that was meant.
fn ask_peers(round: &mut Round, case: &Case<'_>, topology: &Topology, port: u16, limits: Limits) {
    let timeout_ms = millis(limits.timeout.min(PEER_TIMEOUT));
    let networks = case.source_networks();
    let dialled = case.dialled_addresses();
    topology
        .containers
        .values()
        .filter(|container| {
            container.state.status.has_processes() && Some(&container.name) != case.from.container.as_ref()
        })
        .filter_map(|container| {
            networks.iter().find_map(|network| container.attachments.get(*network)?.addresses().next())
        })
        .filter(|address| !dialled.contains(address))
        .take(MAX_PEERS)
        .for_each(|address| {
            let ask = TcpAsk { host: address.to_string(), port, timeout_ms, watch_ms: 0 };
            round.ask(&case.from.place, Probe::Tcp(ask));
        });
}
