//! The words of the command line: what a user typed for FROM and TARGET, taken apart but not yet held against the engine.

use std::net::IpAddr;

use crate::topology::Protocol;

/// FROM as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceWord {
    /// The word itself.
    pub typed: String,
    /// What it says.
    pub place: PlaceWord,
}

/// A place that a word can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceWord {
    /// `host`: the engine's host.
    Host,
    /// `net:NAME`: a network.
    Network(String),
    /// A container's name, its id or a prefix of it, or a compose service.
    Container(String),
    /// `project/service`: a compose service of a project.
    Service {
        /// The project.
        project: String,
        /// The service.
        service: String,
    },
}

/// TARGET as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetWord {
    /// The word itself, without credentials.
    pub typed: String,
    /// The host part.
    pub host: HostWord,
    /// The port, where one was typed or the scheme implies one.
    pub port: Option<PortWord>,
    /// The transport.
    pub protocol: Protocol,
    /// The scheme in lower case, where a URL was given.
    pub scheme: Option<String>,
    /// The URL without credentials, where one was given.
    pub url: Option<String>,
}

/// The host part of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostWord {
    /// A name that is neither of the words below: a container, a service, an alias, `localhost`, `host.docker.internal`,
    /// a name of the outside world.
    Name(String),
    /// `project/service`.
    Service {
        /// The project.
        project: String,
        /// The service.
        service: String,
    },
    /// An address literal.
    Address(IpAddr),
    /// `host`: the engine's host.
    Host,
    /// `gateway`: the source's default gateway.
    Gateway,
    /// `internet`: what the setting of that name means.
    Internet,
}

/// The port of a target and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortWord {
    /// The port.
    pub port: u16,
    /// Whether the user typed it; otherwise the scheme implies it.
    pub typed: bool,
}
