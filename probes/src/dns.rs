//! What single DNS servers say, each asked on its own.
//!
//! A lookup ends with the first server that answers, and Docker's resolver hides which of the servers behind it did. This
//! probe asks them all.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::lookup::DnsQuery;

#[cfg(feature = "run")]
mod ask;

#[cfg(feature = "run")]
pub(crate) use ask::look;

/// Ask each of these servers for the A and AAAA records of each of these names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsAsk {
    /// The servers; at most 16 are asked.
    pub servers: Vec<IpAddr>,
    /// The full names, to which no search domain is added; at most 8 are asked.
    pub names: Vec<String>,
    /// How long to wait for each server. A question that is not answered by half of it is asked once more, for a datagram
    /// may get lost.
    pub timeout_ms: u64,
}

/// What the servers said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DnsFact {
    /// Each exchange, by server and name.
    pub queries: Vec<DnsQuery>,
}
