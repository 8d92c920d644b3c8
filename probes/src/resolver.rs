//! The resolver configuration of a namespace: `resolv.conf` and the hosts file.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
pub(crate) mod parse;

#[cfg(feature = "run")]
pub use parse::read;
#[cfg(all(test, feature = "run"))]
pub(crate) use parse::resolv_conf_text;

/// The resolver configuration, as the programs of the namespace see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResolverFact {
    /// The servers, in order. A libc uses the first three (resolv.conf(5)).
    pub nameservers: Vec<IpAddr>,
    /// The search list.
    pub search: Vec<String>,
    /// Dots in a name from which on it is tried as it stands first.
    pub ndots: u32,
    /// Seconds before the next server is tried.
    pub timeout_s: u32,
    /// Rounds over all servers.
    pub attempts: u32,
    /// Whether the servers take turns.
    pub rotate: bool,
    /// Whether questions go over TCP (`use-vc`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_vc: bool,
    /// Whether A and AAAA are asked one after the other (`single-request`, `single-request-reopen`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_request: bool,
    /// The servers to which Docker's resolver at 127.0.0.11 hands on what it does not know, as Engine 25 and newer write
    /// them into the file (`# ExtServers:`). Empty where the file does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<ExternalServer>,
    /// The entries of the hosts file, in order.
    pub hosts: Vec<HostsEntry>,
    /// Why a file could not be read, where one could not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A server behind Docker's own resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExternalServer {
    /// Its address.
    pub address: IpAddr,
    /// Whether the engine asks it from the host's network (`host(…)`), and not from the container's.
    pub from_host: bool,
}

/// One line of the hosts file (hosts(5)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostsEntry {
    /// The address.
    pub address: IpAddr,
    /// Its names.
    pub names: Vec<String>,
}
