//! What the engine knows of its swarm.
//!
//! Only managers know of nodes, services and tasks. Of an overlay network each node knows what it has heard from the others
//! (see [`Overlay`]).

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Container, Protocol, Topology};

/// The swarm that the engine is a part of, as it sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Swarm {
    /// The id of the engine's own node (`Swarm.NodeID` of its info).
    pub node: String,
    /// The address by which the other nodes know it (`Swarm.NodeAddr`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Whether it is a manager. The rest is empty where it is none.
    pub manager: bool,
    /// The UDP port that carries overlay networks between nodes (`Swarm.Cluster.DataPathPort`), 4789 unless chosen
    /// otherwise. None where only managers know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_port: Option<u16>,
    /// The nodes.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// The services by name.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// The tasks of services: those that are to run, and the last that failed. And the containers that were put on overlay
    /// networks by hand, which are tasks without a service.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// A machine of a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its host name.
    pub hostname: String,
    /// Its address, as the managers see it (`Status.Addr`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// `ready`, `down`, `disconnected` or `unknown`.
    pub state: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// How many tasks are wanted; none where each node is to run one, and where they are jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// Whether its name stands for one virtual address (`vip`) or for the addresses of its tasks (`dnsrr`).
    pub endpoint_mode: String,
    /// Where its tasks may run (`Placement.Constraints`), such as `node.role==manager`.
    #[serde(default)]
    pub constraints: Vec<String>,
    /// The networks of its tasks, by their keys.
    #[serde(default)]
    pub networks: BTreeMap<String, ServiceNetwork>,
    /// The ports that it publishes.
    #[serde(default)]
    pub ports: Vec<ServicePort>,
}

/// A service on one of its networks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceNetwork {
    /// Its virtual address, in the mode `vip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vip: Option<IpAddr>,
    /// The names that it has there besides its own.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// A port that a service publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServicePort {
    /// The port of its tasks.
    pub target: u16,
    /// The port of the nodes.
    pub published: u16,
    /// The transport.
    pub protocol: Protocol,
    /// Whether every node answers for it (`ingress`, the routing mesh), or those alone that run a task (`host`).
    pub ingress: bool,
}

/// A task: a container that a node is to run, or has run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// The service by name; none for a container that was put on an overlay network by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The id of the node that it was given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The state that it is in: `pending`, `preparing`, `starting`, `running`, `rejected`, `failed`, …
    pub state: String,
    /// The state that it is to be in.
    pub desired: String,
    /// How long it has been in its state, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<f64>,
    /// Why it is not as it should be, in the engine's words.
    #[serde(default)]
    pub error: String,
    /// Its addresses, by the keys of the networks.
    #[serde(default)]
    pub addresses: BTreeMap<String, IpAddr>,
}

/// An overlay network as its node has heard of it: nodes tell each other who is where by gossip, on port 7946 (TCP and UDP).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overlay {
    /// The nodes that take part, this one included (`Peers`).
    pub peers: Vec<IpAddr>,
    /// Who has which address on it, and on which node (`Services`, of a verbose inspect).
    pub endpoints: Vec<Endpoint>,
    /// The virtual addresses of services.
    #[serde(default)]
    pub vips: BTreeMap<String, IpAddr>,
}

/// An address on an overlay network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// The name of the container.
    pub name: String,
    /// The service of which it is a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its address on the network.
    pub address: IpAddr,
    /// The address of its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<IpAddr>,
}

/// What the labels of a container say of the task that it is (`com.docker.swarm.*`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskLabels {
    /// The service, by name.
    pub service: String,
    /// The id of the task.
    pub task: String,
    /// The stack that the service is a part of (`com.docker.stack.namespace`), which begins its name. On the networks of the
    /// stack the rest of it is a name, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// What the resolver of an overlay network puts before a service's name to mean the addresses of its tasks.
pub const TASKS: &str = "tasks.";

impl Swarm {
    /// The service that a name means to somebody on these networks: its own name, `tasks.NAME`, or an alias there.
    #[must_use]
    pub fn service_called(&self, name: &str, networks: &[&str]) -> Option<(&str, &Service)> {
        let name = name.strip_prefix(TASKS).unwrap_or(name);
        let aliased = |service: &Service| {
            networks
                .iter()
                .filter_map(|key| service.networks.get(*key))
                .any(|network| network.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name)))
        };
        let own = self.services.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        own.or_else(|| self.services.iter().find(|(_, service)| aliased(service)))
            .map(|(name, service)| (name.as_str(), service))
    }

    /// The tasks of a service.
    pub fn tasks_of(&self, service: &str) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.service.as_deref() == Some(service))
    }

    /// A node by its id.
    #[must_use]
    pub fn node_of(&self, task: &Task) -> Option<&Node> {
        self.nodes.iter().find(|node| Some(&node.id) == task.node.as_ref())
    }

    /// The service that publishes a port on every node.
    #[must_use]
    pub fn publisher(&self, port: u16, protocol: Protocol) -> Option<(&str, ServicePort)> {
        self.services.iter().find_map(|(name, service)| {
            let found = service.ports.iter().find(|own| own.published == port && own.protocol == protocol);
            found.filter(|port| port.ingress).map(|port| (name.as_str(), *port))
        })
    }
}

impl Task {
    /// Whether it runs, and is meant to.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.state == "running" && self.desired == "running"
    }
}

impl Topology {
    /// Who has an address on an overlay network, as this node has heard.
    #[must_use]
    pub fn endpoint(&self, address: IpAddr) -> Option<(&str, &Endpoint)> {
        self.networks.iter().find_map(|(key, network)| {
            let endpoints = &network.overlay.as_ref()?.endpoints;
            endpoints.iter().find(|endpoint| endpoint.address == address).map(|endpoint| (key.as_str(), endpoint))
        })
    }

    /// The service that has an address: its own virtual one, or that of a task.
    #[must_use]
    pub fn service_at(&self, address: IpAddr) -> Option<&str> {
        let overlays = || self.networks.values().filter_map(|network| network.overlay.as_ref());
        let virtual_one = overlays().flat_map(|overlay| &overlay.vips).find(|(_, vip)| **vip == address);
        let of_task = || {
            let tasks = self.swarm.as_ref().map(|swarm| swarm.tasks.iter()).into_iter().flatten();
            tasks
                .filter(|task| task.addresses.values().any(|own| *own == address))
                .find_map(|task| task.service.as_deref())
        };
        virtual_one
            .map(|(name, _)| name.as_str())
            .or_else(|| self.endpoint(address).and_then(|(_, endpoint)| endpoint.service.as_deref()))
            .or_else(of_task)
    }

    /// The virtual address of a service on a network.
    #[must_use]
    pub fn vip(&self, service: &str, network: &str) -> Option<IpAddr> {
        let of_service = self.swarm.as_ref().and_then(|swarm| swarm.services.get(service)?.networks.get(network)?.vip);
        of_service.or_else(|| self.networks.get(network)?.overlay.as_ref()?.vips.get(service).copied())
    }

    /// The address of the node that has an address on an overlay network, where it is another one than the engine's own.
    #[must_use]
    pub fn other_node(&self, address: IpAddr) -> Option<IpAddr> {
        let own = self.swarm.as_ref()?.address?;
        self.endpoint(address)?.1.node.filter(|node| *node != own)
    }

    /// Whether an address lies in an overlay network, most of which is on machines that this engine knows little of.
    #[must_use]
    pub fn on_overlay(&self, address: IpAddr) -> bool {
        self.network_of(address)
            .and_then(|key| self.networks.get(key))
            .is_some_and(|network| network.driver == "overlay")
    }

    /// The containers of this engine that are tasks of a service.
    pub fn local_tasks<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Container> {
        self.containers.values().filter(move |one| one.task.as_ref().is_some_and(|task| task.service == service))
    }
}
