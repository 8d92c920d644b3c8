//! The engine's containers and networks at one moment.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::clock::EngineClock;
use super::error::EngineError;
use super::networks::{NetworkBody, NetworkKeys, networks};
use super::{AGENT_LABEL, inspect};
use crate::topology::{Container, Network, Topology};

/// One container of `/containers/json`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedContainer {
    id: String,
    labels: BTreeMap<String, String>,
}

/// Reads every container and every network, up to `concurrency` containers at a time. Containers that vanish meanwhile are
/// left out, and so are the agents of dprobe itself.
pub(super) async fn snapshot(
    client: &Client,
    clock: Option<EngineClock>,
    concurrency: usize,
) -> Result<Topology, EngineError> {
    let (listed, networks) = tokio::try_join!(list_containers(client), list_networks(client))?;
    let mut networks = networks_of(networks);
    let keys = NetworkKeys::new(&networks);
    let containers: Vec<Option<Container>> = stream::iter(listed)
        .map(|container| inspect_one(client, container.id, &keys, clock))
        .buffer_unordered(concurrency)
        .try_collect()
        .await?;
    let containers = containers.into_iter().flatten().map(|container| (container.name.clone(), container)).collect();
    complete_gateways(&mut networks, &containers);
    Ok(Topology { containers, networks })
}

async fn list_containers(client: &Client) -> Result<Vec<ListedContainer>, EngineError> {
    let listed: Vec<ListedContainer> = client.get("list the containers", "/containers/json?all=1").await?;
    Ok(listed.into_iter().filter(|container| !container.labels.contains_key(AGENT_LABEL)).collect())
}

async fn list_networks(client: &Client) -> Result<Vec<Value>, EngineError> {
    client.get("list the networks", "/networks").await
}

/// Networks of a form that this version does not know are left out, not the others with them.
fn networks_of(bodies: Vec<Value>) -> BTreeMap<String, Network> {
    networks(bodies.into_iter().filter_map(|body| NetworkBody::deserialize(body).ok()).collect())
}

/// Engines leave the gateway of the default bridge out of its configuration; the containers on it know.
fn complete_gateways(networks: &mut BTreeMap<String, Network>, containers: &BTreeMap<String, Container>) {
    for (key, network) in networks {
        for subnet in network.subnets.iter_mut().filter(|subnet| subnet.gateway.is_none()) {
            subnet.gateway = containers
                .values()
                .filter_map(|container| container.attachments.get(key)?.gateway)
                .find(|gateway| subnet.range.contains(gateway));
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
