//! The datagram, and what comes back.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{UdpAsk, UdpFact, UdpOutcome};
use crate::errno::Errno;
use crate::run::{Context, Teller};
use crate::socket::connected_udp;
use crate::wire::Fact;

/// How often a datagram is sent before the peer is called silent.
const TRIES: u32 = 2;
/// A DNS question for the A record of `localhost` (RFC 1035): most servers have an answer, and none must ask another.
const DNS_QUESTION: &[u8] = b"\xd1\x7e\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01";
/// The first byte of an NTP request: version 4, mode client (RFC 5905).
const NTP_CLIENT: u8 = 0x23;

/// Send a datagram to every address of the host at the same time and tell of each.
pub(crate) async fn look(ask: &UdpAsk, context: &Context, teller: &Teller<'_>) {
    let addresses = context.addresses(&ask.host, teller).await;
    let one = async |address: IpAddr| {
        let started = Instant::now();
        let wait = context.fitting(Duration::from_millis(ask.timeout_ms));
        let (outcome, errno) = match talk(SocketAddr::new(address, ask.port), wait).await {
            Ok(true) => (UdpOutcome::Replied, None),
            Ok(false) => (UdpOutcome::Silent, None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                (UdpOutcome::Refused, Some(Errno::ConnectionRefused))
            }
            Err(error) => (UdpOutcome::Failed, Some(Errno::from_io(&error))),
        };
        let fact = UdpFact { host: ask.host.clone(), address, port: ask.port, outcome, errno };
        teller.tell(started, Fact::Udp(fact)).await;
    };
    join_all(addresses.into_iter().map(one)).await;
}

/// Whether a datagram comes back within `wait`.
async fn talk(peer: SocketAddr, wait: Duration) -> io::Result<bool> {
    let socket = connected_udp(peer)?;
    let payload = payload(peer.port());
    for _ in 0..TRIES {
        socket.send(&payload).await?;
        if answered(&socket, wait / TRIES).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn answered(socket: &UdpSocket, wait: Duration) -> io::Result<bool> {
    let mut buffer = [0; 512];
    match timeout(wait, socket.recv(&mut buffer)).await {
        Ok(received) => received.map(|_| true),
        Err(_) => Ok(false),
    }
}

/// Something that the server of a well-known port answers, or else an empty line, which means nothing in any protocol.
fn payload(port: u16) -> Vec<u8> {
    match port {
        53 => DNS_QUESTION.to_vec(),
        123 => {
            let mut request = vec![0; 48];
            request[0] = NTP_CLIENT;
            request
        }
        _ => b"\r\n".to_vec(),
    }
}
