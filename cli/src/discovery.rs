//! What a container's configuration tells it to connect to: connection strings and pairs of host and port in its environment
//! and its arguments, `depends_on`, links.
//!
//! Pure. The configuration holds every secret of the container, so nothing here is logged or shown, and what comes out, a
//! [`Dependency`], has been through [`crate::words`], which keeps no credentials.

mod arguments;
mod environment;
mod merge;
mod names;
mod pairs;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use environment::assignment;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::topology::{Container, Dependency, Origin, Topology};
use crate::words::{HostWord, TargetWord};

/// The most dependencies of one container.
const MOST: usize = 64;

/// The most variables and arguments that are looked at, and the longest value in bytes.
const VARIABLES: usize = 512;
const LONGEST: usize = 4096;

/// What a container was configured with, secrets and all. Deliberately neither `Debug` nor `Serialize`.
#[derive(Default)]
pub struct Configuration {
    /// `Config.Env`, each `NAME=VALUE`.
    pub environment: Vec<String>,
    /// `Path` and `Args`.
    pub arguments: Vec<String>,
    /// The environment of its image, which comes along unless somebody replaces it.
    pub image_environment: Vec<String>,
    /// The services that it waits for (`depends_on` of compose), without those that are to end before it starts.
    pub depends_on: Vec<String>,
}

/// A finding before it is merged with others of the same target.
struct Finding {
    word: TargetWord,
    origin: Origin,
}

/// What is known of the container and its surroundings, to tell what it depends on from what it is itself.
struct Surroundings<'a> {
    topology: &'a Topology,
    container: &'a Container,
    own_names: BTreeSet<String>,
}

/// Everything that a container is told to connect to, each once.
#[must_use]
pub fn dependencies(configuration: &Configuration, container: &Container, topology: &Topology) -> Vec<Dependency> {
    let around = Surroundings::of(container, topology);
    let mut found = merge::Merged::default();
    environment::find(configuration, &around, &mut found);
    arguments::find(&configuration.arguments, &around, &mut found);
    for link in &container.links {
        found.relation(&link.alias, Origin::Link(link.alias.clone()), &around);
    }
    for service in &configuration.depends_on {
        found.relation(service, Origin::DependsOn(service.clone()), &around);
    }
    found.into_dependencies()
}

impl<'a> Surroundings<'a> {
    fn of(container: &'a Container, topology: &'a Topology) -> Self {
        let service = container.compose.as_ref().map(|compose| compose.service.clone());
        let aliases = container.attachments.values().flat_map(|attachment| attachment.names.iter().cloned());
        let names = [container.name.clone(), container.hostname.clone()].into_iter().chain(service).chain(aliases);
        let own_names = names.filter(|name| !name.is_empty()).map(|name| name.to_ascii_lowercase()).collect();
        Self { topology, container, own_names }
    }

    /// Whether a host is the container itself by one of its names, or an address on which only a server can be.
    fn is_own(&self, host: &HostWord) -> bool {
        match host {
            HostWord::Name(name) => self.own_names.contains(&name.to_ascii_lowercase()),
            HostWord::Address(address) => {
                address.is_unspecified()
                    || address.is_multicast()
                    || self.container.attachments.values().any(|attachment| attachment.has(*address))
            }
            _ => false,
        }
    }

    /// Whether the engine knows somebody by a host.
    fn knows(&self, host: &HostWord) -> bool {
        match host {
            HostWord::Name(name) => {
                self.topology.containers.values().any(|container| {
                    container.name.eq_ignore_ascii_case(name)
                        || container.compose.as_ref().is_some_and(|compose| compose.service.eq_ignore_ascii_case(name))
                        || container.attachments.values().any(|attachment| attachment.answers_to(name))
                }) || self.container.links.iter().any(|link| link.alias == *name)
                    || self.topology.swarm.as_ref().is_some_and(|swarm| swarm.services.contains_key(name))
            }
            HostWord::Address(address) => self.topology.owner_of(*address).is_some(),
            _ => false,
        }
    }
}

/// Whether a host is the machine itself, as whoever dials it sees it.
fn is_loopback(host: &HostWord) -> bool {
    match host {
        HostWord::Name(name) => name.eq_ignore_ascii_case("localhost"),
        HostWord::Address(address) => IpAddr::is_loopback(address),
        _ => false,
    }
}
