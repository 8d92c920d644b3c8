//! The report: what dprobe found out, as `--format json` prints it (`dprobe.report/v1`).
//!
//! Readers in other languages rely on these names. More may be added, none is renamed. The JSON Schema in
//! `docs/report.schema.json` is generated from these types.

pub mod doctor;

use dprobe_probes::application::Application;
use dprobe_probes::wire::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compose::{ComposeEdit, ComposePatch};
use crate::topology::{EngineInfo, Origin, Protocol, Topology};
use crate::words::{Login, Malformed};

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "dprobe.report/v1";

/// Everything that one run found out. Self-contained: the diagnoses follow from `checks[].from`, `checks[].to`,
/// `observations` and `topology` alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of dprobe.
    pub dprobe: String,
    /// The engine that was asked.
    pub engine: EngineInfo,
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// The source, where nobody named a target: the checks are of what it was found to depend on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<Source>,
    /// One entry for each pair of source and target, in the order in which they were asked for.
    pub checks: Vec<Check>,
    /// The raw facts, in the order in which they were seen.
    pub observations: Vec<Observation>,
    /// What the engine said, secrets removed.
    pub topology: Topology,
}

/// One question: can `from` reach `to`?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Who wants to connect.
    pub from: Source,
    /// To what.
    pub to: Target,
    /// The answer.
    pub verdict: Verdict,
    /// The way from `from` to `to`, step by step.
    pub stages: Vec<Stage>,
    /// Why, most likely and first blocking cause first.
    pub diagnoses: Vec<Diagnosis>,
    /// The checks that this one led to, of what the target itself depends on or sends its clients to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<Followed>,
}

/// A check that another one led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Followed {
    /// How it led there.
    pub relation: Relation,
    /// What came of it. It leads no further.
    pub check: Check,
}

/// How one check leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The target hands requests on to it: a reverse proxy to its upstream. The target is the source of that check.
    Upstream,
    /// The target tells its clients to connect there: a broker's listener, a member of a replica set.
    Advertised,
    /// The target redirects there (`Location`, RFC 9110, 10.2.2).
    Redirect,
    /// The target names it as the issuer of its tokens (OpenID Connect Discovery 1.0, section 3).
    Issuer,
}

/// Who wants to connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The word that the user typed.
    pub typed: String,
    /// What it turned out to be.
    pub kind: SourceKind,
    /// The name of its namespace in [`Observation::place`]; also how people call it.
    pub place: String,
    /// The container, by its key in [`Topology::containers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The network, for `net:NAME`, by its key in [`Topology::networks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Whether a fresh agent in the same networks stood in for a container that does not run.
    #[serde(default)]
    pub stand_in: bool,
}

/// The kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A container, measured in its own namespace.
    Container,
    /// The engine's host.
    Host,
    /// A fresh agent in a network.
    Network,
}

/// What is to be reached, and how it is dialled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The word that the user typed, without credentials.
    pub typed: String,
    /// What it turned out to be.
    pub kind: TargetKind,
    /// What the source dials: a name or an address without brackets.
    pub host: String,
    /// The port that the source dials; none where only the way to the host is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The transport.
    pub protocol: Protocol,
    /// Where the port comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_origin: Option<PortOrigin>,
    /// The scheme, where a URL was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The URL, where one was given, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The container that is meant, by its key in [`Topology::containers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The service of the swarm that is meant, by name; also where this engine runs a task of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The port that this leads to inside the container: the same, or what the host's port is published for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_port: Option<u16>,
    /// The name of its namespace in [`Observation::place`], where it has one that was looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is spoken there, as the scheme of the URL says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Application>,
    /// What is wrong with the connection string that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<Malformed>,
    /// Where it was found, where nobody typed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
    /// As whom the URL would log in. It is no part of the report.
    #[serde(skip)]
    pub login: Login,
}

impl Target {
    /// Whether no driver can read the connection string that names it, so that there is nothing to dial.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.malformed.as_ref().is_some_and(|malformed| malformed.certain)
    }

    /// Whether it is one of the things that every container has, not one that its configuration names.
    #[must_use]
    pub fn is_infrastructure(&self) -> bool {
        !self.origins.is_empty()
            && self.origins.iter().all(|origin| matches!(origin, Origin::Resolver | Origin::Gateway))
    }

    /// The variables and arguments that name it, as people read them; none where somebody typed it.
    #[must_use]
    pub fn found_in(&self) -> Option<String> {
        let texts: Vec<String> = self.origins.iter().map(Origin::text).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}

/// The kinds of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A container of this engine.
    Container,
    /// The source itself: `localhost` or a loopback address.
    Loopback,
    /// The engine's host, by `host`, by `host.docker.internal`, by `gateway` or by one of its addresses.
    Host,
    /// A service of the swarm, or a container on an overlay network, that runs on another node.
    Remote,
    /// An address that belongs to nothing the engine knows.
    Address,
    /// A name that belongs to nothing the engine knows.
    Name,
}

/// Where the port of a target comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortOrigin {
    /// The user typed it.
    Typed,
    /// The default of the URL's scheme.
    Scheme,
    /// The target listens there.
    Listener,
    /// The target's image or user declared it (`EXPOSE`).
    Exposed,
    /// The well-known port of the target's image.
    WellKnown,
    /// The host publishes it for the target.
    Published,
}

/// The answer to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The source's process gets through at the level it asked for.
    Reachable,
    /// It gets through, and something is wrong.
    Degraded,
    /// It does not get through.
    Unreachable,
    /// What was measured does not settle it.
    Inconclusive,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Which step.
    pub stage: StageName,
    /// Whether it went well; none where it is not known or says nothing on its own.
    pub ok: Option<bool>,
    /// What was found, in one line.
    pub summary: String,
    /// A detail to the right of it, such as the time it took.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The observations it rests on.
    pub probes: Vec<String>,
}

/// The steps of the way, in the order in which a connection takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// The source runs and has a network.
    Source,
    /// The target runs: where it does not, neither its name nor its address exists.
    Target,
    /// The name is resolved.
    Name,
    /// There is a way to the address.
    Route,
    /// The transport connects (TCP), or the datagram is answered (UDP).
    Tcp,
    /// The same for UDP.
    Udp,
    /// The target has a socket there.
    Listen,
    /// The TLS handshake.
    Tls,
    /// The HTTP exchange.
    Http,
    /// The application's own greeting.
    App,
}

/// A cause that was found, with its proof and its cure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The stable identifier, such as `bind-loopback`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The step of the way that it blocks or troubles.
    pub stage: StageName,
    /// What is wrong, in one line.
    pub title: String,
    /// Why, in two or three sentences that a beginner understands.
    pub explanation: String,
    /// The evidence: ids of observations, and paths into the topology such as `topology.containers.mongodb`.
    pub because: Vec<String>,
    /// What to do, the smallest change that makes the check pass first.
    pub fixes: Vec<Fix>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It keeps the source from getting through.
    Error,
    /// It will, or it may for others.
    Warning,
    /// Good to know.
    Note,
}

/// Something to do about a cause.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: String,
    /// Complete shell lines that work as pasted on the engine's host, in order. Empty where the change is to be made in a
    /// program's configuration, a URL or a file.
    #[serde(default)]
    pub commands: Vec<String>,
    /// What to change in the compose file: a unified diff of the user's own file where `patch` is there, else YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<String>,
    /// The same change as data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<ComposeEdit>,
    /// How the diff in `compose` is applied, where it was made for the user's own file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<ComposePatch>,
    /// What the program in the container is to be started with instead, as an argument list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// What to dial instead, where the address was wrong: `host:port` or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial: Option<String>,
    /// Whether it survives a recreation of the containers.
    pub lasting: bool,
}
