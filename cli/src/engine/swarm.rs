//! The engine's swarm: what a manager knows of nodes, services and tasks, and what each node has heard of overlay networks.
//!
//! Nothing here may keep a check from being made: a manager that has lost its quorum answers late or not at all, and counts
//! then as one that knows nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::text::printable;
use futures_util::future::join_all;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Client;
use super::clock::EngineClock;
use super::info::SwarmBody;
use super::networks::NetworkKeys;
use crate::topology::{Endpoint, Network, Node, Overlay, Protocol, Service, ServiceNetwork, ServicePort, Swarm, Task};

/// How long the swarm may take to answer.
const ANSWER: Duration = Duration::from_secs(3);
/// How many overlay networks are looked into, and how many of their addresses are kept.
const OVERLAYS: usize = 32;
const ENDPOINTS: usize = 4096;
/// How many nodes, services and tasks are kept, and how many failed tasks of one service.
const NODES: usize = 1000;
const SERVICES: usize = 1000;
const TASKS: usize = 5000;
const FAILED: usize = 4;

/// What a manager knows, as it sends it.
#[derive(Default)]
pub(super) struct Bodies {
    pub(super) nodes: Vec<NodeBody>,
    pub(super) services: Vec<ServiceBody>,
    pub(super) tasks: Vec<TaskBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NodeBody {
    #[serde(rename = "ID")]
    id: String,
    spec: NodeSpecBody,
    description: DescriptionBody,
    status: NodeStatusBody,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NodeSpecBody {
    availability: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DescriptionBody {
    hostname: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NodeStatusBody {
    state: String,
    addr: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ServiceBody {
    #[serde(rename = "ID")]
    id: String,
    spec: ServiceSpecBody,
    endpoint: EndpointBody,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ServiceSpecBody {
    name: String,
    task_template: TaskTemplateBody,
    mode: ModeBody,
    endpoint_spec: EndpointSpecBody,
    /// Where networks were named before API 1.25.
    networks: Vec<TargetBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TaskTemplateBody {
    placement: PlacementBody,
    networks: Vec<TargetBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PlacementBody {
    constraints: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TargetBody {
    target: String,
    aliases: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ModeBody {
    replicated: Option<ReplicatedBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ReplicatedBody {
    replicas: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct EndpointBody {
    ports: Vec<PortBody>,
    #[serde(rename = "VirtualIPs")]
    virtual_ips: Vec<VipBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct EndpointSpecBody {
    mode: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PortBody {
    protocol: String,
    target_port: u16,
    published_port: u16,
    publish_mode: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VipBody {
    #[serde(rename = "NetworkID")]
    network_id: String,
    addr: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct TaskBody {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(rename = "NodeID")]
    node_id: String,
    desired_state: String,
    status: TaskStatusBody,
    networks_attachments: Vec<AttachmentBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TaskStatusBody {
    timestamp: String,
    state: String,
    err: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AttachmentBody {
    network: AttachedBody,
    addresses: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AttachedBody {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct OverlayBody {
    peers: Vec<PeerBody>,
    services: BTreeMap<String, OverlayServiceBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PeerBody {
    #[serde(rename = "IP")]
    ip: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct OverlayServiceBody {
    #[serde(rename = "VIP")]
    vip: String,
    tasks: Vec<OverlayTaskBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct OverlayTaskBody {
    name: String,
    #[serde(rename = "EndpointIP")]
    endpoint_ip: String,
    info: BTreeMap<String, String>,
}

/// Asks a manager; nothing where the engine is none.
pub(super) async fn ask(client: &Client, swarm: &SwarmBody) -> Bodies {
    if !swarm.control_available {
        return Bodies::default();
    }
    // Containers that were put on an overlay network by hand are tasks that are listed only when they are asked for.
    let (nodes, services, tasks, attached) = tokio::join!(
        list(client, "/nodes"),
        list(client, "/services"),
        list(client, "/tasks"),
        list::<TaskBody>(client, "/tasks?filters=%7B%22runtime%22%3A%5B%22attachment%22%5D%7D"),
    );
    Bodies { nodes, services, tasks: tasks.into_iter().chain(attached).collect() }
}

/// A list of the swarm, without what is of a form that this version does not know.
async fn list<T: DeserializeOwned>(client: &Client, path: &str) -> Vec<T> {
    match tokio::time::timeout(ANSWER, client.get::<Vec<Value>>("ask the swarm", path)).await {
        Ok(Ok(bodies)) => bodies.into_iter().filter_map(|body| T::deserialize(body).ok()).collect(),
        Ok(Err(error)) => {
            tracing::debug!(%error, path, "the swarm does not say");
            Vec::new()
        }
        Err(_) => {
            tracing::debug!(path, "the swarm does not answer in time");
            Vec::new()
        }
    }
}

/// What the node has heard of each of these overlay networks, by key.
pub(super) async fn overlays(client: &Client, networks: &BTreeMap<String, Network>) -> BTreeMap<String, Overlay> {
    let overlays = networks.iter().filter(|(_, network)| network.driver == "overlay").take(OVERLAYS);
    let asked = overlays.map(|(key, network)| async move {
        let path = format!("/networks/{}?verbose=true", network.id);
        let answer = tokio::time::timeout(ANSWER, client.get::<OverlayBody>("inspect a network", &path)).await;
        Some((key.clone(), overlay(&answer.ok()?.ok()?)))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

pub(super) fn overlay(body: &OverlayBody) -> Overlay {
    let service = |name: &str| Some(text(name)).filter(|name| !name.is_empty());
    let endpoints = body.services.iter().flat_map(|(name, of)| of.tasks.iter().map(move |task| (name, task)));
    Overlay {
        peers: body.peers.iter().filter_map(|peer| peer.ip.parse().ok()).take(NODES).collect(),
        endpoints: endpoints
            .filter_map(|(name, task)| {
                Some(Endpoint {
                    name: text(&task.name),
                    service: service(name),
                    address: task.endpoint_ip.parse().ok()?,
                    node: task.info.get("Host IP").and_then(|address| address.parse().ok()),
                })
            })
            .take(ENDPOINTS)
            .collect(),
        vips: body
            .services
            .iter()
            .filter_map(|(name, of)| Some((text(name), of.vip.parse().ok()?)))
            .take(SERVICES)
            .collect(),
    }
}

/// The swarm of an engine; none where it is in none.
pub(super) fn swarm(info: &SwarmBody, bodies: Bodies, keys: &NetworkKeys, clock: Option<EngineClock>) -> Option<Swarm> {
    if info.local_node_state != "active" {
        return None;
    }
    let names: BTreeMap<String, String> =
        bodies.services.iter().map(|service| (service.id.clone(), text(&service.spec.name))).collect();
    let tasks = tasks_worth_keeping(bodies.tasks);
    Some(Swarm {
        node: text(&info.node_id),
        address: info.node_addr.parse().ok(),
        manager: info.control_available,
        data_port: Some(info.cluster.data_path_port).filter(|port| *port != 0),
        nodes: bodies.nodes.iter().take(NODES).map(node).collect(),
        tasks: tasks.iter().map(|body| task(body, &names, keys, clock)).collect(),
        services: bodies
            .services
            .into_iter()
            .take(SERVICES)
            .map(|body| (text(&body.spec.name), service(&body, keys)))
            .collect(),
    })
}

fn node(body: &NodeBody) -> Node {
    Node {
        id: text(&body.id),
        hostname: text(&body.description.hostname),
        address: body.status.addr.parse().ok(),
        state: text(&body.status.state),
        availability: text(&body.spec.availability),
    }
}

fn service(body: &ServiceBody, keys: &NetworkKeys) -> Service {
    let spec = &body.spec;
    let mut networks: BTreeMap<String, ServiceNetwork> = BTreeMap::new();
    for network in spec.task_template.networks.iter().chain(&spec.networks) {
        let aliases = network.aliases.iter().map(|alias| text(alias)).collect();
        networks.insert(keys.key(&network.target, &network.target), ServiceNetwork { vip: None, aliases });
    }
    for vip in &body.endpoint.virtual_ips {
        networks.entry(keys.key(&vip.network_id, &vip.network_id)).or_default().vip = address(&vip.addr);
    }
    Service {
        id: text(&body.id),
        replicas: spec.mode.replicated.as_ref().map(|mode| mode.replicas),
        endpoint_mode: text(&spec.endpoint_spec.mode),
        constraints: spec.task_template.placement.constraints.iter().map(|one| text(one)).collect(),
        networks,
        ports: body.endpoint.ports.iter().filter_map(port).collect(),
    }
}

fn port(body: &PortBody) -> Option<ServicePort> {
    let protocol = match body.protocol.as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let published = Some(body.published_port).filter(|port| *port != 0)?;
    Some(ServicePort { target: body.target_port, published, protocol, ingress: body.publish_mode != "host" })
}

/// Those that are to run, and the last of each service that failed.
fn tasks_worth_keeping(mut tasks: Vec<TaskBody>) -> Vec<TaskBody> {
    tasks.sort_by(|one, other| other.status.timestamp.cmp(&one.status.timestamp));
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    tasks.retain(|task| {
        if matches!(task.desired_state.as_str(), "running" | "ready" | "complete") {
            return true;
        }
        let failed = failed.entry(task.service_id.clone()).or_default();
        *failed += usize::from(!task.status.err.is_empty());
        !task.status.err.is_empty() && *failed <= FAILED
    });
    tasks.truncate(TASKS);
    tasks
}

fn task(body: &TaskBody, services: &BTreeMap<String, String>, keys: &NetworkKeys, clock: Option<EngineClock>) -> Task {
    let attachments = body.networks_attachments.iter();
    Task {
        id: text(&body.id),
        service: services.get(&body.service_id).cloned(),
        node: Some(text(&body.node_id)).filter(|node| !node.is_empty()),
        state: text(&body.status.state),
        desired: text(&body.desired_state),
        for_s: clock.and_then(|clock| clock.since(&body.status.timestamp)),
        error: printable(crate::redact::line(&body.status.err).as_bytes(), 500),
        addresses: attachments
            .filter_map(|one| {
                let address = one.addresses.iter().find_map(|text| address(text))?;
                Some((keys.key(&one.network.id, &one.network.id), address))
            })
            .collect(),
    }
}

/// An address, which may have the length of its prefix with it.
fn address(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

fn text(text: &str) -> String {
    printable(text.as_bytes(), 255)
}

#[cfg(test)]
#[path = "swarm_tests.rs"]
mod tests;
