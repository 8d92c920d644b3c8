//! The routing tables of /proc (proc(5)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::{InterfaceAddress, Route};
use crate::bounded;
use crate::text::printable;

/// The most that is read of one table, and the most routes that are kept of it.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_ROUTES: usize = 1024;
/// The longest name of an interface (`IFNAMSIZ`).
pub(super) const MAX_NAME: usize = 16;

/// Flags of a route (`linux/route.h`, `linux/ipv6_route.h`).
const RTF_UP: u32 = 0x1;
const RTF_GATEWAY: u32 = 0x2;
const RTF_REJECT: u32 = 0x200;
const RTF_ANYCAST: u32 = 0x0010_0000;
const RTF_CACHE: u32 = 0x0100_0000;
const RTF_LOCAL: u32 = 0x8000_0000;

/// Read the routes of both families. A family that the kernel lacks has none.
pub(super) fn read() -> Vec<Route> {
    let text = |path| bounded::read(Path::new(path), MAX_BYTES).map(|(bytes, _)| bytes).unwrap_or_default();
    let mut routes = v4(&text("/proc/net/route"));
    routes.extend(v6(&text("/proc/net/ipv6_route")));
    routes
}

/// Parse `/proc/net/route`.
pub(super) fn v4(bytes: &[u8]) -> Vec<Route> {
    String::from_utf8_lossy(bytes).lines().skip(1).filter_map(v4_line).take(MAX_ROUTES).collect()
}

fn v4_line(line: &str) -> Option<Route> {
    // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[interface, destination, gateway, flags, _, _, metric, mask, ..] = words.as_slice() else { return None };
    let address = |text| Some(Ipv4Addr::from(u32::from_str_radix(text, 16).ok()?.to_ne_bytes()));
    let flags = u32::from_str_radix(flags, 16).ok()?;
    if flags & RTF_UP == 0 || flags & RTF_REJECT != 0 {
        return None;
    }
    let mask = u32::from(address(mask)?);
    let gateway = address(gateway)?;
    Some(Route {
        destination: InterfaceAddress {
            address: address(destination)?.into(),
            prefix: u8::try_from(mask.leading_ones()).ok()?,
        },
        gateway: (flags & RTF_GATEWAY != 0).then_some(gateway.into()),
        interface: printable(interface.as_bytes(), MAX_NAME),
        metric: metric.parse().ok()?,
    })
}

/// Parse `/proc/net/ipv6_route`, which shows all tables: the addresses of the host itself and multicast are left out.
pub(super) fn v6(bytes: &[u8]) -> Vec<Route> {
    String::from_utf8_lossy(bytes).lines().filter_map(v6_line).take(MAX_ROUTES).collect()
}

fn v6_line(line: &str) -> Option<Route> {
    // destination prefix source prefix next-hop metric refcount use flags interface
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[destination, prefix, _, _, gateway, metric, _, _, flags, interface, ..] = words.as_slice() else {
        return None;
    };
    let address = |text: &str| {
        (text.len() == 32).then_some(())?;
        Some(Ipv6Addr::from(u128::from_str_radix(text, 16).ok()?))
    };
    let number = |text| u32::from_str_radix(text, 16).ok();
    let flags = number(flags)?;
    let destination = address(destination)?;
    if flags & RTF_UP == 0
        || flags & (RTF_REJECT | RTF_ANYCAST | RTF_CACHE | RTF_LOCAL) != 0
        || destination.is_multicast()
    {
        return None;
    }
    let gateway = address(gateway)?;
    Some(Route {
        destination: InterfaceAddress {
            address: destination.into(),
            prefix: u8::from_str_radix(prefix, 16).ok().filter(|prefix| *prefix <= 128)?,
        },
        gateway: (flags & RTF_GATEWAY != 0).then_some(IpAddr::from(gateway)),
        interface: printable(interface.as_bytes(), MAX_NAME),
        metric: number(metric)?,
    })
}
