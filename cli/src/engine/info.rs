//! What kind of engine it is.

use dprobe_probes::text::printable;
use hyper::Response;
use hyper::body::Incoming;
use serde::Deserialize;

use crate::topology::{EngineFlavor, EngineInfo, Proxy};

/// The oldest API that has everything dprobe asks for (Engine 19.03).
pub(super) const OLDEST: ApiVersion = ApiVersion(1, 40);

/// The newest API that dprobe was written against; a newer engine is spoken to in this version.
const NEWEST: ApiVersion = ApiVersion(1, 51);

/// A version of the engine's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion(u32, u32);

impl ApiVersion {
    /// From text such as `1.41`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }

    /// The version to speak with an engine whose newest is this one.
    pub(super) fn negotiated(self) -> Self {
        self.min(NEWEST)
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What the head of an answer to `/_ping` tells.
#[derive(Debug, Clone)]
pub(super) struct Ping {
    /// `Api-Version`; none where the header is missing, as it is where no engine answers.
    pub(super) version: Option<ApiVersion>,
    /// Whether it is Podman, which adds headers of its own.
    pub(super) podman: bool,
}

impl Ping {
    pub(super) fn read(response: &Response<Incoming>) -> Self {
        let headers = response.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            version: text("api-version").and_then(ApiVersion::parse),
            podman: headers.contains_key("libpod-api-version") || text("server").is_some_and(|s| s.contains("ibpod")),
        }
    }
}

/// The part of the engine's `/info` that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct InfoBody {
    server_version: String,
    operating_system: String,
    kernel_version: String,
    architecture: String,
    security_options: Vec<String>,
    http_proxy: String,
    https_proxy: String,
    /// RFC 3339, in the time zone of the engine's host.
    pub(super) system_time: String,
    pub(super) swarm: SwarmBody,
}

/// The engine's place in a swarm.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct SwarmBody {
    #[serde(rename = "NodeID")]
    pub(super) node_id: String,
    pub(super) node_addr: String,
    pub(super) local_node_state: String,
    pub(super) control_available: bool,
    pub(super) cluster: ClusterBody,
}

/// The part of the cluster's description that matters here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ClusterBody {
    pub(super) data_path_port: u16,
}

impl InfoBody {
    /// The engine as the report shows it.
    /// The proxy that the engine uses.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        Proxy::parse("HttpProxy", &self.http_proxy).or_else(|| Proxy::parse("HttpsProxy", &self.https_proxy))
    }

    pub(super) fn describe(&self, ping: &Ping, api: ApiVersion, address: String) -> EngineInfo {
        let text = |text: &str| printable(text.as_bytes(), 200);
        let flavor = self.flavor(ping);
        let name = if flavor == EngineFlavor::Podman { "Podman Engine" } else { "Docker Engine" };
        EngineInfo {
            name: name.to_owned(),
            version: text(&self.server_version),
            api_version: api.to_string(),
            os: text(&self.operating_system),
            kernel: text(&self.kernel_version),
            arch: text(go_arch(&self.architecture)),
            flavor,
            address,
        }
    }

    fn flavor(&self, ping: &Ping) -> EngineFlavor {
        if ping.podman {
            EngineFlavor::Podman
        } else if self.operating_system.contains("Docker Desktop") {
            EngineFlavor::Desktop
        } else if self.security_options.iter().any(|option| option.split(',').any(|part| part == "name=rootless")) {
            EngineFlavor::Rootless
        } else {
            EngineFlavor::Docker
        }
    }
}

/// uname(2)'s word for an architecture in Go's words; Go's own words stay.
pub(super) fn go_arch(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "386",
        "armv6l" | "armv7l" | "armhf" => "arm",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKER: Ping = Ping { version: Some(ApiVersion(1, 41)), podman: false };

    #[test]
    fn versions_are_compared_as_numbers() {
        let parsed = |text| ApiVersion::parse(text).expect("a version");
        assert!(parsed("1.9") < OLDEST);
        assert!(parsed("1.100") > NEWEST);
        assert_eq!(parsed("1.41").negotiated(), parsed("1.41"));
        assert_eq!(parsed("1.99").negotiated(), NEWEST);
        assert_eq!(ApiVersion::parse("latest"), None);
    }

    #[test]
    fn flavors_are_told_apart() {
        let info = |json| serde_json::from_value::<InfoBody>(json).expect("an info");
        let plain = info(serde_json::json!({"SecurityOptions": ["name=seccomp,profile=default"]}));
        assert_eq!(plain.flavor(&DOCKER), EngineFlavor::Docker);
        assert_eq!(plain.flavor(&Ping { podman: true, ..DOCKER }), EngineFlavor::Podman);
        let rootless = info(serde_json::json!({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}));
        assert_eq!(rootless.flavor(&DOCKER), EngineFlavor::Rootless);
        let desktop = info(serde_json::json!({"OperatingSystem": "Docker Desktop"}));
        assert_eq!(desktop.flavor(&DOCKER), EngineFlavor::Desktop);
    }

    #[test]
    fn the_architecture_is_in_gos_words() {
        let info: InfoBody =
            serde_json::from_value(serde_json::json!({"Architecture": "aarch64", "ServerVersion": "29.1\u{1b}[0m"}))
                .expect("an info");
        let described = info.describe(&DOCKER, ApiVersion(1, 41), "unix:///x".to_owned());
        assert_eq!(described.arch, "arm64");
        assert_eq!(described.version, "29.1\\x1b[0m");
    }
}
