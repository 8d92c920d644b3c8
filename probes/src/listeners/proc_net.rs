//! Listening sockets from `/proc/net/{tcp,tcp6,udp,udp6}` (proc(5)), for kernels without socket diagnosis.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::{ListenerSocket, Protocol};
use crate::bounded;

/// The most that is read of one table, about 50,000 sockets.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The states of a listening TCP socket and of a bound UDP socket that is not connected.
const LISTEN: &str = "0A";
const CLOSE: &str = "07";

/// Read all four tables. A kernel without IPv6 lacks two of them.
pub(super) fn read() -> io::Result<Vec<ListenerSocket>> {
    let mut sockets = Vec::new();
    for (path, protocol) in [("/proc/net/tcp", Protocol::Tcp), ("/proc/net/udp", Protocol::Udp)] {
        sockets.extend(table(&bounded::read(Path::new(path), MAX_BYTES)?.0, protocol));
        match bounded::read(Path::new(&format!("{path}6")), MAX_BYTES) {
            Ok((bytes, _)) => sockets.extend(table(&bytes, protocol)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sockets)
}

/// Parse one table.
pub(crate) fn table(bytes: &[u8], protocol: Protocol) -> Vec<ListenerSocket> {
    String::from_utf8_lossy(bytes).lines().skip(1).filter_map(|line| socket(line, protocol)).collect()
}

fn socket(line: &str, protocol: Protocol) -> Option<ListenerSocket> {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …
    let mut words = line.split_ascii_whitespace().skip(1);
    let (address, port) = endpoint(words.next()?)?;
    let (_, peer_port) = endpoint(words.next()?)?;
    let wanted = match protocol {
        Protocol::Tcp => LISTEN,
        Protocol::Udp => CLOSE,
    };
    if words.next()? != wanted || peer_port != 0 || port == 0 {
        return None;
    }
    let (_, waiting) = words.next()?.split_once(':')?;
    let queue = match protocol {
        Protocol::Tcp => u32::from_str_radix(waiting, 16).ok()?,
        Protocol::Udp => 0,
    };
    let uid = words.nth(2)?.parse().ok()?;
    Some(ListenerSocket { protocol, address, port, v6_only: None, queue, backlog: 0, uid })
}

/// `0100007F:1F90`: an address in words of the machine's byte order, and a port.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    Some((hex_address(address)?, u16::from_str_radix(port, 16).ok()?))
}

fn hex_address(text: &str) -> Option<IpAddr> {
    if !text.is_ascii() {
        return None;
    }
    let word = |at: usize| Some(u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index * 8)?);
            }
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two listeners, one of them IPv6, a connection, and a line that was cut. Words are little-endian.
    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:6989 00000000:0000 0A 00000000:00000003 00:00000000 00000000   999        0 29045 1 0000000000000000
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29046 1 0000000000000000
   2: 0200A8C0:0050 0300A8C0:9C40 01 00000000:00000000 00:00000000 00000000     0        0 29047 1 0000000000000000
   3: 00000000:0051 00000000:0000 0A
";
    const UDP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
  10: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  65534        0 1 2
  11: 0000000000000000FFFF00000100007F:0036 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000      0        0 1 2
";

    #[test]
    #[cfg(target_endian = "little")]
    fn listeners_are_found_and_connections_are_not() {
        let sockets = table(TCP.as_bytes(), Protocol::Tcp);
        assert_eq!(sockets.len(), 2);
        let first = &sockets[0];
        assert_eq!((first.address.to_string(), first.port), ("127.0.0.1".to_owned(), 27017));
        assert_eq!((first.queue, first.uid, first.v6_only), (3, 999, None));
        assert_eq!((sockets[1].address.to_string(), sockets[1].port), ("0.0.0.0".to_owned(), 80));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_mapped_address_is_an_ipv4_address() {
        let sockets = table(UDP6.as_bytes(), Protocol::Udp);
        let addresses: Vec<_> = sockets.iter().map(|socket| (socket.address.to_string(), socket.port)).collect();
        assert_eq!(addresses, [("::".to_owned(), 53), ("127.0.0.1".to_owned(), 54)]);
    }

    #[test]
    fn a_table_of_this_machine_agrees_with_the_socket_that_is_in_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets = read().unwrap();
        let found = sockets.iter().find(|socket| (socket.protocol, socket.port) == (Protocol::Tcp, port)).unwrap();
        assert_eq!(found.address, listener.local_addr().unwrap().ip());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = table(&bytes, Protocol::Tcp);
        }

        #[test]
        fn any_endpoint_is_read_without_a_panic(line in "x\n *[0-9]: [0-9A-Fé]{7,33}:[0-9A-F]{0,5} [0-9A-F:]{13} 0A \\PC{0,40}") {
            let _ = table(line.as_bytes(), Protocol::Tcp);
        }
    }
}
