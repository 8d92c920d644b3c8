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
pub(super) fn table(bytes: &[u8], protocol: Protocol) -> Vec<ListenerSocket> {
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
