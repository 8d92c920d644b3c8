//! What a case has to do with other nodes of a swarm.

use std::net::IpAddr;

use dprobe_probes::ping::PingFact;
use dprobe_probes::wire::Fact;

use super::case::{Case, Seen};
use crate::topology::{Network, Node, Service, Swarm, Task};

/// A task that runs on another node since this many seconds has been told of to all that take part in its network.
const HEARD_S: f64 = 10.0;

/// A task on an overlay network that this node should have heard of, and has not.
pub(super) struct Unheard<'a> {
    /// The network, by key.
    pub(super) network: &'a str,
    /// The task.
    pub(super) task: &'a Task,
    /// Its address there.
    pub(super) address: IpAddr,
    /// Its node.
    pub(super) node: &'a Node,
}

impl<'a> Case<'a> {
    /// The swarm.
    pub(super) fn swarm(&self) -> Option<&'a Swarm> {
        self.topology.swarm.as_ref()
    }

    /// The service that is the target, where a manager was asked.
    pub(super) fn service(&self) -> Option<(&'a str, &'a Service)> {
        let name = self.to.service.as_ref()?;
        self.swarm()?.services.get_key_value(name).map(|(name, service)| (name.as_str(), service))
    }

    /// The overlay networks that the source is on, by key.
    pub(super) fn overlays(&self) -> Vec<(&'a str, &'a Network)> {
        let own = self.source_networks().into_iter();
        own.filter_map(|key| Some((key, self.topology.networks.get(key)?)))
            .filter(|(_, network)| network.driver == "overlay")
            .collect()
    }

    /// Whether the source is on an overlay network.
    pub(super) fn on_overlay(&self) -> bool {
        !self.overlays().is_empty()
    }

    /// The virtual address of the target's service that the source dialled.
    #[must_use]
    pub fn dialled_vip(&self) -> Option<IpAddr> {
        let service = self.to.service.as_ref()?;
        let vips = self.overlays().into_iter().filter_map(|(key, _)| self.topology.vip(service, key));
        let dialled = self.dialled_addresses();
        vips.into_iter().find(|vip| dialled.contains(vip))
    }

    /// The addresses of the target's tasks on networks of the source: those that were dialled, or that stand behind the
    /// virtual one.
    #[must_use]
    pub fn task_addresses(&self) -> Vec<IpAddr> {
        if self.dialled_vip().is_none() {
            return self.dialled_addresses();
        }
        let overlays = self.overlays().into_iter().filter_map(|(_, network)| network.overlay.as_ref());
        overlays
            .flat_map(|overlay| &overlay.endpoints)
            .filter(|endpoint| endpoint.service == self.to.service)
            .map(|endpoint| endpoint.address)
            .collect()
    }

    /// Whether an address answered an echo of the source; none where it was not asked.
    #[must_use]
    pub fn echo_of(&self, address: IpAddr) -> Option<Seen<'a, PingFact>> {
        self.seen(&self.from.place, |fact| match fact {
            Fact::Ping(fact) if fact.address == address => Some(fact),
            _ => None,
        })
        .next()
    }

    /// Other addresses on a node than these, on networks that the source shares with them.
    #[must_use]
    pub fn neighbours(&self, node: IpAddr, but: &[IpAddr]) -> Vec<IpAddr> {
        let overlays = self.overlays().into_iter().filter_map(|(_, network)| network.overlay.as_ref());
        let endpoints = overlays.flat_map(|overlay| &overlay.endpoints);
        endpoints
            .filter(|endpoint| endpoint.node == Some(node) && !but.contains(&endpoint.address))
            .map(|endpoint| endpoint.address)
            .collect()
    }

    /// The names of services and containers on other nodes that resolve from the source.
    pub(super) fn heard_names(&self) -> Vec<&'a str> {
        let overlays = self.overlays().into_iter().filter(|(_, network)| !network.is_ingress());
        let endpoints =
            overlays.filter_map(|(_, network)| network.overlay.as_ref()).flat_map(|overlay| &overlay.endpoints);
        let mut names: Vec<&str> = endpoints
            .filter(|endpoint| self.topology.owner_of(endpoint.address).is_none())
            .map(|endpoint| endpoint.service.as_deref().unwrap_or(&endpoint.name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The tasks on networks of the source that run on other nodes and that this node has not heard of, by a manager's
    /// account. Tasks that have only just started are left out, and so are nodes that the managers miss, too.
    pub(super) fn unheard(&self) -> Vec<Unheard<'a>> {
        let Some(swarm) = self.swarm() else { return Vec::new() };
        let settled = |task: &&Task| task.runs() && task.for_s.is_none_or(|seconds| seconds >= HEARD_S);
        let mut found = Vec::new();
        for (key, network) in self.overlays() {
            // A node that takes part in a network has itself among the peers; without, it has been told nothing yet.
            let Some(overlay) = network.overlay.as_ref().filter(|overlay| !overlay.peers.is_empty()) else { continue };
            for task in swarm.tasks.iter().filter(settled) {
                let node = swarm.node_of(task).filter(|node| node.id != swarm.node && node.state == "ready");
                let (Some(node), Some(&address)) = (node, task.addresses.get(key)) else { continue };
                if !overlay.endpoints.iter().any(|endpoint| endpoint.address == address) {
                    found.push(Unheard { network: key, task, address, node });
                }
            }
        }
        found
    }
}

/// How people tell nodes apart: the host name, and the address where there is one.
pub(super) fn node_text(node: &Node) -> String {
    match node.address {
        Some(address) => format!("{} ({address})", node.hostname),
        None => node.hostname.clone(),
    }
}

/// The program that filters the packets of an address.
pub(super) fn iptables(address: IpAddr) -> &'static str {
    if address.is_ipv6() { "ip6tables" } else { "iptables" }
}

/// The `iptables` rules that let somebody in on a port, in front of whatever drops it.
pub(super) fn let_in(peers: &[IpAddr], protocols: &[&str], port: u16) -> Vec<String> {
    let rule = |peer: &IpAddr, protocol: &&str| {
        let program = iptables(*peer);
        format!("{program} -I INPUT -s {peer} -p {protocol} --dport {port} -j ACCEPT")
    };
    peers.iter().flat_map(|peer| protocols.iter().map(move |protocol| rule(peer, protocol))).collect()
}
