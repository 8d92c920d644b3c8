//! Listening sockets from the kernel's netlink interface (`sock_diag(7)`), which any user of the namespace may read.

use std::io;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};

use super::{ListenerSocket, Protocol};

/// The kernel fills one message up to this size (`NLMSG_GOODSIZE` and its growth).
const MESSAGE_BYTES: usize = 32 * 1024;
/// The most sockets that are taken in before they are sorted and cut.
const MAX_RECORDS: usize = 65_536;

/// Read all four tables.
pub(super) fn read() -> io::Result<Vec<ListenerSocket>> {
    let mut sockets = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for family in [AF_INET, AF_INET6] {
            dump(protocol, family, &mut sockets)?;
        }
    }
    Ok(sockets)
}

fn dump(protocol: Protocol, family: u8, sockets: &mut Vec<ListenerSocket>) -> io::Result<()> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel answers a dump before it returns from `send` and `recv`, so there is never anything to wait for.
    socket.set_non_blocking(true)?;
    let request = request(protocol, family);
    socket.send(&request, 0)?;
    let mut buffer = Vec::with_capacity(MESSAGE_BYTES);
    loop {
        buffer.clear();
        let length = socket.recv(&mut buffer, 0)?;
        if length == 0 || messages(buffer.get(..length).unwrap_or_default(), protocol, sockets)? {
            return Ok(());
        }
    }
}

fn request(protocol: Protocol, family: u8) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let (number, states) = match protocol {
        Protocol::Tcp => (IPPROTO_TCP, StateFlags::LISTEN),
        // A bound UDP socket that is not connected is in the state CLOSE.
        Protocol::Udp => (IPPROTO_UDP, StateFlags::CLOSE),
    };
    let request = InetRequest {
        family,
        protocol: number,
        extensions: ExtensionFlags::empty(),
        states,
        socket_id: if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() },
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Take in the messages of one datagram. True when the dump has come to its end.
fn messages(mut bytes: &[u8], protocol: Protocol, sockets: &mut Vec<ListenerSocket>) -> io::Result<bool> {
    while !bytes.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(bytes).map_err(io::Error::other)?;
        match message.payload {
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                let room = MAX_RECORDS.saturating_sub(sockets.len());
                sockets.extend(listener(protocol, &response).into_iter().take(room));
            }
            _ => {}
        }
        // Messages are aligned to four bytes.
        let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).next_multiple_of(4);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(false)
}

fn listener(protocol: Protocol, response: &InetResponse) -> Option<ListenerSocket> {
    let header = &response.header;
    if header.socket_id.destination_port != 0 || header.socket_id.source_port == 0 {
        return None;
    }
    let address = header.socket_id.source_address;
    let v6_only = response.nlas.iter().find_map(|attribute| match attribute {
        Nla::SkV6Only(only) if address == IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED) => Some(*only),
        _ => None,
    });
    let (queue, backlog) = match protocol {
        Protocol::Tcp => (header.recv_queue, header.send_queue),
        Protocol::Udp => (0, 0),
    };
    Some(ListenerSocket {
        protocol,
        // An IPv6 socket bound to a mapped address serves IPv4 and nothing else.
        address: address.to_canonical(),
        port: header.socket_id.source_port,
        v6_only,
        queue,
        backlog,
        uid: header.uid,
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use proptest::prelude::*;
    use socket2::{Domain, Type};

    use super::*;

    fn listen(address: &str, v6_only: bool) -> (socket2::Socket, u16) {
        let address: std::net::SocketAddr = address.parse().unwrap();
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if address.is_ipv6() {
            socket.set_only_v6(v6_only).unwrap();
        }
        socket.bind(&address.into()).unwrap();
        socket.listen(7).unwrap();
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        (socket, port)
    }

    fn find(port: u16) -> Vec<ListenerSocket> {
        let mut sockets = read().unwrap();
        sockets.retain(|socket| (socket.protocol, socket.port) == (Protocol::Tcp, port));
        sockets
    }

    #[test]
    fn the_backlog_and_the_queue_are_known() {
        let (socket, port) = listen("127.0.0.1:0", false);
        let _waiting = std::net::TcpStream::connect(socket.local_addr().unwrap().as_socket().unwrap()).unwrap();
        let found = find(port);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].backlog, found[0].queue, found[0].v6_only), (7, 1, None));
    }

    #[test]
    fn an_ipv6_socket_says_whether_it_takes_ipv4() {
        if std::net::TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_err() {
            return;
        }
        for v6_only in [true, false] {
            let (_socket, port) = listen("[::]:0", v6_only);
            let found = find(port);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].v6_only, Some(v6_only));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = messages(&bytes, Protocol::Tcp, &mut Vec::new());
        }

        #[test]
        fn any_message_of_the_right_type_is_read_without_a_panic(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            claimed in 0_u32..300,
        ) {
            // SOCK_DIAG_BY_FAMILY is 20.
            let mut bytes = claimed.to_ne_bytes().to_vec();
            bytes.extend_from_slice(&20_u16.to_ne_bytes());
            bytes.extend_from_slice(&[0; 10]);
            bytes.extend_from_slice(&body);
            let _ = messages(&bytes, Protocol::Tcp, &mut Vec::new());
        }
    }
}
