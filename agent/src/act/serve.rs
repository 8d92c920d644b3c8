//! Opens sockets and serves them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::spec::{Listen, Manner, Transport};
use super::{dns, kafka, mongodb, say};

/// The longest head of an HTTP request that is read.
const MAX_HEAD: usize = 16 * 1024;

/// The answer to a request that is not liked.
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A socket that is open.
pub(super) enum Opened {
    /// It listens.
    Tcp(TcpListener),
    /// It is bound.
    Udp(UdpSocket),
}

/// Opens what a spec asks for, and says so in the log.
pub(super) fn open(listen: &Listen) -> Result<Vec<Opened>, String> {
    let mut opened = Vec::new();
    if listen.transport != Transport::Udp {
        let socket = tcp(listen).map_err(|error| format!("cannot listen on tcp {}: {error}", listen.address))?;
        say(&format!("listening on tcp {}", listen.address));
        opened.push(Opened::Tcp(socket));
    }
    if listen.transport != Transport::Tcp {
        let socket = udp(listen).map_err(|error| format!("cannot listen on udp {}: {error}", listen.address))?;
        say(&format!("listening on udp {}", listen.address));
        opened.push(Opened::Udp(socket));
    }
    Ok(opened)
}

fn tcp(listen: &Listen) -> io::Result<TcpListener> {
    let socket = bound(listen, Type::STREAM, Protocol::TCP)?;
    socket.listen(listen.backlog)?;
    TcpListener::from_std(socket.into())
}

fn udp(listen: &Listen) -> io::Result<UdpSocket> {
    UdpSocket::from_std(bound(listen, Type::DGRAM, Protocol::UDP)?.into())
}

fn bound(listen: &Listen, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(listen.address), kind, Some(protocol))?;
    if listen.address.is_ipv6() {
        // Said either way, for the default is a sysctl of the namespace (net.ipv6.bindv6only).
        socket.set_only_v6(listen.v6_only)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&listen.address.into())?;
    Ok(socket)
}

/// Serves a socket for ever.
pub(super) async fn run(socket: Opened, manner: Manner) -> Result<(), String> {
    match socket {
        Opened::Tcp(_held) if manner == Manner::Hang => std::future::pending().await,
        Opened::Tcp(listener) => loop {
            match listener.accept().await {
                Ok((stream, peer)) => drop(tokio::spawn(converse(stream, peer, manner.clone()))),
                // Out of descriptors, most likely: the connections at hand have to end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        },
        Opened::Udp(socket) => {
            let socket = Arc::new(socket);
            let mut datagram = vec![0; 64 * 1024];
            loop {
                // An ICMP error that came back for an earlier answer; the socket itself is sound.
                let Ok((length, peer)) = socket.recv_from(&mut datagram).await else { continue };
                let reply = match &manner {
                    Manner::Greet(text) => Some(text.clone()),
                    Manner::Echo => Some(datagram[..length].to_vec()),
                    Manner::Dns(zone) => {
                        let reply = dns::answer(&datagram[..length], zone);
                        if zone.truncate { reply.map(dns::truncated) } else { reply }
                    }
                    _ => None,
                };
                if let (Manner::Dns(zone), Some(reply)) = (&manner, &reply)
                    && !zone.slow.is_zero()
                {
                    let (socket, reply, slow) = (Arc::clone(&socket), reply.clone(), zone.slow);
                    tokio::spawn(async move {
                        tokio::time::sleep(slow).await;
                        let _ = socket.send_to(&reply, peer).await;
                    });
                    continue;
                }
                if let Some(reply) = reply {
                    let _ = socket.send_to(&reply, peer).await;
                }
            }
        }
    }
}

/// One connection, to its end. What goes wrong on it is the peer's business.
async fn converse(mut stream: TcpStream, peer: SocketAddr, manner: Manner) -> io::Result<()> {
    match &manner {
        Manner::Close => return Ok(()),
        Manner::Reset => return SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
        Manner::Http(reply) => return http(&mut stream, reply, None).await,
        Manner::HttpUnless { host, reply } => return http(&mut stream, reply, Some(host)).await,
        Manner::Dns(zone) => return dns_over_tcp(&mut stream, zone).await,
        Manner::Greet(text) => stream.write_all(text).await?,
        Manner::Redis { protected: true } if !peer.ip().to_canonical().is_loopback() => {
            return stream.write_all(b"-DENIED Redis is running in protected mode\r\n").await;
        }
        _ => {}
    }
    let mut bytes = [0; 4096];
    loop {
        let length = stream.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        match manner {
            Manner::Echo => stream.write_all(&bytes[..length]).await?,
            Manner::Redis { .. } => stream.write_all(b"+PONG\r\n").await?,
            // SSLRequest and GSSENCRequest are eight bytes; `N` is the answer of a server without TLS (PostgreSQL's
            // protocol documentation, message formats).
            Manner::Postgres if length == 8 => stream.write_all(b"N").await?,
            // A start-up message: it wants a password (AuthenticationSASL).
            Manner::Postgres if length > 8 => stream.write_all(b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0").await?,
            Manner::Mongodb(ref hosts) => stream.write_all(&mongodb::answer(&bytes[..length], hosts)).await?,
            Manner::Kafka(ref brokers) => stream.write_all(&kafka::answer(&bytes[..length], brokers)).await?,
            _ => {}
        }
    }
}

/// Reads the head of one request, answers, and closes in an orderly way. Requests for a host with `not_host` in it are
/// rejected.
async fn http(stream: &mut TcpStream, reply: &[u8], not_host: Option<&str>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") && head.len() < MAX_HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let rejected = not_host.is_some_and(|host| host_header(&head).contains(host));
    stream.write_all(if rejected { BAD_REQUEST } else { reply }).await?;
    stream.shutdown().await?;
    // What is left of the request is read, for closing with unread bytes would reset the connection.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// The value of the `Host` header in the head of a request; empty where it has none.
fn host_header(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("host:")).unwrap_or_default().trim().to_owned()
}

/// DNS messages over TCP have their length before them (RFC 1035, section 4.2.2).
async fn dns_over_tcp(stream: &mut TcpStream, zone: &super::spec::Zone) -> io::Result<()> {
    loop {
        let mut query = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut query).await?;
        if let Some(reply) = dns::answer(&query, zone) {
            tokio::time::sleep(zone.slow).await;
            stream.write_u16(u16::try_from(reply.len()).unwrap_or(u16::MAX)).await?;
            stream.write_all(&reply).await?;
        }
    }
}
