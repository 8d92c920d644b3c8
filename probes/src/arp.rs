//! ARP for a peer on the same link (RFC 826). Needs `NET_RAW`, so an agent is given it only when this is asked.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
pub(crate) mod request;

#[cfg(feature = "run")]
pub(crate) use request::look;

/// Ask who has an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArpAsk {
    /// The address of the peer.
    pub address: Ipv4Addr,
    /// How long to wait for a reply.
    pub timeout_ms: u64,
}

/// One ARP exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArpFact {
    /// The address that was asked for.
    pub address: Ipv4Addr,
    /// The interface on which it was asked; none where the address is on no link of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The hardware addresses that answered; more than one is an address conflict.
    pub answers: Vec<String>,
}
