//! UDP and ICMP sockets that hear the ICMP errors they cause.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::UdpSocket;

/// A UDP socket that is bound to a random port and hears `peer` alone, and the ICMP errors that it causes.
///
/// # Errors
/// What the kernel says where there is no socket, or no route to `peer`.
pub(crate) fn connected_udp(peer: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    connected(std::net::UdpSocket::bind((any, 0))?, peer)
}

/// A datagram socket for ICMP echo with `peer` (icmp(7)). It is none of UDP, but is read and written in the same way.
///
/// # Errors
/// `EACCES` where the group of this process is outside of `net.ipv4.ping_group_range`; no route to `peer`.
pub(crate) fn connected_icmp(peer: IpAddr) -> io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let (domain, protocol) = match peer {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    connected(Socket::new(domain, Type::DGRAM, Some(protocol))?.into(), SocketAddr::new(peer, 0))
}

fn connected(socket: std::net::UdpSocket, peer: SocketAddr) -> io::Result<UdpSocket> {
    // Without this option the kernel keeps "host unreachable" to itself (ip(7), IP_RECVERR).
    match peer {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?,
    }
    socket.connect(peer)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
