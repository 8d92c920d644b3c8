//! The messages between the CLI and the agent: one JSON object a line, requests on the agent's stdin, replies on its
//! stdout (NDJSON).
//!
//! ```text
//! agent ──▶ Hello { protocol }
//! CLI   ──▶ Plan { place, deadline_ms, asks }        as often as there are rounds
//! agent ──▶ Observation …                            in the order in which they are made
//! agent ──▶ Done
//! CLI   ──▶ Stop, or it closes the stream
//! ```
//!
//! Both ends ignore fields they do not know, so a field may be added within a protocol version; a new kind of probe or
//! a changed meaning raises [`PROTOCOL`]. The image is keyed by its content, so the two ends normally come from one build;
//! the version guards the case in which the user names an image of their own.

use serde::{Deserialize, Serialize};

use crate::arp::{ArpAsk, ArpFact};
use crate::dns::{DnsAsk, DnsFact};
use crate::firewall::FirewallFact;
use crate::greeting::{GreetAsk, GreetingFact};
use crate::http::{HttpAsk, HttpFact};
use crate::listeners::ListenersFact;
use crate::lookup::{LookupAsk, LookupFact, MuslLookupAsk};
use crate::network::NetworkFact;
use crate::ping::{PingAsk, PingFact};
use crate::resolver::ResolverFact;
use crate::srv::{SrvAsk, SrvFact};
use crate::tcp::{TcpAsk, TcpFact};
use crate::udp::{UdpAsk, UdpFact};

/// The version of this protocol. The two ends must agree on it.
pub const PROTOCOL: u32 = 3;

/// The longest line that either end accepts, in bytes.
pub const MAX_LINE: usize = 4 * 1024 * 1024;

/// What the CLI says to the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Request {
    /// Run these probes, all at once, and report.
    Plan(Plan),
    /// End now.
    Stop,
}

/// What the agent says to the CLI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every reply is an observation, so a box would save nothing")]
pub enum Reply {
    /// The first line of an agent.
    Hello(Hello),
    /// One thing that was seen.
    Observation(Observation),
    /// The plan has been run to its end; every observation of it has been written.
    Done,
    /// The request made no sense to this agent.
    Refused {
        /// Why, in words.
        reason: String,
    },
}

/// Who the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The agent's [`PROTOCOL`].
    pub protocol: u32,
    /// The version of dprobe it was built from.
    pub version: String,
}

/// A list of probes to run concurrently in one namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The name under which the CLI knows this namespace; it comes back in [`Observation::place`].
    pub place: String,
    /// After so many milliseconds whatever is not finished is reported as [`Fact::Unfinished`].
    pub deadline_ms: u64,
    /// The probes.
    pub asks: Vec<Ask>,
}

/// One probe of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The name of this probe within the report, such as `p3`.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub probe: Probe,
}

/// Everything an agent can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "probe", rename_all = "snake_case")]
pub enum Probe {
    /// The interfaces, addresses, routes and network sysctls of the namespace.
    Network,
    /// The resolver configuration and the hosts file.
    Resolver,
    /// The listening sockets of the namespace.
    Listeners,
    /// What a name resolves to, as a libc would do it, with each exchange.
    Lookup(LookupAsk),
    /// What a name resolves to where the libc is musl.
    LookupMusl(MuslLookupAsk),
    /// What single DNS servers say, each asked on its own.
    Dns(DnsAsk),
    /// A TCP connect, to every address of the host asked for.
    Tcp(TcpAsk),
    /// A UDP datagram, and what comes back.
    Udp(UdpAsk),
    /// An ICMP echo.
    Ping(PingAsk),
    /// An ARP request for a peer on the same link. Needs `NET_RAW`.
    Arp(ArpAsk),
    /// An HTTP or HTTPS request, each phase timed.
    Http(HttpAsk),
    /// The first words of an application protocol.
    Greet(GreetAsk),
    /// Where a service is, by SRV records.
    Srv(SrvAsk),
    /// The packet filter's rules. Needs the host's programs and root in the namespace.
    Firewall,
}

impl Probe {
    /// The name of this kind of probe, as it stands in the JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Resolver => "resolver",
            Self::Listeners => "listeners",
            Self::Lookup(_) => "lookup",
            Self::LookupMusl(_) => "lookup_musl",
            Self::Dns(_) => "dns",
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Ping(_) => "ping",
            Self::Arp(_) => "arp",
            Self::Http(_) => "http",
            Self::Greet(_) => "greet",
            Self::Srv(_) => "srv",
            Self::Firewall => "firewall",
        }
    }
}

/// One thing that was seen in one namespace: a raw fact, with its timing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observation {
    /// The probe that saw it, such as `p3`; a probe that sees several things numbers them on: `p3.2`.
    pub id: String,
    /// Where it was seen: [`Plan::place`].
    #[serde(rename = "in")]
    pub place: String,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What was seen.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The interfaces, addresses, routes and network sysctls of the namespace.
    Network(NetworkFact),
    /// The resolver configuration and the hosts file.
    Resolver(ResolverFact),
    /// The listening sockets of the namespace.
    Listeners(ListenersFact),
    /// A name lookup.
    Lookup(LookupFact),
    /// A name lookup as musl makes it.
    LookupMusl(LookupFact),
    /// What single DNS servers said.
    Dns(DnsFact),
    /// A TCP connect to one address.
    TcpConnect(TcpFact),
    /// A UDP exchange with one address.
    Udp(UdpFact),
    /// An ICMP echo.
    Ping(PingFact),
    /// An ARP exchange.
    Arp(ArpFact),
    /// An HTTP exchange.
    Http(HttpFact),
    /// The first words of an application protocol.
    Greeting(GreetingFact),
    /// Where a service is, by SRV records.
    Srv(SrvFact),
    /// The packet filter's rules.
    Firewall(FirewallFact),
    /// A probe that could not be made, or not to its end. It says nothing about the network.
    Unfinished {
        /// The kind of probe, as in [`Probe`].
        probe: String,
        /// Why.
        reason: String,
    },
}
