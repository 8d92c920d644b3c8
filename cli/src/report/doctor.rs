//! What `dprobe doctor` found out, as `--format json` prints it (`dprobe.doctor/v1`).
//!
//! The same promise as for a report of checks: names are added, none is renamed. The JSON Schema in
//! `docs/doctor.schema.json` is generated from these types.

use dprobe_probes::wire::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fix, Severity};
use crate::topology::{EngineInfo, EngineSettings, OtherEngine, Topology};

/// The value of [`Doctor::schema`].
pub const SCHEMA: &str = "dprobe.doctor/v1";

/// An engine and its host, looked over. Self-contained: overview and findings follow from the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of dprobe.
    pub dprobe: String,
    /// The engine that was asked.
    pub engine: EngineInfo,
    /// How it is set up.
    pub settings: EngineSettings,
    /// The other engines that answer on this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_engines: Vec<OtherEngine>,
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What was looked at, a line each.
    pub overview: Vec<Glance>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// The raw facts, in the order in which they were seen.
    pub observations: Vec<Observation>,
    /// What the engine said of its containers and networks, secrets removed.
    pub topology: Topology,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Glance {
    /// What.
    pub subject: Subject,
    /// Whether it is as it should be; none where it could not be looked at, or where there is no right or wrong.
    pub ok: Option<bool>,
    /// What was seen, in one line.
    pub summary: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The engine: its kind, its version, its host.
    Engine,
    /// Its containers.
    Containers,
    /// Its networks, and their bridges on the host.
    Networks,
    /// The address ranges that are left for networks to come.
    Addresses,
    /// How long packets may be.
    Mtu,
    /// Whether the host routes.
    Forwarding,
    /// The host's packet filter.
    Filter,
    /// The DNS servers that containers get.
    Dns,
    /// Other engines beside this one.
    OtherEngines,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The stable identifier, such as `ip-forward-off`; where a check has a diagnosis of the same meaning, it is that one's.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: String,
    /// Why it matters, in two or three sentences that a beginner understands.
    pub explanation: String,
    /// The evidence: ids of observations, and paths into this report such as `topology.networks.bridge`.
    pub because: Vec<String>,
    /// What to do, the smallest change first.
    pub fixes: Vec<Fix>,
}

impl Doctor {
    /// Whether nothing was found but notes.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}
