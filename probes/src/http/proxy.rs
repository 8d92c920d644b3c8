//! The first words to a proxy: what it is to connect to.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::Stream;

/// The most that a proxy may say before it gets out of the way, in bytes.
const MAX_TUNNEL_HEAD: usize = 8 * 1024;

/// Why there is no way through a proxy.
pub(super) enum Refusal {
    /// The connection to it broke.
    Io(io::Error),
    /// It answered with this status (HTTP).
    Status(u16, String),
    /// It wants to know who asks (SOCKS), which is never told.
    Login,
    /// It said no, or something that makes no sense.
    Said(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Has an HTTP proxy connect to a target (`CONNECT`, RFC 9110, section 9.3.6).
pub(super) async fn connect(proxy: &mut Stream, host: &str, port: u16) -> Result<(), Refusal> {
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    proxy.write_all(request.as_bytes()).await?;
    proxy.flush().await?;
    let mut head = Vec::new();
    // A byte at a time, for what follows the head is the target's.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_TUNNEL_HEAD {
        head.push(proxy.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    match line.split_whitespace().nth(1).and_then(|status| status.parse().ok()) {
        Some(200..=299) if line.starts_with("HTTP/") => Ok(()),
        Some(status) if line.starts_with("HTTP/") => {
            Err(Refusal::Status(status, format!("the proxy answered `{line}`")))
        }
        _ => Err(Refusal::Said("what answers is no HTTP proxy".to_owned())),
    }
}

/// What a SOCKS proxy is to connect to.
pub(super) enum Place<'a> {
    /// A name, which the proxy looks up.
    Name(&'a str),
    /// An address.
    Address(IpAddr),
}

/// Has a SOCKS 5 proxy connect to a target (RFC 1928). No login is offered.
pub(super) async fn socks(proxy: &mut Stream, place: &Place<'_>, port: u16) -> Result<(), Refusal> {
    // Version 5, one method: none (section 3).
    proxy.write_all(&[5, 1, 0]).await?;
    proxy.flush().await?;
    let mut chosen = [0; 2];
    proxy.read_exact(&mut chosen).await?;
    match chosen {
        [5, 0] => {}
        [5, _] => return Err(Refusal::Login),
        _ => return Err(Refusal::Said("what answers is no SOCKS 5 proxy".to_owned())),
    }
    proxy.write_all(&request(place, port)?).await?;
    proxy.flush().await?;
    let mut head = [0; 4];
    proxy.read_exact(&mut head).await?;
    let [version, reply, _, kind] = head;
    if version != 5 {
        return Err(Refusal::Said("what answers is no SOCKS 5 proxy".to_owned()));
    }
    if reply != 0 {
        return Err(Refusal::Said(format!("the proxy answered: {}", reply_text(reply))));
    }
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(proxy.read_u8().await?),
        _ => return Err(Refusal::Said("the proxy's answer makes no sense".to_owned())),
    };
    // The address that the proxy connects from, and its port.
    let mut bound = vec![0; length + 2];
    proxy.read_exact(&mut bound).await?;
    Ok(())
}

/// The request to connect (section 4).
fn request(place: &Place<'_>, port: u16) -> Result<Vec<u8>, Refusal> {
    let mut request = vec![5, 1, 0];
    match place {
        Place::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Place::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Place::Name(name) => {
            let length = u8::try_from(name.len()).map_err(|_| Refusal::Said("the name is too long".to_owned()))?;
            request.extend([3, length]);
            request.extend(name.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// What a reply means (section 6).
fn reply_text(reply: u8) -> String {
    let text = match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        other => return format!("error {other}"),
    };
    text.to_owned()
}
