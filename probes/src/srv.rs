//! Where a service is, as the DNS says it (SRV records, RFC 2782), and the options that come with it (TXT records): what a URL of
//! the scheme `mongodb+srv` stands for.

use serde::{Deserialize, Serialize};

use crate::lookup::LookupOutcome;

#[cfg(feature = "run")]
mod ask;

#[cfg(feature = "run")]
pub(crate) use ask::look;

/// Ask the source's own resolver for the SRV records of a service, and for the TXT records of its domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SrvAsk {
    /// The service, without its underscore, such as `mongodb`; the transport is TCP.
    pub service: String,
    /// The domain.
    pub domain: String,
    /// How long it may take.
    pub timeout_ms: u64,
}

/// What the DNS says of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SrvFact {
    /// The domain.
    pub domain: String,
    /// The full name that was asked, such as `_mongodb._tcp.example.test`.
    pub question: String,
    /// What came of it: found, where there is at least one record.
    pub outcome: LookupOutcome,
    /// Where the service is, the most preferred first; at most 16.
    pub targets: Vec<SrvTarget>,
    /// The TXT records of the domain, made printable and cut to 300 characters; at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
}

/// One SRV record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SrvTarget {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Its priority: the lowest comes first.
    pub priority: u16,
}
