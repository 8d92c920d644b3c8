//! What the listening sockets of a namespace say of one port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dprobe_probes::listeners::ListenerSocket;

use crate::topology::Protocol;

/// What a namespace has to show for a port. The causes of a refused connect are the variants of this type.
#[derive(Debug, Clone, PartialEq)]
pub enum Listening<'a> {
    /// A socket that takes what arrives on at least one of the addresses.
    Good(&'a ListenerSocket),
    /// Sockets on loopback only: nobody outside the namespace reaches them.
    Loopback(Vec<&'a ListenerSocket>),
    /// Sockets of the other address family only.
    OtherFamily(Vec<&'a ListenerSocket>),
    /// Sockets on other addresses of the namespace only.
    OtherAddress(Vec<&'a ListenerSocket>),
    /// A socket of the other transport on that port.
    OtherProtocol(&'a ListenerSocket),
    /// Sockets on other ports only.
    Elsewhere(Vec<&'a ListenerSocket>),
    /// No socket at all.
    Nothing,
}

/// Holds the sockets of a namespace against one port and the addresses on which connections to it arrive.
pub(super) fn listening<'a>(
    sockets: &'a [ListenerSocket],
    protocol: Protocol,
    port: u16,
    arriving: &[IpAddr],
) -> Listening<'a> {
    let (same, other): (Vec<_>, Vec<_>) = sockets.iter().partition(|socket| socket.protocol == protocol);
    let on_port: Vec<&ListenerSocket> = same.iter().filter(|socket| socket.port == port).copied().collect();
    if on_port.is_empty() {
        return match other.iter().find(|socket| socket.port == port) {
            Some(socket) => Listening::OtherProtocol(socket),
            // Bound UDP sockets are often a client's; only listening TCP sockets tell what a program serves.
            None if protocol == Protocol::Udp || same.is_empty() => Listening::Nothing,
            None => Listening::Elsewhere(same),
        };
    }
    let takes = |socket: &&&ListenerSocket| {
        arriving.iter().any(|address| covers(socket, *address))
            || (arriving.is_empty() && socket.address.is_unspecified())
    };
    if let Some(good) = on_port.iter().find(takes) {
        return Listening::Good(good);
    }
    if on_port.iter().all(|socket| socket.address.is_loopback()) {
        Listening::Loopback(on_port)
    } else if on_port.iter().any(|socket| socket.address.is_unspecified()) {
        Listening::OtherFamily(on_port)
    } else {
        Listening::OtherAddress(on_port)
    }
}

/// Whether a socket takes what arrives on an address. A `::` socket takes IPv4, too, unless it was told not to (ipv6(7));
/// where that is not known, it is taken to be as the kernel's default has it.
fn covers(socket: &ListenerSocket, arriving: IpAddr) -> bool {
    match socket.address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => arriving.is_ipv4(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => arriving.is_ipv6() || socket.v6_only != Some(true),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4) == arriving,
        address @ IpAddr::V4(_) => address == arriving,
    }
}

/// A socket's address and port as people write it: `0.0.0.0:80`, `[::]:80`.
pub(super) fn socket_text(socket: &ListenerSocket) -> String {
    super::address::host_port(&socket.address.to_string(), socket.port)
}

/// Several sockets in a row, at most four.
pub(super) fn sockets_text(sockets: &[&ListenerSocket]) -> String {
    let mut texts: Vec<String> = sockets.iter().map(|socket| socket_text(socket)).collect();
    texts.dedup();
    let more = texts.len().saturating_sub(4);
    texts.truncate(4);
    let list = texts.join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(address: &str, port: u16, protocol: Protocol, v6_only: Option<bool>) -> ListenerSocket {
        let address = address.parse().expect("an address");
        ListenerSocket { protocol, address, port, v6_only, queue: 0, backlog: 128, uid: 0 }
    }

    fn kind(sockets: &[ListenerSocket], port: u16, arriving: &[&str]) -> String {
        let arriving: Vec<IpAddr> = arriving.iter().map(|address| address.parse().expect("an address")).collect();
        let found = listening(sockets, Protocol::Tcp, port, &arriving);
        format!("{found:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
    }

    #[test]
    fn each_way_to_miss_a_port_has_its_name() {
        let sockets = [
            socket("127.0.0.1", 1, Protocol::Tcp, None),
            socket("0.0.0.0", 2, Protocol::Tcp, None),
            socket("::", 3, Protocol::Tcp, Some(true)),
            socket("::", 4, Protocol::Tcp, Some(false)),
            socket("::", 5, Protocol::Tcp, None),
            socket("172.18.0.2", 6, Protocol::Tcp, None),
            socket("0.0.0.0", 7, Protocol::Udp, None),
            socket("::ffff:172.18.0.2", 8, Protocol::Tcp, None),
        ];
        let v4 = ["172.18.0.2"];
        assert_eq!(kind(&sockets, 1, &v4), "Loopback");
        assert_eq!(kind(&sockets, 2, &v4), "Good");
        assert_eq!(kind(&sockets, 2, &["fd00::2"]), "OtherFamily");
        assert_eq!(kind(&sockets, 3, &v4), "OtherFamily");
        assert_eq!(kind(&sockets, 4, &v4), "Good");
        assert_eq!(kind(&sockets, 5, &v4), "Good");
        assert_eq!(kind(&sockets, 6, &v4), "Good");
        assert_eq!(kind(&sockets, 6, &["172.19.0.2"]), "OtherAddress");
        assert_eq!(kind(&sockets, 7, &v4), "OtherProtocol");
        assert_eq!(kind(&sockets, 8, &v4), "Good");
        assert_eq!(kind(&sockets, 9, &v4), "Elsewhere");
        assert_eq!(kind(&[], 9, &v4), "Nothing");
    }

    #[test]
    fn a_loopback_socket_is_good_for_loopback() {
        let sockets = [socket("127.0.0.1", 1, Protocol::Tcp, None)];
        assert_eq!(kind(&sockets, 1, &["127.0.0.1", "::1"]), "Good");
        assert_eq!(kind(&sockets, 1, &["::1"]), "Loopback");
    }
}
