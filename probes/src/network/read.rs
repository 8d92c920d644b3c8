//! Interfaces, routes and sysctls, read from the kernel.

use super::routes::{self, MAX_NAME};
use super::{Interface, InterfaceAddress, NetworkFact};
use crate::bounded;
use crate::text::printable;

/// The most interfaces that are reported, and addresses of each.
const MAX_INTERFACES: usize = 1024;
const MAX_ADDRESSES: usize = 256;

/// Read what the kernel knows of this network namespace.
///
/// # Errors
/// When /proc can not be read, so that the namespace has no name; the text says why.
pub fn read() -> Result<NetworkFact, String> {
    Ok(NetworkFact {
        namespace: namespace()?,
        interfaces: interfaces(),
        routes: routes::read(),
        ip_forward: flag("/proc/sys/net/ipv4/ip_forward"),
        ipv6_disabled: flag("/proc/sys/net/ipv6/conf/all/disable_ipv6"),
        ipv6_forwarding: flag("/proc/sys/net/ipv6/conf/all/forwarding"),
        bridge_nf_iptables: flag("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        local_port_range: bounded::line("/proc/sys/net/ipv4/ip_local_port_range").as_deref().and_then(port_range),
    })
}

/// The inode number in `net:[4026531840]`.
fn namespace() -> Result<u64, String> {
    let path = "/proc/self/ns/net";
    let link = std::fs::read_link(path).map_err(|error| format!("{path} can not be read: {error}"))?;
    let text = link.to_string_lossy();
    text.strip_prefix("net:[")
        .and_then(|rest| rest.strip_suffix(']'))
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("{path} is {}, which names no namespace", printable(text.as_bytes(), 100)))
}

fn interfaces() -> Vec<Interface> {
    let mut interfaces: Vec<Interface> =
        pnet_datalink::interfaces().into_iter().take(MAX_INTERFACES).map(interface).collect();
    interfaces.sort_by_key(|interface| (!interface.loopback, interface.index));
    interfaces
}

fn interface(seen: pnet_datalink::NetworkInterface) -> Interface {
    let (up, loopback) = (seen.is_up(), seen.is_loopback());
    let mtu = bounded::line(&format!("/sys/class/net/{}/mtu", seen.name)).and_then(|mtu| mtu.parse().ok());
    Interface {
        name: printable(seen.name.as_bytes(), MAX_NAME),
        index: seen.index,
        up,
        loopback,
        // Zero is a size that no interface has; it stands for unknown where /sys is not mounted.
        mtu: mtu.unwrap_or(0),
        mac: seen.mac.filter(|_| !loopback).map(|mac| mac.to_string()),
        addresses: seen
            .ips
            .into_iter()
            .take(MAX_ADDRESSES)
            .map(|network| InterfaceAddress { address: network.ip(), prefix: network.prefix() })
            .collect(),
    }
}

fn flag(path: &str) -> Option<bool> {
    bounded::line(path)?.parse::<u8>().ok().map(|value| value != 0)
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let mut words = text.split_ascii_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
