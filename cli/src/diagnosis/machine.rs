//! The engine and its host looked over, without any source or target. Pure, as for a check: facts in, findings out.
//!
//! A [`Machine`] is all that is known. Each [`Condition`] looks at it and says nothing, or hands back what it found. A
//! condition is one file in `diagnosis/machine/`. Where a cause of checks means the same, the condition has its code, and
//! the page is that cause's.

mod overview;

use dprobe_probes::firewall::FirewallFact;
use dprobe_probes::network::{Interface, NetworkFact};
use dprobe_probes::resolver::ResolverFact;
use dprobe_probes::wire::{Fact, Observation};
use ipnet::IpNet;

use super::case::Seen;
use crate::report::doctor::{Doctor, Finding, Glance};
use crate::report::{Fix, Severity};
use crate::resolve::HOST;
use crate::topology::{EngineFlavor, EngineInfo, EngineSettings, Network, OtherEngine, Topology};

/// Something that can be wrong with an engine or its host, or that is good to know of it.
#[derive(Debug)]
pub struct Condition {
    /// The stable identifier. Never renamed, never used for anything else.
    pub code: &'static str,
    /// What is to be said of it, where no cause has the code.
    pub words: Option<Words>,
    /// Where it is at work.
    find: fn(&Machine<'_>) -> Vec<Found>,
}

/// The summary and the page of a code, as a cause has them.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What it is, in one line.
    pub summary: &'static str,
    /// The long explanation in Markdown.
    pub page: &'static str,
}

/// What a condition found; a [`Finding`] but for the code.
struct Found {
    severity: Severity,
    title: String,
    explanation: String,
    because: Vec<String>,
    fixes: Vec<Fix>,
}

/// Declares the modules of the conditions and collects them, in the order in which equals are reported.
macro_rules! conditions {
    ($($module:ident)*) => {
        $(mod $module;)*
        static CONDITIONS: &[Condition] = &[$($module::CONDITION),*];
    };
}

conditions! {
    ip_forward_off
    ipv6_forward_off
    engine_rules_wiped
    engine_makes_no_rules
    isolation_missing
    masquerade_off
    bridge_down
    subnet_overlap
    mtu_black_hole
    dns_loopback_stub
    address_pools_exhausted
    address_pools_small
    bridge_nf_off
    other_engine
    engine_old
}

/// Everything that the doctor looks for.
#[must_use]
pub fn conditions() -> &'static [Condition] {
    CONDITIONS
}

/// An engine and its host, with all that is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// The engine.
    pub engine: &'a EngineInfo,
    /// How it is set up.
    pub settings: &'a EngineSettings,
    /// The other engines that answer on this machine.
    pub other_engines: &'a [OtherEngine],
    /// Its containers and networks.
    pub topology: &'a Topology,
    /// What was seen, in the host's namespace and in that of a container.
    pub observations: &'a [Observation],
}

/// What there is to say of a machine: the overview, and the findings, the worst first.
#[must_use]
pub fn examine(machine: &Machine<'_>) -> (Vec<Glance>, Vec<Finding>) {
    let of = |condition: &Condition| {
        let code = condition.code;
        (condition.find)(machine).into_iter().map(move |found| found.by(code)).collect::<Vec<_>>()
    };
    let mut findings: Vec<Finding> = CONDITIONS.iter().flat_map(of).collect();
    findings.sort_by_key(|finding| finding.severity);
    (overview::overview(machine, &findings), findings)
}

/// Examines a machine anew, from what a report holds of it.
#[must_use]
pub fn examine_again(mut doctor: Doctor) -> Doctor {
    (doctor.overview, doctor.findings) = examine(&Machine::of(&doctor));
    doctor
}

impl Found {
    fn by(self, code: &str) -> Finding {
        let Self { severity, title, explanation, because, fixes } = self;
        Finding { code: code.to_owned(), severity, title, explanation, because, fixes }
    }
}

impl<'a> Machine<'a> {
    /// The machine that a report is of.
    #[must_use]
    pub fn of(doctor: &'a Doctor) -> Self {
        Self {
            engine: &doctor.engine,
            settings: &doctor.settings,
            other_engines: &doctor.other_engines,
            topology: &doctor.topology,
            observations: &doctor.observations,
        }
    }

    fn seen<T>(&self, place: &str, pick: impl Fn(&'a Fact) -> Option<&'a T>) -> Option<Seen<'a, T>> {
        self.observations
            .iter()
            .filter(|seen| seen.place == place)
            .find_map(|seen| pick(&seen.fact).map(|fact| Seen { id: &seen.id, took_ms: seen.took_ms, fact }))
    }

    /// The interfaces, routes and sysctls of the host.
    #[must_use]
    pub fn host(&self) -> Option<Seen<'a, NetworkFact>> {
        self.seen(HOST, |fact| match fact {
            Fact::Network(fact) => Some(fact),
            _ => None,
        })
    }

    /// The same where the host is what containers go through. An engine of Podman's without root leaves the host's namespace
    /// alone.
    #[must_use]
    pub fn router(&self) -> Option<Seen<'a, NetworkFact>> {
        self.host().filter(|_| !(self.is_podman() && self.settings.rootless))
    }

    /// The resolver configuration of the host.
    #[must_use]
    pub fn host_resolver(&self) -> Option<Seen<'a, ResolverFact>> {
        self.resolver_in(HOST)
    }

    /// The resolver configuration that the default bridge gives to a container, where it was looked for.
    #[must_use]
    pub fn bridge_resolver(&self) -> Option<Seen<'a, ResolverFact>> {
        let place = self.topology.default_bridge().map(|key| format!("net:{key}"))?;
        self.resolver_in(&place)
    }

    fn resolver_in(&self, place: &str) -> Option<Seen<'a, ResolverFact>> {
        self.seen(place, |fact| match fact {
            Fact::Resolver(fact) => Some(fact),
            _ => None,
        })
    }

    /// The packet filter of the host, all of it.
    #[must_use]
    pub fn filter(&self) -> Option<Seen<'a, FirewallFact>> {
        self.filter_as_read().filter(|seen| !seen.fact.truncated)
    }

    /// Whether it was read, and has more rules than are kept, so that nothing can be said of what is not there.
    #[must_use]
    pub fn filter_is_cut(&self) -> bool {
        self.filter_as_read().is_some_and(|seen| seen.fact.truncated)
    }

    fn filter_as_read(&self) -> Option<Seen<'a, FirewallFact>> {
        self.seen(HOST, |fact| match fact {
            Fact::Firewall(fact) => Some(fact),
            _ => None,
        })
    }

    /// The packet filter of the host, where the engine is one that makes rules of the kind known here.
    #[must_use]
    pub fn docker_filter(&self) -> Option<Seen<'a, FirewallFact>> {
        self.filter().filter(|_| !self.is_podman())
    }

    /// Why the packet filter was not read.
    #[must_use]
    pub fn filter_unread(&self) -> Option<&'a str> {
        self.observations.iter().find_map(|seen| match &seen.fact {
            Fact::Unfinished { probe, reason } if seen.place == HOST && probe == "firewall" => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether the engine is Podman's, which sets up networks in its own way, and only while containers run.
    #[must_use]
    pub fn is_podman(&self) -> bool {
        self.engine.flavor == EngineFlavor::Podman
    }

    /// The major version of a Docker Engine.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        let digits = self.engine.version.split('.').next()?.trim_start_matches('v');
        digits.parse().ok().filter(|_| !self.is_podman())
    }

    /// The networks with a bridge on the host, by key.
    pub fn bridges(&self) -> impl Iterator<Item = (&'a str, &'a Network)> {
        self.topology.networks.iter().filter(|(_, one)| one.driver == "bridge").map(|(key, one)| (key.as_str(), one))
    }

    /// Those of them whose containers are meant to reach the outside.
    pub fn open_bridges(&self) -> impl Iterator<Item = (&'a str, &'a Network)> {
        self.bridges().filter(|(_, network)| !network.internal && network.gateway_mode() != Some("isolated"))
    }

    /// The running containers on a network, by name.
    #[must_use]
    pub fn running_on(&self, key: &str) -> Vec<&'a str> {
        let containers = self.topology.containers.values();
        containers
            .filter(|one| one.attachments.contains_key(key) && one.state.status.has_processes())
            .map(|one| one.name.as_str())
            .collect()
    }

    /// The interface through which the host reaches the outside: that of the IPv4 default route with the smallest metric.
    #[must_use]
    pub fn uplink(&self) -> Option<&'a Interface> {
        let host = self.router()?.fact;
        let default = |prefix: u8, address: std::net::IpAddr| prefix == 0 && address.is_ipv4();
        let routes = host.routes.iter().filter(|route| default(route.destination.prefix, route.destination.address));
        let interface = &routes.min_by_key(|route| route.metric)?.interface;
        host.interfaces.iter().find(|one| &one.name == interface && one.mtu > 0)
    }

    /// How long the packets of a bridge network may be, in bytes.
    #[must_use]
    pub fn mtu_of(&self, network: &Network) -> Option<u32> {
        // A bridge takes the smallest of its ports' only once it has ports.
        let option = network.options.get("com.docker.network.driver.mtu").and_then(|mtu| mtu.parse().ok());
        let name = network.bridge_name()?;
        let interface = || self.router()?.fact.interfaces.iter().find(|one| one.name == name);
        option.filter(|mtu| *mtu > 0).or_else(|| interface().map(|one| one.mtu).filter(|mtu| *mtu > 0))
    }
}

impl Network {
    /// How packets get in and out, where that is set (`com.docker.network.bridge.gateway_mode_ipv4`, Engine 27 and newer).
    fn gateway_mode(&self) -> Option<&str> {
        self.options.get("com.docker.network.bridge.gateway_mode_ipv4").map(String::as_str)
    }

    /// Its IPv4 range.
    fn v4_range(&self) -> Option<IpNet> {
        self.subnets.iter().map(|subnet| subnet.range).find(|range| range.addr().is_ipv4())
    }
}

/// The path of a network in a report.
fn network_path(key: &str) -> String {
    format!("topology.networks.{key}")
}

/// Names in a row, as people say them, no more than a few of them.
fn names<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 4;
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let more = all.len().saturating_sub(MOST);
    let mut shown = all.into_iter().take(MOST).collect::<Vec<_>>();
    if more > 0 {
        return format!("{} and {more} more", shown.join(", "));
    }
    match shown.pop() {
        Some(last) if !shown.is_empty() => format!("{} and {last}", shown.join(", ")),
        last => last.unwrap_or_default(),
    }
}
