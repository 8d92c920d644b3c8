//! The engine's containers and networks at one moment.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::clock::EngineClock;
use super::error::EngineError;
use super::info::SwarmBody;
use super::networks::{NetworkBody, NetworkKeys, networks};
use super::{AGENT_LABEL, inspect, swarm};
use crate::topology::{Container, Network, PublishedPort, Swarm, Topology};

/// One container of `/containers/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedContainer {
    id: String,
    names: Vec<String>,
    state: String,
    labels: BTreeMap<String, String>,
    host_config: ListedHostConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedHostConfig {
    network_mode: String,
}

/// The engine's containers and networks as it lists them, which takes one request for all of them: enough to find those
/// that somebody names, long before every container has been inspected.
#[derive(Debug, Default)]
pub struct Listing {
    containers: Vec<ListedContainer>,
    networks: Vec<Value>,
}

impl Listing {
    /// The full id of the container with exactly this name, where it runs in a network namespace of its own.
    #[must_use]
    pub fn running_alone(&self, name: &str) -> Option<&str> {
        let shares = |mode: &str| mode == "host" || mode.starts_with("container:");
        self.containers
            .iter()
            .find(|container| container.names.iter().any(|listed| listed.trim_start_matches('/') == name))
            .filter(|container| container.state == "running" && !shares(&container.host_config.network_mode))
            .map(|container| container.id.as_str())
    }
}

/// Lists every container and every network, but for the agents of dprobe itself.
pub(super) async fn list(client: &Client) -> Result<Listing, EngineError> {
    let (containers, networks) = tokio::try_join!(list_containers(client), list_networks(client))?;
    Ok(Listing { containers, networks })
}

/// Inspects what was listed, up to `concurrency` containers at a time, and asks what a swarm knows beside them. Containers
/// that vanish meanwhile are left out.
pub(super) async fn complete(
    client: &Client,
    listing: Listing,
    swarm: &SwarmBody,
    clock: Option<EngineClock>,
    concurrency: usize,
) -> Result<Topology, EngineError> {
    let mut networks = networks_of(listing.networks);
    let keys = NetworkKeys::new(&networks);
    let inspected = stream::iter(listing.containers)
        .map(|container| inspect_one(client, container.id, &keys, clock))
        .buffer_unordered(concurrency)
        .try_collect::<Vec<Option<Container>>>();
    let (inspected, overlays, bodies) =
        tokio::join!(inspected, swarm::overlays(client, &networks), swarm::ask(client, swarm));
    let mut containers: BTreeMap<String, Container> =
        inspected?.into_iter().flatten().map(|container| (container.name.clone(), container)).collect();
    complete_gateways(&mut networks, &containers);
    for (key, overlay) in overlays {
        if let Some(network) = networks.get_mut(&key) {
            network.overlay = Some(overlay);
        }
    }
    let swarm = swarm::swarm(swarm, bodies, &keys, clock);
    complete_ports(&mut containers, swarm.as_ref());
    Ok(Topology { containers, networks, swarm, ..Topology::default() })
}

async fn list_containers(client: &Client) -> Result<Vec<ListedContainer>, EngineError> {
    let listed: Vec<ListedContainer> = client.get("list the containers", "/containers/json?all=1").await?;
    Ok(listed.into_iter().filter(|container| !container.labels.contains_key(AGENT_LABEL)).collect())
}

async fn list_networks(client: &Client) -> Result<Vec<Value>, EngineError> {
    client.get("list the networks", "/networks").await
}

/// Networks of a form that this version does not know are left out, not the others with them.
pub(super) fn networks_of(bodies: Vec<Value>) -> BTreeMap<String, Network> {
    networks(bodies.into_iter().filter_map(|body| NetworkBody::deserialize(body).ok()).collect())
}

/// Engines leave the gateway of the default bridge out of its configuration; the containers on it know.
pub(super) fn complete_gateways(networks: &mut BTreeMap<String, Network>, containers: &BTreeMap<String, Container>) {
    for (key, network) in networks {
        for subnet in network.subnets.iter_mut().filter(|subnet| subnet.gateway.is_none()) {
            subnet.gateway = containers
                .values()
                .filter_map(|container| container.attachments.get(key)?.gateway)
                .find(|gateway| subnet.range.contains(gateway));
        }
    }
}

/// What the routing mesh publishes for a service is published for its tasks, which do not say so themselves.
pub(super) fn complete_ports(containers: &mut BTreeMap<String, Container>, swarm: Option<&Swarm>) {
    for container in containers.values_mut().filter(|container| container.state.status.has_processes()) {
        let service = container.task.as_ref().and_then(|task| swarm?.services.get(&task.service));
        for port in service.iter().flat_map(|service| &service.ports).filter(|port| port.ingress) {
            container.published.push(PublishedPort {
                container_port: port.target,
                protocol: port.protocol,
                host_ip: None,
                host_port: Some(port.published),
            });
        }
    }
}

async fn inspect_one(
    client: &Client,
    id: String,
    keys: &NetworkKeys,
    clock: Option<EngineClock>,
) -> Result<Option<Container>, EngineError> {
    match client.get::<Value>("inspect a container", &format!("/containers/{id}/json")).await {
        Ok(body) => Ok(inspect::container(body, keys, clock)),
        // 404: it vanished. 409 and 500 are what some engines say while it does.
        Err(error) if matches!(error.status(), Some(404 | 409 | 500)) => {
            tracing::debug!(%id, %error, "left a container out of the snapshot");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
