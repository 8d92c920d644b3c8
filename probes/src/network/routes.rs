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
pub(crate) fn v4(bytes: &[u8]) -> Vec<Route> {
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
pub(crate) fn v6(bytes: &[u8]) -> Vec<Route> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: &str = "\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010014AC	0003	0	0	100	00000000	0	0	0
eth0	000014AC	00000000	0001	0	0	0	0000FFFF	0	0	0
*	006433C6	00000000	0200	0	0	0	00FFFFFF	0	0	0
eth0	nonsense
";
    /// The default route, a network on the link, an address of the host itself, multicast, and a rejecting route.
    const V6: &str = "\
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fd000000000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000001 00000000 80200001     eth0
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

    fn shown(routes: &[Route]) -> Vec<String> {
        routes
            .iter()
            .map(|route| {
                let via = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
                let InterfaceAddress { address, prefix } = route.destination;
                format!("{address}/{prefix}{via} dev {} metric {}", route.interface, route.metric)
            })
            .collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn ipv4_routes_are_read_and_rejecting_ones_left_out() {
        assert_eq!(
            shown(&v4(V4.as_bytes())),
            ["0.0.0.0/0 via 172.20.0.1 dev eth0 metric 100", "172.20.0.0/16 dev eth0 metric 0"]
        );
    }

    #[test]
    fn ipv6_routes_of_the_main_table_are_read() {
        assert_eq!(
            shown(&v6(V6.as_bytes())),
            ["::/0 via fd00::1 dev eth0 metric 1024", "fd00::/64 dev eth0 metric 256"]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = v4(&bytes);
            let _ = v6(&bytes);
        }

        #[test]
        fn any_words_are_read_without_a_panic(text in "(([0-9a-fé]{1,33}|eth0) ?){0,24}") {
            let _ = v4(format!("\n{text}").as_bytes());
            let _ = v6(text.as_bytes());
        }
    }
}
