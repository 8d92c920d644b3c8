//! The listening sockets of a namespace.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
pub(crate) mod proc_net;
#[cfg(feature = "run")]
mod read;
#[cfg(feature = "run")]
mod sock_diag;

#[cfg(feature = "run")]
pub use read::read;

/// The listening TCP sockets and the bound UDP sockets of a namespace.
///
/// The engine's own resolver on `127.0.0.11` is left out: it is there in every container on a user network and belongs
/// to nobody's program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListenersFact {
    /// The sockets, sorted by protocol, port and address.
    pub sockets: Vec<ListenerSocket>,
    /// Where they were read.
    pub source: ListenersSource,
    /// Whether the list was cut at its bound.
    #[serde(default)]
    pub truncated: bool,
}

/// One listening socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListenerSocket {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The bound address; `0.0.0.0` or `::` is every address of that family.
    pub address: IpAddr,
    /// The bound port.
    pub port: u16,
    /// For `::`, whether the socket leaves IPv4 alone (`IPV6_V6ONLY`, ipv6(7)). Unknown where only /proc could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v6_only: Option<bool>,
    /// TCP: connections that wait to be accepted.
    pub queue: u32,
    /// TCP: the length of the accept queue as the program asked for it. Zero where unknown.
    pub backlog: u32,
    /// The user that opened the socket.
    pub uid: u32,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// How the listening sockets were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListenersSource {
    /// The kernel's `sock_diag(7)`, which knows queues and `v6_only`.
    SockDiag,
    /// `/proc/net/{tcp,tcp6,udp,udp6}`.
    Proc,
}
