//! The order in which getaddrinfo(3) hands addresses to a program (RFC 6724, section 6).

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};

use super::LookupAnswer;

/// Sort addresses as a program would see them. Equals stay in the order in which they came.
pub(super) fn sort(answers: &mut [LookupAnswer]) {
    answers.sort_by_cached_key(|answer| rank(answer.address, source_for(answer.address)));
}

/// The address from which the kernel would speak to `target`; none where it has no route. Connecting a UDP socket sends
/// nothing.
fn source_for(target: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if target.is_ipv4() { [0, 0, 0, 0].into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(target, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The rules 1 (reachable), 2 (scope), 5 (label) and 6 (precedence), the smaller the better. The other rules need more
/// than one source address or home agents and do not apply in containers.
fn rank(target: IpAddr, source: Option<IpAddr>) -> (bool, bool, bool, Reverse<u8>) {
    let (precedence, label) = policy(target);
    let same_scope = source.is_some_and(|source| scope(source) == scope(target));
    let same_label = source.is_some_and(|source| policy(source).1 == label);
    (source.is_none(), !same_scope, !same_label, Reverse(precedence))
}

/// The default policy table (RFC 6724, 2.1): precedence and label.
fn policy(address: IpAddr) -> (u8, u8) {
    let IpAddr::V6(address) = address else { return (35, 4) };
    let [first, second, ..] = address.segments();
    match (first, second) {
        _ if address.is_loopback() => (50, 0),
        _ if address.to_ipv4_mapped().is_some() => (35, 4),
        (0x2002, _) => (30, 2),
        (0x2001, 0) => (5, 5),
        _ if first & 0xfe00 == 0xfc00 => (3, 13),
        _ => (40, 1),
    }
}

/// Link-local (which IPv4 loopback counts as, RFC 6724, 3.2) or global.
fn scope(address: IpAddr) -> u8 {
    let local = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    if local { 2 } else { 14 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Sort as [`sort`] does, with the sources that a test gives.
    fn sorted<'a>(mut pairs: Vec<(&'a str, Option<&str>)>) -> Vec<&'a str> {
        pairs.sort_by_cached_key(|(target, source)| rank(ip(target), source.map(ip)));
        pairs.into_iter().map(|(target, _)| target).collect()
    }

    #[test]
    fn what_can_be_reached_comes_first() {
        let pairs = vec![("2001:db8::7", None), ("198.51.100.7", Some("198.51.100.1"))];
        assert_eq!(sorted(pairs), ["198.51.100.7", "2001:db8::7"]);
    }

    #[test]
    fn ipv6_comes_before_ipv4_unless_it_is_a_local_range() {
        let pairs = vec![("198.51.100.7", Some("198.51.100.1")), ("2001:db8::7", Some("2001:db8::1"))];
        assert_eq!(sorted(pairs), ["2001:db8::7", "198.51.100.7"]);
        let pairs = vec![("fd00::7", Some("fd00::1")), ("198.51.100.7", Some("198.51.100.1"))];
        assert_eq!(sorted(pairs), ["198.51.100.7", "fd00::7"]);
    }

    #[test]
    fn a_global_address_behind_a_local_source_comes_last() {
        let pairs = vec![("2001:db8::7", Some("fd00::1")), ("198.51.100.7", Some("198.51.100.1"))];
        assert_eq!(sorted(pairs), ["198.51.100.7", "2001:db8::7"]);
    }

    #[test]
    fn equals_keep_their_order() {
        let pairs = vec![("198.51.100.9", Some("198.51.100.1")), ("198.51.100.7", Some("198.51.100.1"))];
        assert_eq!(sorted(pairs), ["198.51.100.9", "198.51.100.7"]);
    }
}
