//! The echo request (RFC 792, RFC 4443), and its reply.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::socket::{getsockopt, sockopt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{PingAsk, PingFact};
use crate::errno::Errno;
use crate::network;
use crate::run::{Context, Teller, millis};
use crate::socket::connected_icmp;
use crate::wire::Fact;

/// The host that stands for the default gateway.
pub(crate) const GATEWAY: &str = "gateway";
/// How often a request is sent before the host is called silent.
const TRIES: u16 = 2;
/// Types of ICMP messages.
const ECHO_V4: u8 = 8;
const ECHO_REPLY_V4: u8 = 0;
const ECHO_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;
/// The length of the headers of an echo with those of IPv4.
const HEADERS_V4: u16 = 28;
/// The length of the header of an echo.
const HEADER: usize = 8;

/// Ask every address of the host at the same time and tell of each.
pub(crate) async fn look(ask: &PingAsk, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let addresses = if ask.host == GATEWAY {
        match gateway() {
            Ok(address) => vec![address],
            Err(reason) => return teller.unfinished(started, reason).await,
        }
    } else {
        context.addresses(&ask.host, teller).await
    };
    join_all(addresses.into_iter().map(|address| one(ask, address, context, teller))).await;
}

/// The next hop of the default route: IPv4's, or IPv6's where there is no other.
fn gateway() -> Result<IpAddr, String> {
    let routes = network::read()?.routes;
    let of_family = |v4: bool| {
        routes
            .iter()
            .filter(|route| route.destination.prefix == 0 && route.destination.address.is_ipv4() == v4)
            .min_by_key(|route| route.metric)
            .and_then(|route| route.gateway)
    };
    of_family(true).or_else(|| of_family(false)).ok_or_else(|| "there is no default route".to_owned())
}

async fn one(ask: &PingAsk, address: IpAddr, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let wait = context.fitting(Duration::from_millis(ask.timeout_ms));
    let mut fact =
        PingFact { host: ask.host.clone(), address, size: ask.size, replied: false, rtt_ms: None, errno: None };
    let echoed = match connected_icmp(address) {
        Ok(socket) => {
            if ask.fill {
                fact.size = filling(&socket).unwrap_or(ask.size);
            }
            echo(&socket, address, usize::from(fact.size), wait).await
        }
        Err(error) if matches!(Errno::from_io(&error), Errno::PermissionDenied | Errno::Other(_)) => {
            return teller.unfinished(started, format!("no ICMP socket: {error}")).await;
        }
        Err(error) => Err(error),
    };
    match echoed {
        Ok(rtt) => {
            fact.replied = rtt.is_some();
            fact.rtt_ms = rtt.map(millis);
        }
        Err(error) => fact.errno = Some(Errno::from_io(&error)),
    }
    teller.tell(started, Fact::Ping(fact)).await;
}

/// The payload with which a packet is as long as the way to the peer is known to carry; none for IPv6, whose packets no
/// router cuts.
fn filling(socket: &UdpSocket) -> Option<u16> {
    let mtu = getsockopt(socket, sockopt::IpMtu).ok()?;
    u16::try_from(mtu).ok()?.checked_sub(HEADERS_V4)
}

/// The round trip of the first echo that comes back within `wait`; none after silence.
async fn echo(socket: &UdpSocket, address: IpAddr, size: usize, wait: Duration) -> io::Result<Option<Duration>> {
    let mut sent_at = Vec::new();
    for sequence in 0..TRIES {
        sent_at.push(Instant::now());
        socket.send(&request(address, sequence, size)).await?;
        if let Ok(sequence) = timeout(wait / u32::from(TRIES), reply(socket, address)).await {
            let sent = sent_at.get(usize::from(sequence?));
            return Ok(sent.map(Instant::elapsed));
        }
    }
    Ok(None)
}

/// An echo request. The kernel fills in identifier and checksum.
fn request(address: IpAddr, sequence: u16, size: usize) -> Vec<u8> {
    let mut packet = vec![0; HEADER + size];
    packet[0] = if address.is_ipv4() { ECHO_V4 } else { ECHO_V6 };
    packet[6..HEADER].copy_from_slice(&sequence.to_be_bytes());
    packet
}

/// Wait for an echo reply to one of our requests, and give its sequence number.
async fn reply(socket: &UdpSocket, address: IpAddr) -> io::Result<u16> {
    let wanted = if address.is_ipv4() { ECHO_REPLY_V4 } else { ECHO_REPLY_V6 };
    let mut header = [0; HEADER];
    loop {
        let length = socket.recv(&mut header).await?;
        let sequence = u16::from_be_bytes([header[6], header[7]]);
        if length == HEADER && header[0] == wanted && sequence < TRIES {
            return Ok(sequence);
        }
    }
}
