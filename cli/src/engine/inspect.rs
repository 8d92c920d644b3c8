//! A container's inspect as the engine sends it, and what becomes of it.
//!
//! Engines of other versions leave fields out: each section is read on its own and counts as empty where it is missing or
//! of another form, so that one unknown word does not hide a container.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dprobe_probes::text::printable;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::without_nulls;
use super::clock::EngineClock;
use super::environment;
use super::networks::NetworkKeys;
use crate::redact;
use crate::topology::{
    Attachment, ComposeService, Container, ContainerPort, Health, HealthStatus, Link, NetworkMode, Protocol, Proxies,
    PublishedPort, State, Status, TASKS, TaskLabels, Trust,
};

/// The longest name or label that is kept, in characters.
const NAME: usize = 255;

/// The longest argument that is kept, in characters, and how many.
const ARGUMENT: usize = 4096;
const ARGUMENTS: usize = 256;

/// The longest output of a health check that is kept, in characters.
const HEALTH_OUTPUT: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct StateBody {
    status: String,
    exit_code: i64,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    error: String,
    started_at: String,
    health: HealthBody,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthBody {
    status: String,
    log: Vec<HealthRun>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthRun {
    output: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ConfigBody {
    hostname: String,
    image: String,
    labels: BTreeMap<String, String>,
    exposed_ports: BTreeMap<String, Value>,
    env: Vec<String>,
    /// A list, or a string in the API of old.
    entrypoint: Value,
    healthcheck: HealthcheckBody,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HealthcheckBody {
    test: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HostConfigBody {
    network_mode: String,
    port_bindings: PortMap,
    links: Vec<String>,
    extra_hosts: Vec<String>,
    dns: Vec<String>,
    dns_search: Vec<String>,
    dns_options: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkSettingsBody {
    ports: PortMap,
    networks: BTreeMap<String, EndpointBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct EndpointBody {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "IPAddress")]
    ip_address: String,
    #[serde(rename = "GlobalIPv6Address")]
    global_ipv6_address: String,
    gateway: String,
    #[serde(rename = "IPv6Gateway")]
    ipv6_gateway: String,
    mac_address: String,
    aliases: Vec<String>,
    #[serde(rename = "DNSNames")]
    dns_names: Vec<String>,
    links: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct MountBody {
    destination: String,
}

/// `"80/tcp": [{"HostIp": "", "HostPort": "8080"}]`
type PortMap = BTreeMap<String, Vec<HostPortBody>>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HostPortBody {
    host_ip: String,
    host_port: String,
}

/// The container that an inspect tells of; none where the body is not that of a container.
pub(super) fn container(body: Value, networks: &NetworkKeys, clock: Option<EngineClock>) -> Option<Container> {
    let body = without_nulls(body);
    let id = name(body.get("Id")?.as_str()?);
    let name = name(body.get("Name")?.as_str()?.trim_start_matches('/'));
    let config: ConfigBody = section(&body, "Config");
    let host: HostConfigBody = section(&body, "HostConfig");
    let settings: NetworkSettingsBody = section(&body, "NetworkSettings");
    let mut state = state(section(&body, "State"), section(&body, "RestartCount"), clock);
    if let Some(health) = &mut state.health {
        health.test = arguments(config.healthcheck.test.clone());
    }
    let mounts: Vec<MountBody> = section(&body, "Mounts");
    let runs = matches!(state.status, Status::Running | Status::Paused | Status::Restarting);

    let mut links: Vec<Link> = host.links.iter().filter_map(|text| link(text)).collect();
    let mut attachments = BTreeMap::new();
    for (network, endpoint) in settings.networks {
        for link in endpoint.links.iter().filter_map(|text| link(text)) {
            if !links.contains(&link) {
                links.push(link);
            }
        }
        let (key, mut attachment) = attachment(&network, &endpoint, &name, networks);
        if networks.is_overlay(&key) {
            attachment.names.extend(service_names(&config.labels));
        }
        attachments.insert(key, attachment);
    }

    Some(Container {
        command: command(&body),
        entrypoint_words: config.entrypoint.as_array().map_or(0, Vec::len),
        state,
        network_mode: network_mode(&host.network_mode),
        attachments,
        published: if runs { ports(settings.ports) } else { Vec::new() },
        requested: ports(host.port_bindings),
        exposed: exposed(&config),
        links,
        extra_hosts: host.extra_hosts.iter().map(|text| self::name(text)).collect(),
        dns: host.dns.iter().filter_map(|text| text.parse().ok()).collect(),
        dns_search: host.dns_search.iter().map(|text| self::name(text)).collect(),
        dns_options: host.dns_options.iter().map(|text| self::name(text)).collect(),
        libc: None,
        name_sources: None,
        proxies: Proxies::read(&config.env),
        trust: Trust::read(&config.env),
        own_hosts_file: mounts.iter().any(|mount| mount.destination == "/etc/hosts"),
        variables: environment::variables(&config.env),
        dependencies: Vec::new(),
        compose: compose(&config.labels),
        task: task(&config.labels),
        image: self::name(&config.image),
        hostname: self::name(&config.hostname),
        id,
        name,
        processes: None,
        last_log: None,
        reverse_proxy: None,
    })
}

/// One section of a body, empty where it is missing or of another form.
fn section<T: DeserializeOwned + Default>(body: &Value, key: &str) -> T {
    body.get(key).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

fn name(text: &str) -> String {
    printable(text.as_bytes(), NAME)
}

/// `Path` and `Args`, secrets removed.
fn command(body: &Value) -> Vec<String> {
    let mut words: Vec<String> = vec![section(body, "Path")];
    words.extend(section::<Vec<String>>(body, "Args"));
    if words == [String::new()] {
        return Vec::new();
    }
    arguments(words)
}

/// An argument list, bounded and without its secrets.
fn arguments(mut words: Vec<String>) -> Vec<String> {
    words.truncate(ARGUMENTS);
    redact::arguments(&words).iter().map(|word| printable(word.as_bytes(), ARGUMENT)).collect()
}

fn state(body: StateBody, restart_count: i64, clock: Option<EngineClock>) -> State {
    let status = match body.status.as_str() {
        "created" | "configured" | "initialized" => Status::Created,
        "running" => Status::Running,
        "paused" => Status::Paused,
        "restarting" => Status::Restarting,
        "removing" => Status::Removing,
        "exited" | "stopped" => Status::Exited,
        "dead" => Status::Dead,
        _ => Status::Unknown,
    };
    let runs = matches!(status, Status::Running | Status::Paused);
    State {
        status,
        exit_code: body.exit_code,
        oom_killed: body.oom_killed,
        error: printable(body.error.as_bytes(), 1000),
        restart_count,
        up_s: clock.filter(|_| runs).and_then(|clock| clock.since(&body.started_at)),
        health: health(body.health),
    }
}

fn health(mut body: HealthBody) -> Option<Health> {
    let status = match body.status.as_str() {
        "" | "none" => return None,
        "starting" => HealthStatus::Starting,
        "healthy" => HealthStatus::Healthy,
        "unhealthy" => HealthStatus::Unhealthy,
        _ => HealthStatus::Unknown,
    };
    let output = body.log.pop().map(|run| run.output).unwrap_or_default();
    let last_output = printable(redact::line(output.trim_end()).as_bytes(), HEALTH_OUTPUT);
    Some(Health { status, last_output, test: Vec::new() })
}

fn network_mode(text: &str) -> NetworkMode {
    match text {
        "" | "default" | "bridge" => NetworkMode::DefaultBridge,
        "host" => NetworkMode::Host,
        "none" => NetworkMode::None,
        other => match other.strip_prefix("container:") {
            Some(container) => NetworkMode::Container(name(container)),
            None => NetworkMode::Network(name(other)),
        },
    }
}

fn attachment(network: &str, body: &EndpointBody, container: &str, networks: &NetworkKeys) -> (String, Attachment) {
    let key = networks.key(&body.network_id, network);
    let network_id =
        if body.network_id.is_empty() { networks.id(&key).unwrap_or_default() } else { name(&body.network_id) };
    let address = |text: &str| text.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified());
    let attachment = Attachment {
        network_id,
        ipv4: body.ip_address.parse().ok(),
        ipv6: body.global_ipv6_address.parse().ok(),
        gateway: address(&body.gateway).or_else(|| address(&body.ipv6_gateway)),
        names: if networks.has_resolver(&key) { resolver_names(body, container) } else { Vec::new() },
        mac: Some(name(&body.mac_address.to_ascii_lowercase())).filter(|mac| !mac.is_empty()),
    };
    (key, attachment)
}

/// The names under which a network's resolver knows a container. `DNSNames` (API 1.44) is the whole list; before, it is the
/// container's name and its aliases, among which the engine puts the short id and a host name that the user chose.
fn resolver_names(body: &EndpointBody, container: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        let text = name(text);
        if !text.is_empty() && !list.contains(&text) {
            list.push(text);
        }
    };
    if body.dns_names.is_empty() {
        add(container);
        body.aliases.iter().for_each(|alias| add(alias));
    } else {
        body.dns_names.iter().for_each(|name| add(name));
    }
    list
}

/// `80/tcp`; none for protocols that dprobe does not know.
fn container_port(text: &str) -> Option<ContainerPort> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    Some(ContainerPort { port: port.parse().ok()?, protocol })
}

fn exposed(config: &ConfigBody) -> Vec<ContainerPort> {
    let mut ports: Vec<ContainerPort> = config.exposed_ports.keys().filter_map(|text| container_port(text)).collect();
    ports.sort();
    ports
}

fn ports(map: PortMap) -> Vec<PublishedPort> {
    let mut ports: Vec<PublishedPort> = map
        .into_iter()
        .filter_map(|(port, bindings)| container_port(&port).map(|port| (port, bindings)))
        .flat_map(|(ContainerPort { port, protocol }, bindings)| {
            bindings.into_iter().map(move |binding| PublishedPort {
                container_port: port,
                protocol,
                host_ip: binding.host_ip.parse().ok(),
                host_port: binding.host_port.parse().ok().filter(|port| *port != 0),
            })
        })
        .collect();
    ports.sort();
    ports
}

/// `/db:/web/alias` (`HostConfig.Links`) or `db:alias` (an endpoint's `Links`).
fn link(text: &str) -> Option<Link> {
    let (container, alias) = text.split_once(':')?;
    let alias = alias.rsplit('/').next().unwrap_or(alias);
    Some(Link { container: name(container.trim_start_matches('/')), alias: name(alias) })
}

fn compose(labels: &BTreeMap<String, String>) -> Option<ComposeService> {
    let label = |key: &str| labels.get(&format!("com.docker.compose.{key}")).map(|text| name(text));
    Some(ComposeService {
        project: label("project")?,
        service: label("service")?,
        files: labels
            .get("com.docker.compose.project.config_files")
            .map(|files| files.split(',').filter(|file| !file.is_empty()).map(name).collect())
            .unwrap_or_default(),
        working_dir: label("project.working_dir").unwrap_or_default(),
        version: label("version").unwrap_or_default(),
    })
}

/// What swarm says of its tasks.
fn task(labels: &BTreeMap<String, String>) -> Option<TaskLabels> {
    let label = |key: &str| labels.get(&format!("com.docker.{key}")).map(|text| name(text));
    Some(TaskLabels {
        service: label("swarm.service.name")?,
        task: label("swarm.task.id")?,
        stack: label("stack.namespace"),
    })
}

/// The names under which the resolver of an overlay network knows a task beside its own: those of its service. A service
/// of a stack has its short name, too.
fn service_names(labels: &BTreeMap<String, String>) -> Vec<String> {
    let Some(TaskLabels { service, stack, .. }) = task(labels) else { return Vec::new() };
    let short = stack.and_then(|stack| service.strip_prefix(&format!("{stack}_")).map(str::to_owned));
    [Some(service), short].into_iter().flatten().flat_map(|name| [format!("{TASKS}{name}"), name]).collect()
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
