//! A connection on which a greeting is exchanged: bounded in time and in bytes.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::bytes::Heard;
use super::{GreetAsk, GreetingFact};
use crate::application::ApplicationProtocol;
use crate::errno::Errno;
use crate::run::millis;
use crate::tcp::{ConnectError, connect};
use crate::text::printable;
use crate::tls;

/// The most bytes of one answer. Greetings are short; a broker's list of its peers is the longest of them.
const MAX_HEARD: usize = 64 * 1024;
/// How many characters are kept of what was not expected.
const FIRST_CHARS: usize = 200;

/// Why an exchange ended before it was through.
#[derive(Debug)]
pub(super) enum Ended {
    /// There is no connection.
    NotConnected(Option<Errno>),
    /// This process could not have a socket, which says nothing about the network.
    NoSocket(io::Error),
    /// The time was over; whether some bytes came.
    Silent,
    /// The server closed the connection.
    Closed,
    /// The server reset the connection.
    Reset,
    /// What came is not what is spoken here.
    Foreign,
    /// The TLS handshake failed.
    Tls,
}

/// A connection, and what was heard on it and not used yet.
pub(super) struct Conversation {
    channel: Channel,
    pub(super) heard: Vec<u8>,
    pub(super) end: Instant,
}

/// What can be read and written.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

enum Channel {
    Plain(TcpStream),
    Secured(Box<dyn Stream>),
    Gone,
}

impl Conversation {
    /// Connects to `target`. How long that took goes into `fact`.
    pub(super) async fn open(target: SocketAddr, end: Instant, fact: &mut GreetingFact) -> Result<Self, Ended> {
        let started = Instant::now();
        let stream = connect(target, end.saturating_duration_since(started)).await.map_err(|error| match error {
            ConnectError::NoSocket(error) => Ended::NoSocket(error),
            ConnectError::TimedOut => Ended::NotConnected(Some(Errno::TimedOut)),
            ConnectError::Kernel(error) => Ended::NotConnected(Some(Errno::from_io(&error))),
        })?;
        fact.phases.tcp_ms.get_or_insert(millis(started.elapsed()));
        Ok(Self { channel: Channel::Plain(stream), heard: Vec::new(), end })
    }

    /// A conversation with a server that is played.
    #[cfg(feature = "fuzzing")]
    pub(super) fn played(server: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, end: Instant) -> Self {
        Self { channel: Channel::Secured(Box::new(server)), heard: Vec::new(), end }
    }

    /// Says something. That nobody takes it is seen where the answer is read: what a server said before it hung up is
    /// there to be read all the same.
    pub(super) async fn say(&mut self, bytes: &[u8]) {
        let end = self.end.into();
        match &mut self.channel {
            Channel::Plain(stream) => drop(timeout_at(end, stream.write_all(bytes)).await),
            Channel::Secured(stream) => {
                let said = async {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                };
                drop(timeout_at(end, said).await);
            }
            Channel::Gone => {}
        }
    }

    /// Reads until `parse` knows what it is. The bytes stay in [`Self::heard`].
    pub(super) async fn hear<T>(&mut self, parse: impl Fn(&[u8]) -> Heard<T>) -> Result<T, Ended> {
        loop {
            match parse(&self.heard) {
                Heard::Got(told) => return Ok(told),
                Heard::Foreign => return Err(Ended::Foreign),
                Heard::More if self.heard.len() >= MAX_HEARD => return Err(Ended::Foreign),
                Heard::More => self.read().await?,
            }
        }
    }

    /// Reads once more.
    async fn read(&mut self) -> Result<(), Ended> {
        let mut bytes = [0; 4096];
        let read = match &mut self.channel {
            Channel::Plain(stream) => timeout_at(self.end.into(), stream.read(&mut bytes)).await,
            Channel::Secured(stream) => timeout_at(self.end.into(), stream.read(&mut bytes)).await,
            Channel::Gone => return Err(Ended::Closed),
        };
        match read {
            Err(_) => Err(Ended::Silent),
            Ok(Ok(0)) => Err(Ended::Closed),
            Ok(Ok(length)) => {
                self.heard.extend_from_slice(bytes.get(..length).unwrap_or_default());
                Ok(())
            }
            Ok(Err(error)) if Errno::from_io(&error) == Errno::ConnectionReset => Err(Ended::Reset),
            // An alert after the handshake, as of a server that wants a certificate from its client (RFC 8446, 4.4.2.4).
            Ok(Err(_)) => Err(Ended::Closed),
        }
    }

    /// Forgets what was heard, before the next answer is read.
    pub(super) fn forget(&mut self) {
        self.heard.clear();
    }

    /// Shakes hands. What the server showed goes into `fact`. What it said in plain text before is dropped, for it may have
    /// been put there by others (CVE-2011-0411).
    pub(super) async fn secure(&mut self, ask: &GreetAsk, fact: &mut GreetingFact) -> Result<(), Ended> {
        self.forget();
        let Channel::Plain(stream) = std::mem::replace(&mut self.channel, Channel::Gone) else { return Ok(()) };
        let started = Instant::now();
        let wait = self.end.saturating_duration_since(started).max(Duration::from_millis(1));
        let protocols: &[&str] = if ask.application.protocol == ApplicationProtocol::Http2 { &["h2"] } else { &[] };
        let trust = tls::Trust {
            and_mozilla: ask.and_mozilla,
            verify: ask.application.verify,
            protocols,
            ..tls::Trust::from(ask.ca_bundle.as_deref())
        };
        let shaken = tls::handshake(stream, &ask.host, trust, wait).await;
        fact.phases.tls_ms = Some(millis(started.elapsed()));
        fact.tls = Some(shaken.fact);
        match shaken.stream {
            Ok(stream) => {
                self.channel = Channel::Secured(Box::new(stream));
                Ok(())
            }
            Err(failure) => {
                fact.tls_failure = Some(failure.reason);
                Err(Ended::Tls)
            }
        }
    }

    /// The first bytes of what was heard, for people; none where nothing was.
    pub(super) fn first(&self) -> Option<String> {
        (!self.heard.is_empty()).then(|| printable(&self.heard, FIRST_CHARS))
    }
}
