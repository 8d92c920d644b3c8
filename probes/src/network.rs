//! The interfaces, addresses, routes and network sysctls of a namespace.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
mod read;
#[cfg(feature = "run")]
pub(crate) mod routes;

#[cfg(feature = "run")]
pub use read::read;

/// What the kernel knows of a network namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NetworkFact {
    /// The inode of the namespace (namespaces(7)): equal for two containers that share one.
    pub namespace: u64,
    /// The interfaces, loopback first.
    pub interfaces: Vec<Interface>,
    /// The routes of the main table.
    pub routes: Vec<Route>,
    /// `net.ipv4.ip_forward`, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_forward: Option<bool>,
    /// `net.ipv6.conf.all.disable_ipv6`, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_disabled: Option<bool>,
    /// `net.ipv6.conf.all.forwarding`, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_forwarding: Option<bool>,
    /// `net.bridge.bridge-nf-call-iptables`, where readable: whether iptables sees what stays on one bridge. The kernel has
    /// it only while the module `br_netfilter` is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge_nf_iptables: Option<bool>,
    /// `net.ipv4.ip_local_port_range`, where readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_port_range: Option<(u16, u16)>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its index within the namespace.
    pub index: u32,
    /// Whether it is administratively up.
    pub up: bool,
    /// Whether it is the loopback interface.
    pub loopback: bool,
    /// The largest packet in bytes.
    pub mtu: u32,
    /// The hardware address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Its addresses.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address with its prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InterfaceAddress {
    /// The address.
    pub address: IpAddr,
    /// The prefix length in bits.
    pub prefix: u8,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Route {
    /// The destination; `0.0.0.0` or `::` with prefix 0 is the default route.
    pub destination: InterfaceAddress,
    /// The next hop; none for what is on the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The interface.
    pub interface: String,
    /// The metric; the smaller wins.
    pub metric: u32,
}

impl NetworkFact {
    /// The IPv4 default gateway that the kernel uses: the one with the smallest metric.
    #[must_use]
    pub fn default_gateway(&self) -> Option<IpAddr> {
        self.routes
            .iter()
            .filter(|route| route.destination.prefix == 0 && route.destination.address.is_ipv4())
            .min_by_key(|route| route.metric)
            .and_then(|route| route.gateway)
    }

    /// Whether `address` is an address of this namespace itself.
    #[must_use]
    pub fn owns(&self, address: IpAddr) -> bool {
        address.is_loopback()
            || self.interfaces.iter().any(|interface| interface.addresses.iter().any(|own| own.address == address))
    }
}
