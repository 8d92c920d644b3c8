//! What a name resolves to, and which server said what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
mod candidates;
#[cfg(feature = "run")]
pub(crate) mod exchange;
#[cfg(all(test, feature = "run"))]
mod fake;
#[cfg(feature = "run")]
mod musl;
#[cfg(feature = "run")]
mod order;
#[cfg(all(test, feature = "run"))]
mod tests;
#[cfg(feature = "run")]
mod walk;

#[cfg(feature = "run")]
pub(crate) use exchange::{AddressRecord, exchange, records};
#[cfg(feature = "run")]
pub(crate) use musl::resolve as resolve_as_musl;
#[cfg(feature = "run")]
pub(crate) use walk::{DNS_PORT, Resolving, resolve, survey};

/// Resolve a name as a libc in this namespace would: hosts file first, then the servers of `resolv.conf` with its search
/// list, for A and AAAA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookupAsk {
    /// The name, without a port.
    pub name: String,
    /// How long the whole lookup may take.
    pub timeout_ms: u64,
    /// Whether to ask every server on its own even after one has answered, to find those that differ or are dead.
    #[serde(default)]
    pub every_server: bool,
}

/// Resolve a name as musl, the libc of Alpine, would in this namespace. It differs from glibc where there are several
/// servers, a search list, or an answer for one record type alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MuslLookupAsk {
    /// The name, without a port.
    pub name: String,
    /// How long the whole lookup may take.
    pub timeout_ms: u64,
}

/// What a name resolved to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LookupFact {
    /// The name as it was asked.
    pub name: String,
    /// What getaddrinfo(3) would have made of it.
    pub outcome: LookupOutcome,
    /// The addresses, in the order in which a program would see them, without repetition.
    pub answers: Vec<LookupAnswer>,
    /// Each exchange with a server, in the order of their start.
    pub queries: Vec<DnsQuery>,
}

/// What getaddrinfo(3) would have made of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LookupOutcome {
    /// At least one address.
    Found,
    /// `EAI_NONAME`: every candidate was answered with NXDOMAIN.
    NotFound,
    /// `EAI_NODATA`: the name exists and has no address.
    NoData,
    /// `EAI_AGAIN`: no server gave a usable answer (silence, SERVFAIL, REFUSED).
    TemporaryFailure,
    /// The name can not be looked up at all (RFC 1035 length limits, empty labels).
    InvalidName,
}

/// One address of a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LookupAnswer {
    /// The address.
    pub address: IpAddr,
    /// Who said so.
    pub source: AnswerSource,
    /// The time to live in seconds, where a server gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u32>,
}

/// Who gave an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// `/etc/hosts`, which wins over DNS.
    HostsFile,
    /// A DNS server.
    Dns,
    /// The name is an address literal, or `localhost` where no hosts file names it (RFC 6761).
    Builtin,
}

/// One exchange with one DNS server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DnsQuery {
    /// The server.
    pub server: IpAddr,
    /// The full name that was asked, after the search list.
    pub question: String,
    /// The record type: `A` or `AAAA`.
    pub record: String,
    /// The transport of the final answer: TCP after a truncated UDP answer.
    pub transport: crate::listeners::Protocol,
    /// What the server did.
    pub outcome: DnsOutcome,
    /// The response code's name (RFC 2929), such as `NXDOMAIN`, where there was a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcode: Option<String>,
    /// The addresses in the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The smallest time to live of the answer, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u32>,
    /// How long the exchange took, in milliseconds.
    pub took_ms: f64,
}

/// What a DNS server did with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DnsOutcome {
    /// It answered with addresses.
    Answered,
    /// It answered that the name has no such record.
    Empty,
    /// NXDOMAIN.
    NxDomain,
    /// SERVFAIL, REFUSED or another response code.
    Error,
    /// It did not answer in time.
    TimedOut,
    /// Nothing listens on its port 53 (ICMP port unreachable).
    Refused,
    /// It could not be reached (no route, host unreachable).
    Unreachable,
    /// It answered with bytes that are no valid answer to this question.
    Malformed,
}
