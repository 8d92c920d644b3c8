//! Who else serves a port: the containers around the source, and the host.
//!
//! When an address is wrong, the right one is most often in sight. What was dialled from the source counts first, then
//! what containers declare and publish.

use super::address::host_port;
use super::case::Case;
use crate::resolve;
use crate::topology::{Container, Protocol};

/// A container that may be the one that was meant.
#[derive(Debug, Clone)]
pub(super) struct Peer<'a> {
    /// The container.
    pub(super) container: &'a Container,
    /// The port inside it.
    pub(super) port: u16,
    /// The name under which the source finds it; its address where there is no resolver. None where they share no network.
    pub(super) dial: Option<String>,
    /// The evidence.
    pub(super) because: String,
    /// Whether it was seen to answer.
    pub(super) answers: bool,
    /// Whether it is in reach: it shares a network with the source, or publishes the port on the host.
    pub(super) near: bool,
}

/// The container that most likely serves what was looked for on `port`.
pub(super) fn serving<'a>(case: &Case<'a>, port: u16) -> Option<Peer<'a>> {
    let mut peers: Vec<(u8, Peer<'a>)> = case
        .topology
        .containers
        .values()
        .filter(|container| !is_source(case, container))
        .filter_map(|container| peer(case, container, port))
        .collect();
    peers.sort_by_key(|(rank, _)| *rank);
    // Of the containers out of reach one may have been meant; of several it would be a guess which.
    let far = peers.iter().filter(|(_, peer)| !peer.near).count();
    peers.into_iter().map(|(_, peer)| peer).find(|peer| peer.near || far == 1)
}

fn is_source(case: &Case<'_>, container: &Container) -> bool {
    case.source()
        .is_some_and(|source| case.topology.namespace_owner(source).id == case.topology.namespace_owner(container).id)
}

/// One container as a candidate: rank 0 answers, 1 declares the port (by EXPOSE or by its well-known program) and shares a
/// network, 2 publishes it as the host's
/// port, 3 declares it somewhere else.
fn peer<'a>(case: &Case<'a>, container: &'a Container, port: u16) -> Option<(u8, Peer<'a>)> {
    if !container.state.status.has_processes() {
        return None;
    }
    let shared = case
        .source_networks()
        .into_iter()
        .find_map(|network| container.attachments.get(network).map(|attachment| (network, attachment)));
    let name = shared.map(|(network, attachment)| {
        let resolves = case.topology.networks.get(network).is_some_and(|network| !network.is_default_bridge());
        let friendly = container.compose.as_ref().map(|compose| compose.service.clone());
        let friendly = friendly.filter(|name| attachment.answers_to(name)).unwrap_or_else(|| container.name.clone());
        if resolves { friendly } else { attachment.addresses().next().map_or(friendly, |address| address.to_string()) }
    });
    let dial = |port: u16| name.as_ref().map(|name| host_port(name, port));
    let evidence = || format!("topology.containers.{}", container.name);
    let addresses = shared.into_iter().flat_map(|(_, attachment)| attachment.addresses());
    let mut addresses = addresses;
    let answered = addresses
        .find_map(|address| case.connected().find(|seen| seen.fact.address == address && seen.fact.port == port));
    if let Some(seen) = answered {
        return Some((
            0,
            Peer { container, port, dial: dial(port), because: seen.id.to_owned(), answers: true, near: true },
        ));
    }
    let listens = case.listeners_in(&container.name).and_then(|seen| {
        let found = seen.fact.sockets.iter().any(|socket| socket.port == port && socket.protocol == Protocol::Tcp);
        found.then_some(seen.id)
    });
    let declares = container.exposed.iter().any(|exposed| exposed.port == port && exposed.protocol == case.to.protocol)
        || (case.to.protocol == Protocol::Tcp && resolve::well_known_port(container) == Some(port));
    if let Some(id) = listens.filter(|_| shared.is_some()) {
        return Some((
            1,
            Peer { container, port, dial: dial(port), because: id.to_owned(), answers: false, near: true },
        ));
    }
    if declares && shared.is_some() {
        return Some((1, Peer { container, port, dial: dial(port), because: evidence(), answers: false, near: true }));
    }
    let published = container
        .published
        .iter()
        .find(|published| published.host_port == Some(port) && published.protocol == case.to.protocol);
    if let Some(published) = published {
        let port = published.container_port;
        return Some((2, Peer { container, port, dial: dial(port), because: evidence(), answers: false, near: true }));
    }
    declares.then(|| (3, Peer { container, port, dial: dial(port), because: evidence(), answers: false, near: false }))
}
