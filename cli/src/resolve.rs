//! From words to things: what FROM and TARGET mean on this engine, and what the source dials.
//!
//! Pure: everything is decided from the words and the [`Topology`]. A name that means nothing here is no error as a
//! target (it may be a name of the outside world, or a misspelt one, which the diagnosis tells); as a source it is.

use std::net::{IpAddr, Ipv4Addr};

use crate::engine::Listing;
use crate::report::{PortOrigin, Source, SourceKind, Target, TargetKind};
use crate::topology::{Container, Dependency, NetworkMode, Protocol, Proxy, Subnet, Topology};
use crate::words::{self, Fault, HostWord, Login, Malformed, PlaceWord, SourceWord, TargetWord};

mod names;
mod swarm;

pub use names::near;
pub(crate) use names::well_known_port;

/// The place of the engine's host in observations.
pub const HOST: &str = "host";

/// The names that engines give their host inside containers.
pub const HOST_NAMES: [&str; 3] = ["host.docker.internal", "gateway.docker.internal", "host.containers.internal"];

/// What stands for the host's address in `--add-host` and `extra_hosts` (Engine 20.10 and newer).
pub const HOST_GATEWAY: &str = "host-gateway";

/// The bridge by which containers on overlay networks leave their node.
const GWBRIDGE: &str = "docker_gwbridge";

/// A word that means nothing on this engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No container, service or network is called so.
    #[error("there is no {kind} `{word}` on this engine")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// The word.
        word: String,
        /// The names that come close, the nearest first.
        near: Vec<String>,
    },
    /// `internet` was typed.
    #[error("`internet` can not be checked as such, for dprobe never contacts an address that nobody named")]
    Internet,
    /// It is a service of the swarm, and this engine has none of its tasks.
    #[error(
        "`{word}` runs on other nodes of the swarm only, and its networks take no container that is started by hand"
    )]
    Elsewhere {
        /// The word.
        word: String,
        /// The host names of the nodes.
        nodes: Vec<String>,
    },
    /// Several containers answer to the word.
    #[error("`{word}` could be any of several containers: {}", candidates.join(", "))]
    Ambiguous {
        /// The word.
        word: String,
        /// Their names.
        candidates: Vec<String>,
    },
}

impl ResolveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near, .. } if near.is_empty() => {
                "`docker ps -a` lists the containers of this engine, `docker context ls` other engines".to_owned()
            }
            Self::Unknown { near, .. } => format!("did you mean {}?", near.join(" or ")),
            Self::Internet => "name the address or the URL that has to be reached".to_owned(),
            Self::Elsewhere { nodes, .. } if nodes.is_empty() => {
                "run dprobe on a node that has a task of it".to_owned()
            }
            Self::Elsewhere { nodes, .. } => format!("run dprobe on {}", nodes.join(" or ")),
            Self::Ambiguous { .. } => "type the container's full name".to_owned(),
        }
    }
}

/// The containers that FROM and the targets name literally, by name and id, as far as the listing shows that each has a
/// network namespace of its own. What the words mean in the end, the whole topology decides.
#[must_use]
pub fn named(from: &SourceWord, targets: &[TargetWord], listing: &Listing) -> Vec<(String, String)> {
    let source = match &from.place {
        PlaceWord::Container(name) => Some(name),
        PlaceWord::Host | PlaceWord::Network(_) | PlaceWord::Service { .. } => None,
    };
    let targets = targets.iter().filter_map(|target| match &target.host {
        HostWord::Name(name) => Some(name),
        _ => None,
    });
    let mut named: Vec<(String, String)> = source
        .into_iter()
        .chain(targets)
        .filter_map(|name| listing.running_alone(name).map(|id| (name.clone(), id.to_owned())))
        .collect();
    named.sort();
    named.dedup();
    named
}

/// What FROM means.
///
/// # Errors
/// When nothing, or several things, on the engine are called so.
pub fn source(word: &SourceWord, topology: &Topology) -> Result<Source, ResolveError> {
    let container = match &word.place {
        PlaceWord::Host => {
            return Ok(Source {
                typed: word.typed.clone(),
                kind: SourceKind::Host,
                place: HOST.to_owned(),
                container: None,
                network: None,
                stand_in: false,
            });
        }
        PlaceWord::Network(name) => {
            let key = names::network(name, topology)?;
            return Ok(Source {
                typed: word.typed.clone(),
                kind: SourceKind::Network,
                place: format!("net:{key}"),
                container: None,
                network: Some(key.to_owned()),
                stand_in: false,
            });
        }
        PlaceWord::Container(name) => match names::container(name, None, topology) {
            Ok(container) => container,
            Err(unknown) => return swarm::stand_in(word, name, topology).unwrap_or(Err(unknown)),
        },
        PlaceWord::Service { project, service } => names::service(project, service, topology)?,
    };
    Ok(Source {
        typed: word.typed.clone(),
        kind: SourceKind::Container,
        place: container.name.clone(),
        container: Some(container.name.clone()),
        network: None,
        // A namespace that may end while it is looked into is no better than none.
        stand_in: !container.state.status.has_processes() || container.state.keeps_ending(),
    })
}

/// What TARGET means to a source, and what the source dials.
///
/// The port may still be open afterwards: where none was typed and the target is a container, its listening sockets decide.
///
/// # Errors
/// When a `project/service` does not exist, or when `internet` has no meaning set.
pub fn target(word: &TargetWord, source: &Source, topology: &Topology) -> Result<Target, ResolveError> {
    let mut target = blank(word);
    match &word.host {
        HostWord::Name(name) => by_name(name, source, topology, &mut target)?,
        HostWord::Service { project, service } => {
            let container = names::service(project, service, topology)?;
            by_container(container, service, source, topology, &mut target);
        }
        HostWord::Address(address) => by_address(*address, source, topology, &mut target),
        // A service that is called so is nearer to the user's mind than the gateway of the network.
        HostWord::Gateway if names::container("gateway", Some(source), topology).is_ok() => {
            by_name("gateway", source, topology, &mut target)?;
        }
        HostWord::Host | HostWord::Gateway => by_gateway(source, topology, &mut target),
        HostWord::Internet => return Err(ResolveError::Internet),
    }
    settle(&mut target, source, topology);
    Ok(target)
}

/// A target of which nothing is known but its word.
fn blank(word: &TargetWord) -> Target {
    Target {
        typed: word.typed.clone(),
        kind: TargetKind::Name,
        host: String::new(),
        port: word.port.map(|port| port.port),
        protocol: word.protocol,
        port_origin: word.port.map(|port| if port.typed { PortOrigin::Typed } else { PortOrigin::Scheme }),
        scheme: word.scheme.clone(),
        url: word.url.clone(),
        container: None,
        service: None,
        container_port: None,
        place: None,
        application: word.application,
        login: word.login.clone(),
        malformed: word.malformed.clone(),
        origins: Vec::new(),
    }
}

/// What a dependency means to the container that has it. One whose connection string no driver can read has nothing to dial
/// but what a driver may take for its host.
#[must_use]
pub fn dependency(dependency: &Dependency, source: &Source, topology: &Topology) -> Option<Target> {
    if dependency.left_out.is_some() {
        return None;
    }
    let unreadable = dependency.malformed.as_ref().filter(|malformed| malformed.certain);
    let mut target = if let Some(malformed) = unreadable {
        unreadable_target(&dependency.target, malformed)
    } else {
        let word = words::read(&dependency.target).ok()?.into_iter().next()?;
        let word = TargetWord { login: dependency.login.clone(), ..word };
        // Of several containers by one name any may be meant; the source's own resolver decides.
        target_of_word(&word, source, topology)
    };
    target.malformed.clone_from(&dependency.malformed);
    target.origins.clone_from(&dependency.origins);
    Some(target)
}

fn target_of_word(word: &TargetWord, source: &Source, topology: &Topology) -> Target {
    target(word, source, topology).unwrap_or_else(|_| {
        let mut target = blank(word);
        if let HostWord::Name(name) = &word.host {
            name.clone_into(&mut target.host);
        }
        target
    })
}

/// A target that nobody can dial.
fn unreadable_target(written: &str, malformed: &Malformed) -> Target {
    let host = match &malformed.fault {
        Fault::Unescaped { dials: Some(host), .. } => host.clone(),
        _ => String::new(),
    };
    let word = TargetWord {
        typed: written.to_owned(),
        host: HostWord::Name(host.clone()),
        port: None,
        protocol: Protocol::Tcp,
        scheme: None,
        url: None,
        application: None,
        login: Login::default(),
        malformed: Some(malformed.clone()),
    };
    Target { host, ..blank(&word) }
}

fn by_name(name: &str, source: &Source, topology: &Topology, target: &mut Target) -> Result<(), ResolveError> {
    name.clone_into(&mut target.host);
    if name.eq_ignore_ascii_case("localhost") {
        target.kind = TargetKind::Loopback;
    } else if HOST_NAMES.iter().any(|host| name.eq_ignore_ascii_case(host)) {
        target.kind = TargetKind::Host;
    } else {
        match names::container(name, Some(source), topology) {
            Ok(container) => {
                let dialled = if names::is_id(name, container) { &container.name } else { name };
                by_container(container, dialled, source, topology, target);
            }
            Err(ResolveError::Unknown { .. }) => match names::elsewhere(name, Some(source), topology) {
                Some(names::Elsewhere::Service(service)) => swarm::by_service(service, source, topology, target),
                Some(names::Elsewhere::Container) => target.kind = TargetKind::Remote,
                // The name may be one of the outside world.
                None => target.kind = TargetKind::Name,
            },
            // A program that has it in its configuration looks it up, whatever containers there are of other projects.
            Err(ResolveError::Ambiguous { .. }) if target.scheme.is_some() && source.kind == SourceKind::Container => {
                target.kind = TargetKind::Name;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A container as the target. Nobody who types it for the host means the name, which is none there, so the port that it
/// publishes is dialled. A program in a container is another matter: it dials what its configuration says.
fn by_container(container: &Container, dialled: &str, source: &Source, topology: &Topology, target: &mut Target) {
    target.kind = TargetKind::Container;
    target.container = Some(container.name.clone());
    target.service = container.task.as_ref().map(|task| task.service.clone());
    dialled.clone_into(&mut target.host);
    if source.kind == SourceKind::Host {
        from_host(container, topology, target);
    }
}

/// Whether the source dials from the host's own namespace.
#[must_use]
pub fn shares_host_namespace(source: &Source, topology: &Topology) -> bool {
    match source.kind {
        SourceKind::Host => true,
        SourceKind::Network => false,
        SourceKind::Container => source
            .container
            .as_ref()
            .and_then(|name| topology.containers.get(name))
            .is_some_and(|container| topology.namespace_owner(container).network_mode == NetworkMode::Host),
    }
}

/// From the host the name of a container is no name; what a program there dials is the published port on localhost.
/// A container in host mode keeps its name only as a container, for its namespace uses the host's resolver, too.
fn from_host(container: &Container, topology: &Topology, target: &mut Target) {
    let owner = topology.namespace_owner(container);
    if owner.network_mode == NetworkMode::Host {
        "localhost".clone_into(&mut target.host);
        target.container_port = target.port;
        return;
    }
    let published = |wanted: &dyn Fn(&&crate::topology::PublishedPort) -> bool| {
        owner.published.iter().filter(|port| port.protocol == target.protocol).find(wanted).copied()
    };
    let found = match target.port {
        Some(port) => published(&|candidate| candidate.host_port == Some(port))
            .or_else(|| published(&|candidate| candidate.container_port == port)),
        None => published(&|_| true),
    };
    let Some(found) = found else {
        "localhost".clone_into(&mut target.host);
        target.container_port = target.port;
        return;
    };
    target.host = match found.host_ip {
        Some(address) if !address.is_unspecified() => address.to_string(),
        Some(IpAddr::V6(_)) => "::1".to_owned(),
        _ => Ipv4Addr::LOCALHOST.to_string(),
    };
    if target.port != found.host_port {
        target.port = found.host_port;
        target.port_origin = Some(PortOrigin::Published);
    }
    target.container_port = Some(found.container_port);
}

fn by_address(address: IpAddr, source: &Source, topology: &Topology, target: &mut Target) {
    target.host = address.to_string();
    if address.is_loopback() || address.is_unspecified() {
        target.kind = TargetKind::Loopback;
    } else if let Some((container, _)) = topology.owner_of(address) {
        target.kind = TargetKind::Container;
        target.container = Some(container.name.clone());
        target.service = container.task.as_ref().map(|task| task.service.clone());
    } else if topology.is_gateway(address) {
        target.kind = TargetKind::Host;
    } else if topology.swarm.is_some() && topology.on_overlay(address) {
        // Whoever has it: most of an overlay network is on other machines.
        target.kind = TargetKind::Remote;
        target.service = topology.service_at(address).map(str::to_owned);
    } else {
        target.kind = TargetKind::Address;
    }
    if target.kind == TargetKind::Host && source.kind == SourceKind::Host {
        target.kind = TargetKind::Loopback;
    }
}

fn by_gateway(source: &Source, topology: &Topology, target: &mut Target) {
    if shares_host_namespace(source, topology) {
        target.kind = TargetKind::Loopback;
        "localhost".clone_into(&mut target.host);
        return;
    }
    target.kind = TargetKind::Host;
    target.host = gateway_of(source, topology).map_or_else(|| HOST_NAMES[0].to_owned(), |address| address.to_string());
}

/// The gateway that a source most likely uses: the first by network name that leads out, as the engine chooses it
/// (libnetwork sorts by priority and name). The default bridge's where the source has none of its own.
#[must_use]
pub fn gateway_of(source: &Source, topology: &Topology) -> Option<IpAddr> {
    let own = source_networks(source, topology).into_iter();
    // Out of an overlay network one goes by a bridge of the node that is there for nothing else.
    let way_out = |key: &str| {
        let network = topology.networks.get(key)?;
        if network.driver == "overlay" { topology.networks.get(GWBRIDGE) } else { Some(network) }
    };
    let leads_out = |key: &str| way_out(key).filter(|network| !network.internal);
    let gateway = |key: &str| {
        leads_out(key).and_then(|network| network.subnets.iter().filter_map(Subnet::host_address).find(IpAddr::is_ipv4))
    };
    own.clone().find_map(gateway).or_else(|| topology.default_bridge().and_then(gateway))
}

/// The proxy that the source's process is told to send a request to this target through.
#[must_use]
pub fn proxy<'a>(source: &Source, target: &Target, topology: &'a Topology) -> Option<&'a Proxy> {
    let scheme = target.scheme.as_deref().filter(|scheme| matches!(*scheme, "http" | "https" | "ws" | "wss"))?;
    let container = topology.containers.get(source.container.as_ref()?)?;
    container.proxies.for_target(scheme, &target.host, target.port?)
}

/// The networks that a source is on, by their keys.
#[must_use]
pub fn source_networks<'a>(source: &'a Source, topology: &'a Topology) -> Vec<&'a str> {
    match (&source.network, source.container.as_ref().and_then(|name| topology.containers.get(name))) {
        (Some(network), _) => vec![network.as_str()],
        (None, Some(container)) => topology.attachments(container).keys().map(String::as_str).collect(),
        (None, None) => Vec::new(),
    }
}

/// Finishes a target: which container stands behind a port of the host, what port that is inside, and where to look.
fn settle(target: &mut Target, source: &Source, topology: &Topology) {
    let on_host = match target.kind {
        TargetKind::Host => true,
        TargetKind::Loopback => shares_host_namespace(source, topology),
        _ => false,
    };
    if on_host && target.container.is_none() {
        let address = target.host.parse().ok().filter(|address: &IpAddr| !address.is_unspecified());
        // A publication on another address of the host does not answer here, but it is the container that is meant.
        let found = target.port.and_then(|port| {
            topology
                .publisher(port, target.protocol, address)
                .or_else(|| topology.publisher(port, target.protocol, None))
                .or_else(|| topology.absent_publisher(port, target.protocol))
        });
        let mesh = || target.port.and_then(|port| topology.swarm.as_ref()?.publisher(port, target.protocol));
        if let Some((container, published)) = found {
            target.service = container.task.as_ref().map(|task| task.service.clone());
            target.container = Some(container.name.clone());
            target.container_port = Some(published.container_port);
        } else if let Some((service, published)) = mesh() {
            target.service = Some(service.to_owned());
            target.container_port = Some(published.target);
        }
    }
    if target.container.is_some() && target.container_port.is_none() && !on_host {
        target.container_port = target.port;
    }
    if target.kind == TargetKind::Loopback && target.container.is_none() {
        target.place = Some(source.place.clone());
        return;
    }
    target.place = target
        .container
        .as_ref()
        .and_then(|name| topology.containers.get(name))
        .filter(|container| container.state.status.has_processes())
        .map(|container| place_of(container, topology));
}

/// The place in whose observations a container's namespace is seen.
#[must_use]
pub fn place_of(container: &Container, topology: &Topology) -> String {
    if topology.namespace_owner(container).network_mode == NetworkMode::Host {
        HOST.to_owned()
    } else {
        container.name.clone()
    }
}

/// The ports to try on a target whose port nobody named: those it listens on, or those it declares, or the one that
/// its image is known for. At most eight.
///
/// A socket that is bound to loopback beside others that are not is a program's private matter and left out.
#[must_use]
pub fn ports(
    container: &Container,
    sockets: &[dprobe_probes::listeners::ListenerSocket],
    protocol: Protocol,
) -> Vec<(u16, PortOrigin)> {
    let collect = |open: bool| {
        let mut ports: Vec<u16> = sockets
            .iter()
            .filter(|socket| socket.protocol == protocol && (!open || !socket.address.is_loopback()))
            .map(|socket| socket.port)
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    };
    let declared: Vec<u16> =
        container.exposed.iter().filter(|port| port.protocol == protocol).map(|port| port.port).collect();
    let mut listening = collect(true);
    if listening.is_empty() {
        listening = collect(false);
    }
    // What is both open and declared is what the image wants to be reached at.
    if listening.iter().any(|port| declared.contains(port)) {
        listening.retain(|port| declared.contains(port));
    }
    let mut ports: Vec<(u16, PortOrigin)> = listening.into_iter().map(|port| (port, PortOrigin::Listener)).collect();
    if ports.is_empty() {
        ports = declared.into_iter().map(|port| (port, PortOrigin::Exposed)).collect();
    }
    if ports.is_empty() && protocol == Protocol::Tcp {
        ports = names::well_known_port(container).map(|port| (port, PortOrigin::WellKnown)).into_iter().collect();
    }
    ports.truncate(8);
    ports
}
