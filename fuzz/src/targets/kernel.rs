//! The tables of /proc, and frames from the link.

use std::net::IpAddr;

use dprobe_probes::fuzzing;
use dprobe_probes::listeners::Protocol;

use crate::check::{self, escaped};

/// `/proc/net/tcp` and its kin.
pub(super) fn socket_table(data: &[u8]) {
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let sockets = fuzzing::socket_table(data, protocol);
        assert!(sockets.len() <= data.split(|byte| *byte == b'\n').count());
        for socket in &sockets {
            assert!(socket.protocol == protocol && socket.port != 0);
            // A mapped address (RFC 4291, 2.5.5.2) is one of IPv4.
            assert_eq!(socket.address, socket.address.to_canonical());
        }
        check::comes_back(&sockets);
    }
}

/// `/proc/net/route` and `/proc/net/ipv6_route`.
pub(super) fn routes(data: &[u8]) {
    for (routes, longest) in [(fuzzing::routes_v4(data), 32), (fuzzing::routes_v6(data), 128)] {
        assert!(routes.len() <= 1024);
        for route in &routes {
            assert!(route.destination.prefix <= longest, "{route:?}");
            let is_v6 = longest == 128;
            let fits = |address: &IpAddr| address.is_ipv6() == is_v6;
            assert!(fits(&route.destination.address) && route.gateway.as_ref().is_none_or(fits), "{route:?}");
        }
        check::all_printable(&routes);
        check::all_shorter(&routes, escaped(39));
        check::comes_back(&routes);
    }
}

/// A frame that might be the answer to an ARP request.
pub(super) fn arp(data: &[u8]) {
    if let Some(mac) = fuzzing::arp(data) {
        assert!(mac.len() == 17 && mac.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit()), "{mac}");
    }
}
