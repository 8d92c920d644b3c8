//! What can be asked of a topology: who has an address, who publishes a port, whose namespace it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Attachment, Container, Network, NetworkMode, Protocol, PublishedPort, State, Status, Subnet, Topology};

impl Topology {
    /// The container whose network namespace `container` lives in: itself, or for `container:X` the one that X leads to.
    #[must_use]
    pub fn namespace_owner<'a>(&'a self, container: &'a Container) -> &'a Container {
        let mut owner = container;
        // Chains are short; the bound keeps a hostile loop of references from turning for ever.
        for _ in 0..8 {
            let NetworkMode::Container(of) = &owner.network_mode else { return owner };
            match self.containers.values().find(|other| &other.id == of || &other.name == of) {
                Some(next) => owner = next,
                None => return owner,
            }
        }
        owner
    }

    /// The attachments that a container has, its own or those of the container whose namespace it shares.
    #[must_use]
    pub fn attachments<'a>(&'a self, container: &'a Container) -> &'a BTreeMap<String, Attachment> {
        &self.namespace_owner(container).attachments
    }

    /// The running container that has an address, with the network on which it has it.
    #[must_use]
    pub fn owner_of(&self, address: IpAddr) -> Option<(&Container, &str)> {
        self.containers.values().filter(|container| container.state.status.has_processes()).find_map(|container| {
            container
                .attachments
                .iter()
                .find(|(_, attachment)| attachment.has(address))
                .map(|(network, _)| (container, network.as_str()))
        })
    }

    /// The network in one of whose subnets an address lies, by its key.
    #[must_use]
    pub fn network_of(&self, address: IpAddr) -> Option<&str> {
        self.networks
            .iter()
            .find(|(_, network)| network.subnets.iter().any(|subnet| subnet.range.contains(&address)))
            .map(|(key, _)| key.as_str())
    }

    /// Whether an address is the host's own end of one of the networks.
    #[must_use]
    pub fn is_gateway(&self, address: IpAddr) -> bool {
        self.networks.values().any(|network| {
            network.driver == "bridge" && network.subnets.iter().any(|subnet| subnet.host_address() == Some(address))
        })
    }

    /// The container that publishes a port of the host, and how. Without an address any host address counts.
    #[must_use]
    pub fn publisher(
        &self,
        host_port: u16,
        protocol: Protocol,
        address: Option<IpAddr>,
    ) -> Option<(&Container, PublishedPort)> {
        self.containers.values().find_map(|container| {
            container
                .published
                .iter()
                .find(|published| {
                    published.host_port == Some(host_port)
                        && published.protocol == protocol
                        && address.is_none_or(|address| published.answers_on(address))
                })
                .map(|published| (container, *published))
        })
    }

    /// A container that was to publish a port of the host, and does not: it does not run, or the engine did not do it.
    /// In host mode there is nothing to publish.
    #[must_use]
    pub fn absent_publisher(&self, host_port: u16, protocol: Protocol) -> Option<(&Container, PublishedPort)> {
        let absent = |container: &&Container| {
            !container.state.status.has_processes()
                || (container.published.is_empty() && container.network_mode != NetworkMode::Host)
        };
        self.containers.values().filter(absent).find_map(|container| {
            container
                .requested
                .iter()
                .find(|requested| requested.host_port == Some(host_port) && requested.protocol == protocol)
                .map(|requested| (container, *requested))
        })
    }

    /// The engine's default network, by its key.
    #[must_use]
    pub fn default_bridge(&self) -> Option<&str> {
        self.networks.iter().find(|(_, network)| network.is_default_bridge()).map(|(key, _)| key.as_str())
    }
}

impl Container {
    /// The first twelve digits of the id, as `docker ps` shows them.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The base name of the image, without registry, repository path, tag and digest: `mongo` for `docker.io/library/mongo:7`.
    #[must_use]
    pub fn image_name(&self) -> &str {
        let path = self.image.split('@').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        last.split(':').next().unwrap_or_default()
    }

    /// Whether the container is attached to no network but the engine's default bridge, which resolves no names.
    #[must_use]
    pub fn only_on(&self, network: &str) -> bool {
        !self.attachments.is_empty() && self.attachments.keys().all(|key| key == network)
    }
}

impl Attachment {
    /// Whether the container has this address here.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4 == Some(address),
            IpAddr::V6(address) => self.ipv6 == Some(address),
        }
    }

    /// The addresses that the container has here.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.ipv4.map(IpAddr::V4).into_iter().chain(self.ipv6.map(IpAddr::V6))
    }

    /// Whether the network's resolver knows the container by this name. Names are compared as DNS does, without case.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

impl Network {
    /// Whether this is the network that containers get when none is asked for (`docker0`).
    #[must_use]
    pub fn is_default_bridge(&self) -> bool {
        self.driver == "bridge"
            && (self.name == "bridge"
                || self.options.get("com.docker.network.bridge.default_bridge").is_some_and(|value| value == "true"))
    }

    /// The interface of the host that it hangs on, for a bridge network (`com.docker.network.bridge.name`, or what the
    /// engine calls it by itself).
    #[must_use]
    pub fn bridge_name(&self) -> Option<String> {
        if self.driver != "bridge" {
            return None;
        }
        let given = self.options.get("com.docker.network.bridge.name").cloned();
        let by_default = || {
            if self.is_default_bridge() {
                Some("docker0".to_owned())
            } else {
                self.id.get(..12).map(|id| format!("br-{id}"))
            }
        };
        given.or_else(by_default)
    }

    /// Whether its containers may talk to each other (`com.docker.network.bridge.enable_icc`).
    #[must_use]
    pub fn lets_containers_talk(&self) -> bool {
        self.options.get("com.docker.network.bridge.enable_icc").is_none_or(|value| value != "false")
    }

    /// Whether what leaves it gets the host's address (`com.docker.network.bridge.enable_ip_masquerade`).
    #[must_use]
    pub fn masquerades(&self) -> bool {
        self.options.get("com.docker.network.bridge.enable_ip_masquerade").is_none_or(|value| value != "false")
    }

    /// Whether containers on it leave for the outside with an address that the outside can answer.
    #[must_use]
    pub fn leads_out(&self) -> bool {
        self.driver == "bridge" && !self.internal && self.masquerades()
    }

    /// Whether what its nodes send each other is encrypted (`--opt encrypted`).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.driver == "overlay" && self.options.contains_key("encrypted")
    }

    /// Whether it is the network of a swarm's routing mesh, on which nobody is called by name.
    #[must_use]
    pub fn is_ingress(&self) -> bool {
        self.driver == "overlay" && self.name == "ingress"
    }

    /// Whether containers can be attached to it at will, as opposed to the networks `host` and `none`, and to those of a
    /// swarm that are for its services alone.
    #[must_use]
    pub fn is_attachable(&self) -> bool {
        !matches!(self.driver.as_str(), "host" | "null") && (self.scope != "swarm" || self.attachable)
    }
}

impl Subnet {
    /// The address of the host in it. Where the engine names none, as for a default bridge that was never configured, it is
    /// the first, which is what the engine's own address management hands out before any other.
    #[must_use]
    pub fn host_address(&self) -> Option<IpAddr> {
        self.gateway.or_else(|| self.range.hosts().next())
    }
}

impl PublishedPort {
    /// Whether the host answers for this port on one of its addresses.
    #[must_use]
    pub fn answers_on(&self, address: IpAddr) -> bool {
        match self.host_ip {
            None => true,
            Some(host_ip) if host_ip.is_unspecified() => host_ip.is_ipv4() == address.is_ipv4(),
            Some(host_ip) => host_ip == address,
        }
    }
}

/// Restarted within so many seconds, a container is taken to be in a crash loop. The engine doubles its delay from 100 ms up to
/// a minute, and forgives after ten seconds of life.
const FRESH_S: f64 = 10.0;

impl State {
    /// Whether the engine starts it again and again: it waits for the next time, or has just begun one of its lives.
    #[must_use]
    pub fn keeps_ending(&self) -> bool {
        self.status == Status::Restarting
            || self.status == Status::Running
                && self.restart_count > 0
                && self.up_s.is_some_and(|seconds| seconds < FRESH_S)
    }
}

impl Status {
    /// Whether there are processes, and so a network namespace to look into.
    #[must_use]
    pub fn has_processes(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The engine's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "being removed",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Unknown => "in an unknown state",
        }
    }
}
