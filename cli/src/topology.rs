//! What the engine said of its containers and networks, read once and then only looked at.
//!
//! Everything here is plain data and part of the report, so a diagnosis can be replayed without an engine. Secrets never
//! get in: environments are not kept, and argument lists and log lines pass through [`crate::redact`] on their way.

mod dependencies;
mod proxies;
mod questions;
mod reverse_proxy;
mod settings;
mod swarm;
mod trust;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use dependencies::{Dependency, LeftOut, Origin};
pub use dprobe_probes::listeners::Protocol;
pub use proxies::{Proxies, Proxy};
pub use reverse_proxy::{
    Location, LocationMatch, ProxyProgram, ReverseProxy, Upstream, UpstreamError, UpstreamErrorKind, UpstreamLookup,
    VirtualServer,
};
pub use settings::{AddressPool, DaemonSettings, EngineSettings, OtherEngine};
pub use swarm::{Endpoint, Node, Overlay, Service, ServiceNetwork, ServicePort, Swarm, TASKS, Task, TaskLabels};
pub use trust::{Bundle, Trust, TrustVariable};

/// The engine, its containers and its networks at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Topology {
    /// What kind of engine it is: where its containers live decides who can reach them.
    #[serde(default)]
    pub flavor: EngineFlavor,
    /// The name or address of the engine's host, where that is another machine than the one that dprobe ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Containers of other engines, looked for only where a name means nothing on this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// Containers by name, without the leading slash of the API.
    pub containers: BTreeMap<String, Container>,
    /// The clocks of the engine's host and of the machine that dprobe ran on, read at the same moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Clocks>,
    /// The proxy that the engine itself uses to pull images (`HttpProxy`, `HttpsProxy` of its `/info`), without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_proxy: Option<Proxy>,
    /// Networks by name. Where two share a name, the later ones are keyed `NAME@ID` with 12 digits of the id.
    pub networks: BTreeMap<String, Network>,
    /// The swarm, where the engine is a part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Swarm>,
}

/// Two clocks at one moment, in seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clocks {
    /// That of the engine's host.
    pub engine_s: f64,
    /// That of the machine that dprobe ran on.
    pub here_s: f64,
}

/// The engine that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    /// What it calls itself: `Docker Engine`, `Podman Engine`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The API version that was used.
    pub api_version: String,
    /// The operating system of the engine's host, as `docker info` has it.
    pub os: String,
    /// The kernel of the engine's host.
    pub kernel: String,
    /// The CPU architecture in Go's words, such as `amd64`.
    pub arch: String,
    /// What kind of engine it is.
    pub flavor: EngineFlavor,
    /// Where it was reached, without credentials.
    pub address: String,
}

/// The kinds of engine whose networks differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineFlavor {
    /// Docker Engine on Linux with the rights of root.
    #[default]
    Docker,
    /// Docker Engine in a user namespace.
    Rootless,
    /// Docker Desktop, whose containers live in a virtual machine.
    Desktop,
    /// Podman through its Docker-compatible socket.
    Podman,
}

/// A container of another engine that has a name which was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// The name that was asked for: the container's own, or that of its compose service.
    pub word: String,
    /// Its name.
    pub container: String,
    /// Whether it runs.
    pub running: bool,
    /// The ports that it publishes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedPort>,
    /// Where its engine is reached, without credentials.
    pub engine: String,
    /// The context of the Docker CLI that leads to its engine, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl Elsewhere {
    /// The flag of dprobe that chooses its engine.
    #[must_use]
    pub fn flag(&self) -> [&str; 2] {
        match &self.context {
            Some(context) => ["--context", context],
            None => ["--host", &self.engine],
        }
    }

    /// How people call its engine.
    #[must_use]
    pub fn engine_text(&self) -> String {
        match &self.context {
            Some(context) => format!("the engine of the context `{context}`"),
            None => format!("the engine at {}", self.engine),
        }
    }
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The full id.
    pub id: String,
    /// The name, without the leading slash.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// `Config.Hostname`.
    pub hostname: String,
    /// The program and its arguments (`Path` and `Args`), secrets removed.
    pub command: Vec<String>,
    /// How many words of `command` are the entrypoint (`Config.Entrypoint`), which compose's `command:` does not hold.
    #[serde(default)]
    pub entrypoint_words: usize,
    /// What state it is in.
    pub state: State,
    /// What network it was made for (`HostConfig.NetworkMode`).
    pub network_mode: NetworkMode,
    /// Its attachments to networks, by the key of [`Topology::networks`].
    pub attachments: BTreeMap<String, Attachment>,
    /// The ports that are published now (`NetworkSettings.Ports`), and for the task of a service those that every node
    /// publishes for it.
    #[serde(default)]
    pub published: Vec<PublishedPort>,
    /// The ports that were asked to be published (`HostConfig.PortBindings`). Differs from `published` when that failed.
    #[serde(default)]
    pub requested: Vec<PublishedPort>,
    /// The ports that the image or the user declared (`Config.ExposedPorts`).
    #[serde(default)]
    pub exposed: Vec<ContainerPort>,
    /// Legacy links: which container under which alias (`HostConfig.Links`).
    #[serde(default)]
    pub links: Vec<Link>,
    /// `HostConfig.ExtraHosts`, each `name:address`.
    #[serde(default)]
    pub extra_hosts: Vec<String>,
    /// Whether the user mounted a hosts file of their own over `/etc/hosts`.
    #[serde(default)]
    pub own_hosts_file: bool,
    /// The DNS servers that were asked for it alone (`HostConfig.Dns`). Empty where it gets those of the engine or of the
    /// host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
    /// The search domains that were asked for it alone (`HostConfig.DnsSearch`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Vec<String>,
    /// The options of resolv.conf(5) that were asked for it alone (`HostConfig.DnsOptions`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_options: Vec<String>,
    /// The C library in its file system, read only where a diagnosis may need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libc: Option<Libc>,
    /// Where glibc looks names up in it: the words behind `hosts:` in its `/etc/nsswitch.conf` (nsswitch.conf(5)), read only
    /// where a name was not found. None where it has no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_sources: Option<Vec<String>>,
    /// The proxies that its environment names, without credentials.
    #[serde(default, skip_serializing_if = "Proxies::is_empty")]
    pub proxies: Proxies,
    /// Whom its TLS clients trust.
    #[serde(default, skip_serializing_if = "Trust::is_empty")]
    pub trust: Trust,
    /// What some variables of its environment tell by their form (`Config.Env`); no value is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// What its configuration tells it to connect to, without credentials; looked for only in a source that is asked for
    /// without a target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// What compose knows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<ComposeService>,
    /// The task of a service that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskLabels>,
    /// Its processes (`docker top`), read only where a diagnosis may need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<Process>>,
    /// The last lines of its log, secrets removed, read only where a diagnosis may need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_log: Option<Vec<String>>,
    /// What it says of itself as a reverse proxy, read only where it answers that what stands behind it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse_proxy: Option<ReverseProxy>,
}

/// The C libraries whose way of looking up names differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Libc {
    /// musl, as in Alpine.
    Musl,
    /// glibc, as in Debian and most others.
    Glibc,
}

/// The state of a container (`State` of the engine's inspect).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// The engine's word for it.
    pub status: Status,
    /// The exit code of the last run.
    #[serde(default)]
    pub exit_code: i64,
    /// Whether the kernel killed it for its memory.
    #[serde(default)]
    pub oom_killed: bool,
    /// Why it could not start, in the engine's words; empty where it could.
    #[serde(default)]
    pub error: String,
    /// How often the engine restarted it.
    #[serde(default)]
    pub restart_count: i64,
    /// How long it had been running when the snapshot was taken, by the engine's clock, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_s: Option<f64>,
    /// What its health check says, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// The engine's word for the state of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Made, never started.
    Created,
    /// Runs.
    Running,
    /// Frozen by `docker pause`.
    Paused,
    /// Died and is being started again.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
    /// A word this version does not know.
    #[default]
    Unknown,
}

/// A health check's verdict (`State.Health`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// The engine's word for it.
    pub status: HealthStatus,
    /// The output of its last run, made printable and cut to 300 characters.
    #[serde(default)]
    pub last_output: String,
    /// What is run (`Config.Healthcheck.Test`), secrets removed: `CMD-SHELL` and a line, or `CMD` and its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
}

/// The engine's word for a container's health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Not decided yet.
    Starting,
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
    /// A word this version does not know.
    #[default]
    Unknown,
}

/// `HostConfig.NetworkMode`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", content = "of", rename_all = "snake_case")]
pub enum NetworkMode {
    /// The engine's default network (`default` or `bridge`).
    DefaultBridge,
    /// The host's own namespace.
    Host,
    /// A namespace with nothing but loopback.
    None,
    /// The namespace of another container, by its id or name.
    Container(String),
    /// A network made by a user, by its name or id.
    Network(String),
}

/// A container's attachment to one network (`NetworkSettings.Networks`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The id of the network that the container was attached to. Unknown to the engine when the network was made anew.
    pub network_id: String,
    /// Its IPv4 address while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<std::net::Ipv4Addr>,
    /// Its global IPv6 address while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<std::net::Ipv6Addr>,
    /// The IPv4 gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The names under which the network's resolver knows it: container name, aliases, short id (`Aliases` and `DNSNames`).
    /// Empty on the default bridge, which has no resolver.
    #[serde(default)]
    pub names: Vec<String>,
    /// Its hardware address, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// A port of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ContainerPort {
    /// The port.
    pub port: u16,
    /// Its transport.
    pub protocol: Protocol,
}

/// A port of a container and where the host publishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PublishedPort {
    /// The port inside the container.
    pub container_port: u16,
    /// Its transport.
    pub protocol: Protocol,
    /// The host's address; unspecified for all of a family. None where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<IpAddr>,
    /// The host's port; none where the engine was to choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
}

/// A legacy link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The name of the linked container.
    pub container: String,
    /// The name it has inside.
    pub alias: String,
}

/// A variable of a container's environment: its name, and what form its value has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The form of the value.
    pub form: VariableForm,
}

/// The forms of a variable's value that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VariableForm {
    /// A `…_PORT` that the user has set to anything but a `tcp://` URL.
    Port,
    /// A `…_PORT` that is a `tcp://` URL, as legacy links set it.
    TcpUrl,
    /// The host of a database that is `localhost`, with or without a port.
    Localhost,
    /// The host of a database that is set to nothing.
    Empty,
}

/// What the labels of compose say of a container (`com.docker.compose.*`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeService {
    /// The project.
    pub project: String,
    /// The service.
    pub service: String,
    /// The compose files, as compose was given them.
    #[serde(default)]
    pub files: Vec<String>,
    /// The project's folder.
    #[serde(default)]
    pub working_dir: String,
    /// The version of compose that made the container.
    #[serde(default)]
    pub version: String,
}

/// A process of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Its id on the engine's host.
    pub pid: u32,
    /// The program and its arguments, secrets removed.
    pub command: String,
}

/// One network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// The full id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The driver: `bridge`, `host`, `null`, `overlay`, `macvlan`, …
    pub driver: String,
    /// `local`, `swarm` or `global`.
    pub scope: String,
    /// Whether it has no way out (`internal: true`).
    pub internal: bool,
    /// Whether IPv6 is on.
    pub ipv6: bool,
    /// Whether containers can be put on it by hand. Only networks of a swarm may forbid that.
    #[serde(default)]
    pub attachable: bool,
    /// Its subnets with their gateways.
    pub subnets: Vec<Subnet>,
    /// The driver's options, such as `com.docker.network.bridge.enable_icc`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// The compose project that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose_project: Option<String>,
    /// The name that the compose file has for it, which may differ from its real name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose_network: Option<String>,
    /// What the engine has heard of it from other nodes, where it is an overlay network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<Overlay>,
}

/// A subnet of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subnet {
    /// The range.
    #[schemars(with = "String")]
    pub range: IpNet,
    /// The address of the host in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
}
