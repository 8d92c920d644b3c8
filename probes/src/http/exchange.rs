//! The phases of a request, one after the other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use hyper::{Request, Version};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::keep::{MAX_VALUE, body_start, headers};
use super::proxy::{Place, Refusal};
use super::stream::{Stream, Watched};
use super::{HttpAsk, HttpFact, HttpFailure, HttpPhase, Target, ViaKind, h2, proxy};
use crate::application::Verify;
use crate::errno::Errno;
use crate::run::{Context, Teller, millis};
use crate::tcp::{ConnectError, connect};
use crate::text::printable;
use crate::tls::{self, TlsFact, TlsFault, Trust};
use crate::wire::Fact;

/// The most that the head of an answer may take (the reader's buffer), in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How long the start of the body is waited for once the head is there.
const BODY_WAIT: Duration = Duration::from_secs(1);
/// What a WebSocket is asked for with. The answer to it is not looked at, so it need not be random (RFC 6455, section 4.1).
const WEBSOCKET_KEY: &str = "ZHByb2JlIGFza3MgeW91IQ==";

/// Make the request and tell how far it came.
pub(crate) async fn look(ask: &HttpAsk, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let target = match Target::parse(&ask.url) {
        Ok(target) => target,
        Err(reason) => return teller.unfinished(started, reason).await,
    };
    let mut fact = HttpFact {
        url: printable(target.shown.as_bytes(), 2000),
        via: ask.via.clone(),
        host_header: ask.host_header.as_ref().map(|header| printable(header.as_bytes(), MAX_VALUE)),
        server_name: ask.server_name.as_ref().map(|name| printable(name.as_bytes(), MAX_VALUE)),
        unverified: ask.unverified,
        ..HttpFact::default()
    };
    let host = ask.via.as_ref().map_or(&target.host, |via| &via.host);
    let addresses = context.addresses(host, teller).await;
    // A client of SOCKS 5 looks the target's name up, the proxy is told an address.
    let behind = match &ask.via {
        Some(via) if via.kind == ViaKind::Socks5 => context.addresses(&target.host, teller).await.first().copied(),
        _ => None,
    };
    if host.parse::<IpAddr>().is_err() {
        fact.phases.dns_ms = Some(millis(started.elapsed()));
    }
    // The lookup has a time of its own: seconds of DNS are no fault of the server.
    let end = Instant::now() + context.fitting(Duration::from_millis(ask.timeout_ms));
    let exchange = Exchange { ask, target: &target, addresses: &addresses, behind, end };
    if let Err(failure) = exchange.make(&mut fact).await {
        fact.failure = Some(failure);
    }
    teller.tell(started, Fact::Http(fact)).await;
}

/// A request in the making.
pub(crate) struct Exchange<'a> {
    pub(crate) ask: &'a HttpAsk,
    pub(crate) target: &'a Target,
    /// Of the target, or of the proxy before it.
    pub(crate) addresses: &'a [IpAddr],
    /// Of the target, where a proxy wants to be told it.
    pub(crate) behind: Option<IpAddr>,
    pub(crate) end: Instant,
}

impl Exchange<'_> {
    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    async fn make(&self, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        if self.addresses.is_empty() {
            return Err(failure(HttpPhase::Dns, "the name has no address"));
        }
        let refused = match self.request_by("http/1.1", fact).await {
            Err(failure) if Self::speaks_h2_only(fact) => failure,
            Err(failure) => {
                self.ask_for_old(fact).await;
                return Err(failure);
            }
            Ok(()) => return Ok(()),
        };
        // The server is asked once more in the only language that it seems to know.
        let (status, first) = (fact.status, fact.first_bytes.clone());
        self.request_by("h2", fact).await.map_err(|again| {
            fact.status = status;
            fact.first_bytes = first;
            if again.phase < refused.phase { refused } else { again }
        })
    }

    /// Whether the answer to a request of HTTP/1.1 was one of HTTP/2, or none but that the handshake offered the wrong
    /// protocol.
    fn speaks_h2_only(fact: &HttpFact) -> bool {
        let refused = |tls: &TlsFact| tls.faults.contains(&TlsFault::NoCommonProtocol);
        fact.version.as_deref() == Some("HTTP/2") || fact.tls.as_ref().is_some_and(refused)
    }

    /// Where the server wants none of the versions and ciphers of today, learn which of old it speaks.
    async fn ask_for_old(&self, fact: &mut HttpFact) {
        let unsuited = |fault: &TlsFault| matches!(fault, TlsFault::VersionRefused | TlsFault::NoCommonCipher);
        if self.ask.via.is_some() || !fact.tls.as_ref().is_some_and(|tls| tls.faults.iter().any(unsuited)) {
            return;
        }
        let phases = fact.phases.clone();
        let stream = self.connect(fact).await;
        fact.phases = phases;
        if let (Ok(mut stream), Some(tls)) = (stream, &mut fact.tls) {
            tls.old = tls::old_hello(&mut stream, &self.target.host, self.left()).await;
        }
    }

    async fn request_by(&self, protocol: &str, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let tcp = self.connect(fact).await?;
        let mut stream: Stream = Box::new(tcp);
        if let Some(via) = &self.ask.via {
            if via.kind == ViaKind::Https {
                stream = self.secure_proxy(stream, &via.host).await?;
            }
            if self.is_tunnelled(via.kind) {
                self.tunnel(&mut stream, via.kind, fact).await?;
            }
        }
        if self.target.tls {
            stream = self.secure(stream, protocol, fact).await?;
        }
        self.request(stream, protocol, fact).await
    }

    /// Whether the proxy only makes a connection. Requests for http it makes itself, where it is one of HTTP; a WebSocket goes
    /// through a tunnel (RFC 6455, section 4.1).
    fn is_tunnelled(&self, kind: ViaKind) -> bool {
        kind.is_socks() || self.target.tls || self.target.websocket
    }

    /// Connect to the first address that takes the connection, as most programs do.
    async fn connect(&self, fact: &mut HttpFact) -> Result<TcpStream, HttpFailure> {
        let mut last = timed_out(HttpPhase::Tcp);
        for (index, address) in self.addresses.iter().enumerate() {
            let to_try = u32::try_from(self.addresses.len() - index).unwrap_or(1);
            let started = Instant::now();
            fact.address = Some(*address);
            let port = self.ask.via.as_ref().map_or(self.target.port, |via| via.port);
            let connected = connect(SocketAddr::new(*address, port), self.left() / to_try).await;
            match connected {
                Ok(stream) => {
                    fact.phases.tcp_ms = Some(millis(started.elapsed()));
                    return Ok(stream);
                }
                Err(ConnectError::TimedOut) => last = timed_out(HttpPhase::Tcp),
                Err(ConnectError::Kernel(error) | ConnectError::NoSocket(error)) => {
                    last = io_failure(HttpPhase::Tcp, &error);
                }
            }
        }
        Err(last)
    }

    /// Shake hands with the proxy itself.
    async fn secure_proxy(&self, stream: Stream, host: &str) -> Result<Stream, HttpFailure> {
        let trust = Trust { and_mozilla: self.ask.and_mozilla, ..Trust::from(self.ask.ca_bundle.as_deref()) };
        match tls::handshake(stream, host, trust, self.left()).await.stream {
            Ok(stream) => Ok(Box::new(stream)),
            Err(tls::Failure { reason, errno }) => {
                let reason = format!("TLS with the proxy: {reason}");
                Err(HttpFailure { errno, ..failure(HttpPhase::Proxy, &reason) })
            }
        }
    }

    /// Have the proxy connect to the target.
    pub(crate) async fn tunnel(
        &self,
        stream: &mut Stream,
        kind: ViaKind,
        fact: &mut HttpFact,
    ) -> Result<(), HttpFailure> {
        let Target { host, port, .. } = self.target;
        let place = match (host.parse().ok().or(self.behind), kind) {
            (Some(address), _) => Place::Address(address),
            (None, ViaKind::Socks5) => return Err(failure(HttpPhase::Dns, "the target's name has no address")),
            (None, _) => Place::Name(host),
        };
        let asked = async {
            if kind.is_socks() {
                proxy::socks(stream, &place, *port).await
            } else {
                proxy::connect(stream, host, *port).await
            }
        };
        match timeout(self.left(), asked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Refusal::Io(error))) => Err(io_failure(HttpPhase::Proxy, &error)),
            Ok(Err(Refusal::Status(status, reason))) => {
                fact.status = Some(status);
                Err(failure(HttpPhase::Proxy, &reason))
            }
            Ok(Err(Refusal::Login)) => {
                // What an HTTP proxy would answer in its place.
                fact.status = Some(407);
                Err(failure(HttpPhase::Proxy, "the proxy wants user and password"))
            }
            Ok(Err(Refusal::Said(reason))) => Err(failure(HttpPhase::Proxy, &reason)),
            Err(_) => Err(timed_out(HttpPhase::Proxy)),
        }
    }

    async fn secure(&self, stream: Stream, protocol: &str, fact: &mut HttpFact) -> Result<Stream, HttpFailure> {
        let started = Instant::now();
        let trust = Trust {
            and_mozilla: self.ask.and_mozilla,
            server_name: self.ask.server_name.as_deref(),
            verify: if self.ask.unverified { Verify::Nothing } else { Verify::Full },
            protocols: &[protocol],
            ..Trust::from(self.ask.ca_bundle.as_deref())
        };
        let shaken = tls::handshake(stream, &self.target.host, trust, self.left()).await;
        fact.tls = Some(shaken.fact);
        match shaken.stream {
            Ok(stream) => {
                fact.phases.tls_ms = Some(millis(started.elapsed()));
                Ok(Box::new(stream))
            }
            Err(tls::Failure { reason, errno }) => Err(HttpFailure { phase: HttpPhase::Tls, reason, errno }),
        }
    }

    pub(crate) async fn request(&self, stream: Stream, protocol: &str, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let started = Instant::now();
        let (stream, noticed) = Watched::new(stream);
        let answered = if protocol == "h2" {
            timeout(self.left(), self.talk_h2(stream, fact)).await
        } else {
            timeout(self.left(), self.talk(stream, fact)).await
        };
        let noticed = noticed.lock().unwrap_or_else(PoisonError::into_inner);
        fact.phases.first_byte_ms = noticed.at.map(|moment| millis(moment.duration_since(started)));
        let answered = answered.unwrap_or_else(|_| Err(timed_out(HttpPhase::Http)));
        if answered.is_err() && fact.status.is_none() && !noticed.first.is_empty() {
            fact.first_bytes = Some(printable(&noticed.first, noticed.first.len()));
            if h2::begins(&noticed.first) {
                fact.version = Some("HTTP/2".to_owned());
            }
        }
        answered
    }

    async fn talk_h2(&self, mut stream: Watched, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let Target { tls, authority, path, .. } = self.target;
        let authority = self.ask.host_header.as_ref().unwrap_or(authority);
        let status = h2::status(&mut stream, *tls, authority, path).await;
        fact.version = Some("HTTP/2".to_owned());
        fact.status = Some(status.map_err(|error| io_failure(HttpPhase::Http, &error))?);
        Ok(())
    }

    fn head(&self) -> Result<Request<Empty<Bytes>>, HttpFailure> {
        // To a proxy the whole URL is sent (RFC 9112, 3.2.2); in a tunnel the proxy is out of the way.
        let through = self.ask.via.as_ref().is_some_and(|via| !self.is_tunnelled(via.kind));
        let wanted = if through { self.target.absolute() } else { self.target.path.clone() };
        let request = Request::get(wanted)
            .header(HOST, self.ask.host_header.as_ref().unwrap_or(&self.target.authority))
            .header(USER_AGENT, concat!("dprobe/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity");
        let request = if self.target.websocket {
            request
                .header(CONNECTION, "Upgrade")
                .header(UPGRADE, "websocket")
                .header(SEC_WEBSOCKET_VERSION, "13")
                .header(SEC_WEBSOCKET_KEY, WEBSOCKET_KEY)
        } else {
            request.header(CONNECTION, "close")
        };
        request.body(Empty::new()).map_err(|error| failure(HttpPhase::Http, &error.to_string()))
    }

    async fn talk(&self, stream: Watched, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| hyper_failure(&error, fact))?;
        let request = self.head()?;
        // The connection makes progress while the answer is waited for, and ends with it.
        let connection = async {
            let _ = connection.await;
            std::future::pending::<()>().await;
        };
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| hyper_failure(&error, fact))?;
            fact.status = Some(response.status().as_u16());
            fact.version = Some(version_name(response.version()));
            fact.headers = headers(response.headers());
            let wait = BODY_WAIT.min(self.left());
            fact.body_start = body_start(response.into_body(), &self.target.path, wait).await;
            Ok(())
        };
        tokio::select! {
            biased;
            answered = answer => answered,
            () = connection => Ok(()),
        }
    }
}

fn version_name(version: Version) -> String {
    match version {
        Version::HTTP_10 => "HTTP/1.0".to_owned(),
        _ => "HTTP/1.1".to_owned(),
    }
}

const TIMED_OUT: &str = "no answer before the timeout";
const CLOSED: &str = "the server closed the connection without a whole answer";

fn failure(phase: HttpPhase, reason: &str) -> HttpFailure {
    HttpFailure { phase, reason: printable(reason.as_bytes(), MAX_VALUE), errno: None }
}

fn timed_out(phase: HttpPhase) -> HttpFailure {
    HttpFailure { errno: Some(Errno::TimedOut), ..failure(phase, TIMED_OUT) }
}

fn io_failure(phase: HttpPhase, error: &io::Error) -> HttpFailure {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection was closed in the middle of an answer",
        io::ErrorKind::ConnectionRefused => "the connection was refused",
        // Which of them it is depends on what was on its way when the server closed it.
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe if phase == HttpPhase::Http => CLOSED,
        io::ErrorKind::ConnectionReset => "the connection was reset",
        io::ErrorKind::BrokenPipe => "the connection was closed before the whole request was sent",
        io::ErrorKind::HostUnreachable => "the host is unreachable",
        io::ErrorKind::NetworkUnreachable => "the network is unreachable",
        _ => &error.to_string(),
    };
    HttpFailure { errno, ..failure(phase, reason) }
}

/// What went wrong, in words that need no knowledge of the library. An alert that the server sent in place of an answer is
/// one more fault of the handshake.
fn hyper_failure(error: &hyper::Error, fact: &mut HttpFact) -> HttpFailure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    if let (Some(cause), Some(tls)) = (cause, &mut fact.tls)
        && let Some(fault) = tls::alert_in(cause, tls)
    {
        let reason = fault.to_string();
        tls.problem = Some(reason.clone());
        tls.faults.insert(0, fault);
        return failure(HttpPhase::Tls, &reason);
    }
    if let Some(cause) = cause.filter(|cause| cause.raw_os_error().is_some()) {
        return io_failure(HttpPhase::Http, cause);
    }
    // The client side of hyper tells this one by its text alone.
    let reason = if error.is_parse() && error.to_string().contains("too large") {
        format!("the head of the answer is larger than {MAX_HEAD} bytes or has too many headers")
    } else if error.is_parse() {
        "the answer is not HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        CLOSED.to_owned()
    } else {
        error.to_string()
    };
    failure(HttpPhase::Http, &reason)
}
