//! A UDP datagram, and what comes back.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::errno::Errno;

#[cfg(feature = "run")]
mod exchange;

#[cfg(feature = "run")]
pub(crate) use exchange::look;

/// Send a datagram to a port of a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UdpAsk {
    /// A name or an address literal without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How long to wait for an answer.
    pub timeout_ms: u64,
}

/// One UDP exchange with one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UdpFact {
    /// The host that was asked for.
    pub host: String,
    /// The address that was dialled.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// What came back.
    pub outcome: UdpOutcome,
    /// The kernel's error, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
}

/// What a datagram met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UdpOutcome {
    /// A datagram came back.
    Replied,
    /// Nothing came back, which UDP servers are free to do: the port may be open, or the datagram lost.
    Silent,
    /// An ICMP port unreachable came back: nothing is bound there.
    Refused,
    /// The datagram could not be sent, or another ICMP error came back.
    Failed,
}
