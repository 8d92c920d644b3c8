//! The first round: cheap, unprivileged, and enough for most checks.

use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::http::HttpAsk;
use dprobe_probes::lookup::LookupAsk;
use dprobe_probes::ping::PingAsk;
use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::udp::UdpAsk;
use dprobe_probes::wire::Probe;

use super::greeting;
use super::round::{Limits, Round, millis};
use crate::report::{Source, Target, TargetKind};
use crate::resolve::{self, HOST};
use crate::topology::{Protocol, Proxy, Topology};

/// How long an established connection is watched where an engine's proxy may have accepted it for nobody. The proxy needs
/// a round trip to the container to find that out.
pub(super) const WATCH_PUBLISHED: Duration = Duration::from_millis(250);
/// The same where nothing stands between: long enough for a greeting, short enough not to be felt.
const WATCH_DIRECT: Duration = Duration::from_millis(5);

/// How long an echo between neighbours may take, in milliseconds. Where echoes are filtered, a check waits for it.
const ECHO_MS: u64 = 300;

/// What has to be known of a target before its port can be chosen: its listening sockets.
pub fn ask_ports(round: &mut Round, target: &Target) {
    if let Some(place) = &target.place {
        round.ask(place, Probe::Listeners);
    }
}

/// Whom a source trusts, as an agent is told it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trusted<'a> {
    /// The CA certificates, PEM. Without them the Mozilla roots decide.
    pub bundle: Option<&'a str>,
    /// Whether the Mozilla roots are trusted as well.
    pub and_mozilla: bool,
}

/// Whether a target is asked over HTTP. A WebSocket begins as a request of HTTP (RFC 6455, section 1.3).
#[must_use]
pub fn is_http(to: &Target) -> bool {
    matches!(to.scheme.as_deref(), Some("http" | "https" | "ws" | "wss"))
}

/// The first round of a check.
pub fn first_round(
    round: &mut Round,
    from: &Source,
    to: &Target,
    topology: &Topology,
    proxy: Option<&Proxy>,
    trusted: Trusted<'_>,
    limits: Limits,
) {
    let timeout_ms = millis(limits.timeout);
    for probe in [Probe::Network, Probe::Resolver, Probe::Listeners] {
        round.ask(&from.place, probe);
    }
    if to.is_unreadable() {
        return;
    }
    if to.host.parse::<IpAddr>().is_err() {
        round.ask(&from.place, Probe::Lookup(LookupAsk { name: to.host.clone(), timeout_ms, every_server: false }));
    }
    round.ask(&from.place, dial(to, topology, timeout_ms));
    if let Some(greet) = greeting::greet(to, topology, trusted, limits) {
        round.ask(&from.place, greet);
    }
    if let Some(url) = to.url.as_ref().filter(|_| is_http(to)) {
        let ask = HttpAsk {
            url: url.clone(),
            timeout_ms,
            ca_bundle: trusted.bundle.map(str::to_owned),
            and_mozilla: trusted.and_mozilla,
            ..HttpAsk::default()
        };
        // The source's process may be told to go through a proxy; beside that, the direct way shows what the proxy changes.
        if let Some(via) = proxy.and_then(Proxy::via) {
            round.ask(&from.place, Probe::Http(HttpAsk { via: Some(via), ..ask.clone() }));
        }
        round.ask(&from.place, Probe::Http(ask));
    }
    // Two echoes, a short one and one of full length, cost nothing between neighbours and tell whether long packets pass.
    if to.kind == TargetKind::Container && to.protocol == Protocol::Tcp && to.port.is_some() && from.place != HOST {
        for fill in [false, true] {
            let ask = PingAsk { host: to.host.clone(), timeout_ms: timeout_ms.min(ECHO_MS), size: 0, fill };
            round.ask(&from.place, Probe::Ping(ask));
        }
    }
    if let Some(place) = &to.place {
        round.ask(place, Probe::Network);
        round.ask(place, Probe::Listeners);
    }
}

fn dial(to: &Target, topology: &Topology, timeout_ms: u64) -> Probe {
    let host = to.host.clone();
    match (to.port, to.protocol) {
        (Some(port), Protocol::Tcp) => {
            let published = to.container_port != Some(port) || to.kind != TargetKind::Container;
            let watch = if published || speaks_first(to, topology) { WATCH_PUBLISHED } else { WATCH_DIRECT };
            Probe::Tcp(TcpAsk { host, port, timeout_ms, watch_ms: millis(watch) })
        }
        (Some(port), Protocol::Udp) => Probe::Udp(UdpAsk { host, port, timeout_ms: timeout_ms.min(1500) }),
        (None, _) => Probe::Ping(PingAsk { host, timeout_ms: timeout_ms.min(1500), size: 0, fill: false }),
    }
}

/// Whether the target is known to speak before it is asked, as MySQL does: the watch ends with its first word, so it may be
/// long.
fn speaks_first(to: &Target, topology: &Topology) -> bool {
    let container = to.container.as_ref().and_then(|name| topology.containers.get(name));
    let known = container.and_then(resolve::well_known_port);
    to.port == known && matches!(known, Some(3306 | 4222))
}
