//! The connect itself, and the watch after it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{AfterConnect, TcpAsk, TcpFact, TcpOutcome};
use crate::errno::Errno;
use crate::run::{Context, Teller, millis};
use crate::text::printable;
use crate::wire::Fact;

/// How much of what a peer says first is read, and how many characters of it are kept.
const FIRST_BYTES: usize = 512;
const FIRST_CHARS: usize = 200;

/// Connect to every address of the host at the same time and tell of each.
pub(crate) async fn look(ask: &TcpAsk, context: &Context, teller: &Teller<'_>) {
    let addresses = context.addresses(&ask.host, teller).await;
    let one = async |address: IpAddr| {
        let started = Instant::now();
        match dial(ask, address, context).await {
            Ok(fact) => teller.tell(started, Fact::TcpConnect(fact)).await,
            Err(error) => teller.unfinished(started, format!("no socket for {address}: {error}")).await,
        }
    };
    join_all(addresses.into_iter().map(one)).await;
}

/// Dial one address. An error means that there was no socket to dial with, which says nothing about the network.
async fn dial(ask: &TcpAsk, address: IpAddr, context: &Context) -> io::Result<TcpFact> {
    let target = SocketAddr::new(address, ask.port);
    let wait = context.fitting(Duration::from_millis(ask.timeout_ms));
    let started = Instant::now();
    let connected = connect(target, wait).await;
    let mut fact = TcpFact {
        host: ask.host.clone(),
        address,
        port: ask.port,
        outcome: TcpOutcome::Connected,
        errno: None,
        connect_ms: millis(started.elapsed()),
        local: None,
        after: None,
    };
    match connected {
        Ok(mut stream) => {
            fact.local = stream.local_addr().ok();
            if ask.watch_ms > 0 {
                let watched = context.fitting(Duration::from_millis(ask.watch_ms));
                fact.after = Some(watch(&mut stream, watched).await);
            }
        }
        Err(ConnectError::NoSocket(error)) => return Err(error),
        Err(ConnectError::TimedOut) => fact.outcome = TcpOutcome::TimedOut,
        // A reset answers no SYN (that would be "refused"): the handshake was completed, and the reset overtook the news.
        Err(ConnectError::Kernel(error)) if Errno::from_io(&error) == Errno::ConnectionReset => {
            fact.after = Some(AfterConnect::Reset { after_ms: 0.0 });
        }
        Err(ConnectError::Kernel(error)) => {
            let errno = Errno::from_io(&error);
            fact.outcome = outcome_of(errno);
            fact.errno = Some(errno);
        }
    }
    Ok(fact)
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// This process could not have a socket.
    NoSocket(io::Error),
    /// Nothing came back in time.
    TimedOut,
    /// What the kernel said.
    Kernel(io::Error),
}

/// Connect to `target` within `wait`.
pub(crate) async fn connect(target: SocketAddr, wait: Duration) -> Result<TcpStream, ConnectError> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = match socket {
        Ok(socket) => socket,
        // A namespace without the family is an answer, not a lack of sockets.
        Err(error) if Errno::from_io(&error) == Errno::FamilyNotSupported => return Err(ConnectError::Kernel(error)),
        Err(error) => return Err(ConnectError::NoSocket(error)),
    };
    match timeout(wait, socket.connect(target)).await {
        Err(_) => Err(ConnectError::TimedOut),
        Ok(Err(error)) => Err(ConnectError::Kernel(error)),
        // A port that nobody serves on this very host can be drawn as the source port, and the socket then meets itself
        // (RFC 9293, simultaneous open).
        Ok(Ok(stream)) if stream.local_addr().ok() == Some(target) => {
            Err(ConnectError::Kernel(io::Error::from_raw_os_error(Errno::ConnectionRefused.raw())))
        }
        Ok(Ok(stream)) => Ok(stream),
    }
}

pub(crate) fn outcome_of(errno: Errno) -> TcpOutcome {
    match errno {
        Errno::ConnectionRefused => TcpOutcome::Refused,
        Errno::TimedOut => TcpOutcome::TimedOut,
        Errno::HostUnreachable => TcpOutcome::HostUnreachable,
        Errno::NetworkUnreachable => TcpOutcome::NetworkUnreachable,
        _ => TcpOutcome::Failed,
    }
}

async fn watch(stream: &mut TcpStream, time: Duration) -> AfterConnect {
    let started = Instant::now();
    let mut first = [0; FIRST_BYTES];
    let read = timeout(time, stream.read(&mut first)).await;
    let after_ms = millis(started.elapsed());
    match read {
        Err(_) => AfterConnect::Silent,
        Ok(Ok(0)) => AfterConnect::Closed { after_ms },
        Ok(Ok(length)) => {
            AfterConnect::Spoke { first: printable(first.get(..length).unwrap_or_default(), FIRST_CHARS) }
        }
        Ok(Err(_)) => AfterConnect::Reset { after_ms },
    }
}
