//! ICMP echo through datagram sockets, which need no privilege where `net.ipv4.ping_group_range` is open (icmp(7)).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::errno::Errno;

#[cfg(feature = "run")]
mod echo;

#[cfg(feature = "run")]
pub(crate) use echo::{GATEWAY, look};

/// Send an echo request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PingAsk {
    /// A name, an address literal, or `gateway` for the default gateway of the namespace.
    pub host: String,
    /// How long to wait for the reply.
    pub timeout_ms: u64,
    /// Bytes of payload.
    #[serde(default)]
    pub size: u16,
    /// Whether the packet is to be as long as the way there is said to carry (`IP_MTU`, ip(7)), in place of `size`. IPv4
    /// sends it with DF set, so it arrives whole or not at all.
    #[serde(default)]
    pub fill: bool,
}

/// One ICMP echo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PingFact {
    /// The host that was asked for.
    pub host: String,
    /// The address.
    pub address: IpAddr,
    /// Bytes of payload. The packet is longer by its headers: 28 bytes with IPv4, 48 with IPv6.
    #[serde(default)]
    pub size: u16,
    /// Whether the reply came.
    pub replied: bool,
    /// The round trip in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    /// The kernel's error, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
}
