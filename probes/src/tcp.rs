//! A TCP connect, and what the connection does in its first moments.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::errno::Errno;

#[cfg(feature = "run")]
mod connect;

#[cfg(feature = "run")]
pub(crate) use connect::{ConnectError, connect, look};

/// Connect to a port of a host, on every address that the host has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TcpAsk {
    /// A name, resolved as [`crate::lookup`] does it (the same lookup is shared), or an address literal without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How long to wait for each connect.
    pub timeout_ms: u64,
    /// How long to watch an established connection for data, an end or a reset. Zero does not watch.
    pub watch_ms: u64,
}

/// One TCP connect to one address. Addresses of a host are tried at the same time, each gives one fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TcpFact {
    /// The host that was asked for.
    pub host: String,
    /// The address that was dialled.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// How the connect ended.
    pub outcome: TcpOutcome,
    /// The kernel's error, where the connect failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
    /// The time from SYN to the outcome, in milliseconds.
    pub connect_ms: f64,
    /// The source address that the kernel chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub local: Option<SocketAddr>,
    /// What an established connection did while it was watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AfterConnect>,
}

/// How a connect ended, in the words of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TcpOutcome {
    /// The handshake was completed.
    Connected,
    /// `ECONNREFUSED`.
    Refused,
    /// Nothing came back before the timeout.
    TimedOut,
    /// `EHOSTUNREACH`.
    HostUnreachable,
    /// `ENETUNREACH`.
    NetworkUnreachable,
    /// Any other error.
    Failed,
}

/// What an established connection did while it was watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum AfterConnect {
    /// The peer stayed silent, as a server does that waits for a request.
    Silent,
    /// The peer spoke first.
    Spoke {
        /// Its first bytes, made printable and cut to 200 characters.
        first: String,
    },
    /// The peer closed the connection without a word.
    Closed {
        /// After so many milliseconds.
        after_ms: f64,
    },
    /// The peer reset the connection.
    Reset {
        /// After so many milliseconds.
        after_ms: f64,
    },
}
