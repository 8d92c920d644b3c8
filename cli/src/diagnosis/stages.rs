//! The way from source to target, step by step, as a person reads it.

mod http;

use dprobe_probes::errno::Errno;
use dprobe_probes::lookup::{AnswerSource, DnsOutcome, LookupFact, LookupOutcome};
use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};
use dprobe_probes::udp::UdpOutcome;

use super::address::host_port;
use super::case::{Case, Seen};
use super::listening::{Listening, sockets_text};
use super::{greetings, srv};
use crate::report::{Stage, StageName, TargetKind};
use crate::topology::{NetworkMode, Status};

/// Every step of the way that was seen.
pub(super) fn stages(case: &Case<'_>) -> Vec<Stage> {
    [source(case), target(case), srv::stages(case), name(case), route(case)]
        .into_iter()
        .flatten()
        .chain(tcp(case))
        .chain(udp(case))
        .chain([listen(case), ping(case)].into_iter().flatten())
        .chain(http::stages(case))
        .chain(greetings::stages(case))
        .collect()
}

pub(super) fn stage(stage: StageName, ok: Option<bool>, summary: impl Into<String>, probes: Vec<&str>) -> Stage {
    let probes = probes.into_iter().map(str::to_owned).collect();
    Stage { stage, ok, summary: summary.into(), detail: String::new(), probes }
}

impl Stage {
    pub(super) fn beside(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// A duration as people read it: `0.4 ms`, `12 ms`, `3.1 s`.
pub(super) fn ms(took: f64) -> String {
    if took < 10.0 {
        format!("{took:.1} ms")
    } else if took < 1000.0 {
        format!("{took:.0} ms")
    } else {
        format!("{:.1} s", took / 1000.0)
    }
}

/// Only told where it is not as it should be.
fn source(case: &Case<'_>) -> Option<Stage> {
    let source = case.source()?;
    let name = &source.name;
    if case.topology.namespace_owner(source).network_mode == NetworkMode::None {
        return Some(stage(StageName::Source, Some(false), format!("{name} has no network"), vec![]));
    }
    if source.state.status == Status::Running {
        return None;
    }
    let stand_in = if case.measured() && case.from.stand_in { "an agent in its networks stands in" } else { "" };
    Some(
        stage(StageName::Source, Some(false), format!("{name} is {}", source.state.status.word()), vec![])
            .beside(stand_in),
    )
}

fn name(case: &Case<'_>) -> Option<Stage> {
    // Where nothing is published, localhost was only dialled for want of anything better.
    let lookup = case.lookup().filter(|_| !case.unpublished())?;
    let (name, fact) = (&case.to.host, lookup.fact);
    let probes = vec![lookup.id];
    if fact.outcome == LookupOutcome::Found {
        let addresses: Vec<String> = fact.answers.iter().take(4).map(|answer| answer.address.to_string()).collect();
        let more = if fact.answers.len() > 4 { ", …" } else { "" };
        let summary = format!("{name} → {}{more}", addresses.join(", "));
        return Some(stage(StageName::Name, Some(true), summary, probes).beside(answered_by(case, &lookup)));
    }
    let summary = match fact.outcome {
        LookupOutcome::NotFound => format!("{name} is not known (NXDOMAIN)"),
        LookupOutcome::NoData => format!("{name} has no address"),
        LookupOutcome::InvalidName => format!("{name} is no valid name"),
        _ => format!("{name} could not be looked up ({})", failure(fact)),
    };
    Some(stage(StageName::Name, Some(false), summary, probes).beside(ms(lookup.took_ms)))
}

fn answered_by(case: &Case<'_>, lookup: &Seen<'_, LookupFact>) -> String {
    let Some(first) = lookup.fact.answers.first() else { return String::new() };
    let took = ms(lookup.took_ms);
    match first.source {
        AnswerSource::HostsFile => "hosts file".to_owned(),
        AnswerSource::Builtin => String::new(),
        AnswerSource::Dns => match case.topology.network_of(first.address) {
            Some(network) => format!("{network}, {took}"),
            None => took,
        },
    }
}

/// What the servers did that gave no usable answer.
fn failure(fact: &LookupFact) -> String {
    let mut words: Vec<String> = fact
        .queries
        .iter()
        .filter_map(|query| match query.outcome {
            DnsOutcome::TimedOut => Some(format!("{} is silent", query.server)),
            DnsOutcome::Refused => Some(format!("nothing answers at {}", query.server)),
            DnsOutcome::Unreachable => Some(format!("{} is out of reach", query.server)),
            DnsOutcome::Error => Some(format!("{} says {}", query.server, query.rcode.as_deref().unwrap_or("error"))),
            DnsOutcome::Malformed => Some(format!("{} answers nonsense", query.server)),
            DnsOutcome::Answered | DnsOutcome::Empty | DnsOutcome::NxDomain => None,
        })
        .collect();
    words.sort();
    words.dedup();
    words.truncate(2);
    if words.is_empty() { "temporary failure".to_owned() } else { words.join(", ") }
}

fn route(case: &Case<'_>) -> Option<Stage> {
    if case.from_host() {
        return publication(case);
    }
    let from = &case.from.place;
    match case.to.kind {
        TargetKind::Container if case.same_namespace() => Some(stage(
            StageName::Route,
            Some(true),
            format!("{from} and {} share one namespace", case.target()?.name),
            vec![],
        )),
        TargetKind::Container if !case.target_in_host_mode() => {
            let target = case.target()?;
            let shared = case.shared_networks();
            if case.target_networks().is_empty() {
                return None;
            }
            Some(match shared.as_slice() {
                [] => {
                    stage(StageName::Route, Some(false), format!("{from} and {} share no network", target.name), vec![])
                }
                [one] => stage(StageName::Route, Some(true), format!("{from} and {} share {one}", target.name), vec![]),
                many => stage(
                    StageName::Route,
                    Some(true),
                    format!("{from} and {} share {}", target.name, many.join(", ")),
                    vec![],
                ),
            })
        }
        TargetKind::Host => publication(case),
        TargetKind::Remote => elsewhere(case),
        _ => no_way_out(case),
    }
}

/// What the host does with the port: hands it on to a container, or not.
fn publication(case: &Case<'_>) -> Option<Stage> {
    let target = case.target().filter(|_| !case.target_in_host_mode())?;
    let name = &target.name;
    match case.publication() {
        Some(port) => Some(stage(
            StageName::Route,
            Some(true),
            format!("host port {} → {name}:{}/{}", port.host_port?, port.container_port, port.protocol),
            vec![],
        )),
        None if case.unpublished() => {
            let port = case.listen_port().map(|port| format!(" {port}/{}", case.to.protocol)).unwrap_or_default();
            Some(stage(StageName::Route, Some(false), format!("{name} publishes no port{port} on the host"), vec![]))
        }
        None => None,
    }
}

/// On which node of the swarm the dialled address is.
fn elsewhere(case: &Case<'_>) -> Option<Stage> {
    let dialled = case.dialled_addresses();
    let (network, endpoint) = dialled.iter().find_map(|address| case.topology.endpoint(*address))?;
    let node = endpoint.node.filter(|_| case.topology.other_node(endpoint.address).is_some())?;
    Some(
        stage(StageName::Route, Some(true), format!("{} is on another node, {node}", endpoint.name), vec![])
            .beside(network),
    )
}

fn no_way_out(case: &Case<'_>) -> Option<Stage> {
    let networks = case.source_networks();
    let internal = !networks.is_empty()
        && networks.iter().all(|key| case.topology.networks.get(*key).is_some_and(|network| network.internal));
    let probes = case.network_in(&case.from.place).map(|seen| seen.id).into_iter().collect();
    (internal && case.to_outside()).then(|| {
        stage(StageName::Route, Some(false), format!("{} is internal: no way out", networks.join(", ")), probes)
    })
}

/// Only told where it is not as it should be.
fn target(case: &Case<'_>) -> Option<Stage> {
    let target = case.target().filter(|target| target.state.status != Status::Running)?;
    let code = match target.state.status {
        Status::Exited | Status::Dead | Status::Restarting => format!(" (exit code {})", target.state.exit_code),
        _ => String::new(),
    };
    Some(stage(
        StageName::Target,
        Some(false),
        format!("{} is {}{code}", target.name, target.state.status.word()),
        vec![],
    ))
}

fn tcp(case: &Case<'_>) -> Vec<Stage> {
    // What answers on the host for a container that does not publish the port is somebody else's.
    if case.unpublished() {
        return Vec::new();
    }
    let dials = case.dials();
    // A program does not try a family that its namespace does not have (RFC 3484, AI_ADDRCONFIG).
    let has_v4 = dials.iter().any(|dial| dial.fact.address.is_ipv4());
    let absent = |fact: &TcpFact| {
        let missing = matches!(fact.errno, Some(Errno::AddressNotAvailable | Errno::NetworkUnreachable));
        has_v4 && fact.address.is_ipv6() && missing
    };
    dials.iter().filter(|dial| !absent(dial.fact)).take(8).map(|dial| one_dial(case, dial)).collect()
}

fn one_dial(case: &Case<'_>, dial: &Seen<'_, TcpFact>) -> Stage {
    let fact = dial.fact;
    let at = host_port(&fact.address.to_string(), fact.port);
    let owner = owner_note(case, fact);
    let broken = case.false_open(fact);
    let word = match fact.outcome {
        TcpOutcome::Connected => match &fact.after {
            Some(AfterConnect::Closed { .. }) => "connected, then closed at once".to_owned(),
            Some(AfterConnect::Reset { .. }) => "connected, then reset".to_owned(),
            Some(AfterConnect::Spoke { .. }) => "connected, it spoke first".to_owned(),
            _ => "connected".to_owned(),
        },
        TcpOutcome::Refused => "refused".to_owned(),
        TcpOutcome::TimedOut => "no answer".to_owned(),
        TcpOutcome::HostUnreachable => "host unreachable".to_owned(),
        TcpOutcome::NetworkUnreachable => "network unreachable".to_owned(),
        TcpOutcome::Failed => fact.errno.map_or_else(|| "failed".to_owned(), |errno| errno.to_string()),
    };
    let ok = fact.outcome == TcpOutcome::Connected && !broken;
    stage(StageName::Tcp, Some(ok), format!("{at} {word}{owner}"), vec![dial.id]).beside(ms(fact.connect_ms))
}

/// Whose address it is, where one name has several.
fn owner_note(case: &Case<'_>, fact: &TcpFact) -> String {
    if case.dials().len() < 2 {
        return String::new();
    }
    case.topology.owner_of(fact.address).map(|(owner, _)| format!(" ({})", owner.name)).unwrap_or_default()
}

fn udp(case: &Case<'_>) -> Vec<Stage> {
    case.datagrams()
        .into_iter()
        .take(8)
        .map(|seen| {
            let at = host_port(&seen.fact.address.to_string(), seen.fact.port);
            let (ok, word) = match seen.fact.outcome {
                UdpOutcome::Replied => (Some(true), "answered"),
                UdpOutcome::Silent => (None, "gave no answer, as UDP servers may"),
                UdpOutcome::Refused => (Some(false), "refused"),
                UdpOutcome::Failed => (Some(false), "failed"),
            };
            stage(StageName::Udp, ok, format!("{at} {word}"), vec![seen.id]).beside(ms(seen.took_ms))
        })
        .collect()
}

fn listen(case: &Case<'_>) -> Option<Stage> {
    let (seen, found) = case.listening()?;
    if case.unpublished() {
        return None;
    }
    let place = seen_place(case);
    let port = case.listen_port()?;
    let (ok, summary) = match found {
        Listening::Good(socket) => (true, format!("{place} listens on {}", sockets_text(&[socket]))),
        Listening::Loopback(sockets) | Listening::OtherAddress(sockets) => {
            (false, format!("{place} listens on {} only", sockets_text(&sockets)))
        }
        Listening::OtherFamily(sockets) => {
            let family = if sockets.iter().any(|socket| socket.address.is_ipv6()) { "IPv6" } else { "IPv4" };
            (false, format!("{place} listens on {}, {family} only", sockets_text(&sockets)))
        }
        Listening::OtherProtocol(socket) => (false, format!("{place} has {port}/{} only", socket.protocol)),
        Listening::Elsewhere(sockets) => {
            (false, format!("{place} listens on {}, not on {port}", sockets_text(&sockets)))
        }
        Listening::Nothing => (false, format!("nothing in {place} listens on {port}/{}", case.to.protocol)),
    };
    // A socket that seems wrong, while the connection stands, is no step that failed.
    let ok = if !ok && case.gets_through() { None } else { Some(ok) };
    Some(stage(StageName::Listen, ok, summary, vec![seen.id]))
}

fn seen_place<'a>(case: &Case<'a>) -> &'a str {
    match case.target() {
        Some(target) => &target.name,
        None => case.to.place.as_deref().unwrap_or("the target"),
    }
}

fn ping(case: &Case<'_>) -> Option<Stage> {
    // Beside a port, an echo tells something only where its length matters.
    if case.to.port.is_some() {
        let pings = case.pings();
        let lost = pings.iter().filter(|_| case.loses_long_packets()).find(|ping| !ping.fact.replied)?;
        let summary = format!("{} loses packets of {} bytes", lost.fact.address, u32::from(lost.fact.size) + 28);
        return Some(stage(StageName::Route, Some(false), summary, vec![lost.id]));
    }
    let seen = case.ping()?;
    let (ok, word) =
        if seen.fact.replied { (Some(true), "answers an echo") } else { (None, "leaves an echo unanswered") };
    Some(stage(StageName::Route, ok, format!("{} {word}", seen.fact.address), vec![seen.id]).beside(ms(seen.took_ms)))
}
