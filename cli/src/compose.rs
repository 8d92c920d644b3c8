//! Changes to compose files: what is to change as data, and from it either a snippet or a patch for the user's own file.
//!
//! A cause states a [`ComposeEdit`]. [`snippet()`] writes it down for whoever has to find the place themselves; [`edit()`]
//! makes the smallest change to the text of a real file that comes to the same, and says nothing where it is in doubt;
//! [`patch()`] writes that as a unified diff which shows nothing of the file but the lines that change. All of this is
//! pure. [`files`] reads what the labels of a container name.

mod document;
mod edit;
pub mod files;
mod patch;
mod snippet;
mod splice;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use edit::{Edited, edit, edit_one_of};
pub use patch::{ComposePatch, patch};
pub use snippet::{flow_list, snippet, yaml};

use crate::topology::{Protocol, PublishedPort};

/// What is to change in a compose file, for one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeEdit {
    /// The project.
    pub project: String,
    /// The service.
    pub service: String,
    /// What is to change.
    pub change: ComposeChange,
}

/// What is to change in a service of a compose file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ComposeChange {
    /// `command:` is to be this.
    SetCommand {
        /// The argument list, without the image's entrypoint.
        argv: Vec<String>,
    },
    /// A further network below `networks:`.
    JoinNetwork {
        /// The network.
        network: ComposeNetwork,
        /// The networks that it is on already, by the compose file's names for them. Naming another one takes a service
        /// off `default`, so they have to be named as well.
        beside: Vec<String>,
    },
    /// `networks:` in place of `network_mode:`.
    LeaveNetworkMode {
        /// The value of `network_mode:` now.
        mode: String,
        /// The network to be on instead; none for the project's own default network.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<ComposeNetwork>,
    },
    /// A line below `ports:`.
    Publish {
        /// What is to be published.
        port: ComposePort,
        /// The publication that it takes the place of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<ComposePort>,
    },
    /// A line below `extra_hosts:`.
    AddExtraHost {
        /// The name.
        name: String,
        /// Its address, or `host-gateway`.
        address: String,
    },
    /// A line of `extra_hosts:` taken away.
    RemoveExtraHost {
        /// The name that it is for.
        name: String,
    },
    /// `depends_on:` another service with `condition: service_healthy`.
    WaitUntilHealthy {
        /// The other service.
        service: String,
        /// Whether that one has a health check already. Compose refuses to wait for one that has none.
        checked: bool,
    },
    /// Variables of `environment:`.
    SetVariables {
        /// The variables.
        variables: Vec<Assignment>,
    },
}

/// A variable of an environment with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value. It is no secret.
    pub value: String,
}

/// A network as a compose file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeNetwork {
    /// The name below `networks:`.
    pub name: String,
    /// How the top of the file has to declare it.
    pub declared: Declared,
}

/// How the top-level `networks:` of a compose file has to speak of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// It does already.
    Already,
    /// As one that exists: `external: true`.
    External,
    /// As one that compose is to make.
    New,
}

/// A port to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposePort {
    /// The host's address; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<IpAddr>,
    /// The host's port.
    pub host_port: u16,
    /// The port inside the container.
    pub container_port: u16,
    /// The transport.
    pub protocol: Protocol,
}

impl ComposePort {
    /// A TCP or UDP port on every address of the host.
    #[must_use]
    pub fn new(host_port: u16, container_port: u16, protocol: Protocol) -> Self {
        Self { host_ip: None, host_port, container_port, protocol }
    }

    /// A publication as the engine has it; none where it chose the host's port itself.
    #[must_use]
    pub fn of(port: &PublishedPort) -> Option<Self> {
        let host_ip = port.host_ip.filter(|address| !address.is_unspecified());
        Some(Self { host_ip, host_port: port.host_port?, container_port: port.container_port, protocol: port.protocol })
    }

    /// The short form of compose files and of `docker run -p`: `127.0.0.1:8080:80/udp`.
    #[must_use]
    pub fn short(&self) -> String {
        let address = match self.host_ip {
            Some(IpAddr::V6(address)) => format!("[{address}]:"),
            Some(IpAddr::V4(address)) => format!("{address}:"),
            None => String::new(),
        };
        let protocol = if self.protocol == Protocol::Udp { "/udp" } else { "" };
        format!("{address}{}:{}{protocol}", self.host_port, self.container_port)
    }

    /// Takes the short form apart; none for ranges, variables and what lacks the host's port.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ports, protocol) = match text.rsplit_once('/') {
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some((ports, "tcp")) => (ports, Protocol::Tcp),
            Some(_) => return None,
            None => (text, Protocol::Tcp),
        };
        let (before, container_port) = ports.rsplit_once(':')?;
        let (host_ip, host_port) = match before.rsplit_once(':') {
            Some((address, port)) => {
                let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
                (Some(address).filter(|address| !address.is_unspecified()), port)
            }
            None => (None, before),
        };
        let host_port = host_port.parse().ok()?;
        Some(Self { host_ip, host_port, container_port: container_port.parse().ok()?, protocol })
    }
}
