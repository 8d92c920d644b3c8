//! The phases of a request, one after the other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, HeaderMap, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stream::{Stream, Watched};
use super::{HttpAsk, HttpFact, HttpFailure, HttpHeader, HttpPhase, HttpPhases, Target};
use crate::errno::Errno;
use crate::run::{Context, Teller, millis};
use crate::tcp::{ConnectError, connect};
use crate::text::printable;
use crate::tls;
use crate::wire::Fact;

/// The most that the head of an answer may take (the reader's buffer), in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The same for what a proxy says before it gets out of the way.
const MAX_TUNNEL_HEAD: usize = 8 * 1024;
/// Bounds of what is kept of an answer.
const MAX_HEADERS: usize = 64;
const MAX_VALUE: usize = 200;
const MAX_BODY_BYTES: usize = 4096;
const MAX_BODY_CHARS: usize = 300;
/// How long the start of the body is waited for once the head is there.
const BODY_WAIT: Duration = Duration::from_secs(1);
/// Headers that hold secrets. Names that speak of one are left out as well.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "authentication-info", "cookie", "proxy-authorization", "set-cookie", "set-cookie2"];
const SECRET_WORDS: [&str; 5] = ["token", "secret", "api-key", "apikey", "session"];

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
        address: None,
        phases: HttpPhases::default(),
        status: None,
        headers: Vec::new(),
        body_start: None,
        tls: None,
        failure: None,
    };
    let host = ask.via.as_ref().map_or(&target.host, |via| &via.host);
    let addresses = context.addresses(host, teller).await;
    if host.parse::<IpAddr>().is_err() {
        fact.phases.dns_ms = Some(millis(started.elapsed()));
    }
    // The lookup has a time of its own: seconds of DNS are no fault of the server.
    let end = Instant::now() + context.fitting(Duration::from_millis(ask.timeout_ms));
    let exchange = Exchange { ask, target: &target, end };
    if let Err(failure) = exchange.make(&addresses, &mut fact).await {
        fact.failure = Some(failure);
    }
    teller.tell(started, Fact::Http(fact)).await;
}

pub(crate) struct Exchange<'a> {
    pub(crate) ask: &'a HttpAsk,
    pub(crate) target: &'a Target,
    pub(crate) end: Instant,
}

impl Exchange<'_> {
    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    async fn make(&self, addresses: &[IpAddr], fact: &mut HttpFact) -> Result<(), HttpFailure> {
        if addresses.is_empty() {
            return Err(failure(HttpPhase::Dns, "the name has no address"));
        }
        let mut tcp = self.connect(addresses, fact).await?;
        if self.ask.via.is_some() && self.target.tls {
            self.tunnel(&mut tcp, fact).await?;
        }
        let stream = if self.target.tls { self.secure(tcp, fact).await? } else { Stream::Plain(tcp) };
        self.request(stream, fact).await
    }

    /// Connect to the first address that takes the connection, as most programs do.
    async fn connect(&self, addresses: &[IpAddr], fact: &mut HttpFact) -> Result<TcpStream, HttpFailure> {
        let mut last = timed_out(HttpPhase::Tcp);
        for (index, address) in addresses.iter().enumerate() {
            let to_try = u32::try_from(addresses.len() - index).unwrap_or(1);
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

    /// Have the proxy connect to the target.
    pub(crate) async fn tunnel(
        &self,
        tcp: &mut (impl AsyncRead + AsyncWrite + Unpin),
        fact: &mut HttpFact,
    ) -> Result<(), HttpFailure> {
        let Target { host, port, .. } = self.target;
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        let answer = async {
            tcp.write_all(request.as_bytes()).await?;
            let mut head = Vec::new();
            // A byte at a time, for what follows the head is the target's.
            while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_TUNNEL_HEAD {
                head.push(tcp.read_u8().await?);
            }
            Ok(head)
        };
        let head = match timeout(self.left(), answer).await {
            Ok(Ok(head)) => head,
            Ok(Err(error)) => return Err(io_failure(HttpPhase::Proxy, &error)),
            Err(_) => return Err(timed_out(HttpPhase::Proxy)),
        };
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default();
        match line.split_whitespace().nth(1).and_then(|status| status.parse().ok()) {
            Some(200..=299) if line.starts_with("HTTP/") => Ok(()),
            Some(status) if line.starts_with("HTTP/") => {
                fact.status = Some(status);
                Err(failure(HttpPhase::Proxy, &format!("the proxy answered `{line}`")))
            }
            _ => Err(failure(HttpPhase::Proxy, "what answers is no HTTP proxy")),
        }
    }

    async fn secure(&self, tcp: TcpStream, fact: &mut HttpFact) -> Result<Stream, HttpFailure> {
        let started = Instant::now();
        let shaken = tls::handshake(tcp, &self.target.host, self.ask.ca_bundle.as_deref(), self.left()).await;
        fact.tls = Some(shaken.fact);
        match shaken.stream {
            Ok(stream) => {
                fact.phases.tls_ms = Some(millis(started.elapsed()));
                Ok(Stream::Tls(Box::new(stream)))
            }
            Err(tls::Failure { reason, errno }) => Err(HttpFailure { phase: HttpPhase::Tls, reason, errno }),
        }
    }

    pub(crate) async fn request(&self, stream: Stream, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let started = Instant::now();
        let (stream, first_byte) = Watched::new(stream);
        let answered = timeout(self.left(), self.talk(stream, fact)).await;
        fact.phases.first_byte_ms = first_byte.get().map(|moment| millis(moment.duration_since(started)));
        match answered {
            Ok(answered) => answered,
            Err(_) => Err(timed_out(HttpPhase::Http)),
        }
    }

    async fn talk(&self, stream: Watched, fact: &mut HttpFact) -> Result<(), HttpFailure> {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| hyper_failure(&error))?;
        // To a proxy the whole URL is sent (RFC 9112, 3.2.2); in a tunnel the proxy is out of the way.
        let through = self.ask.via.is_some() && !self.target.tls;
        let wanted = if through { &self.target.shown } else { &self.target.path };
        let request = Request::get(wanted)
            .header(HOST, self.ask.host_header.as_ref().unwrap_or(&self.target.authority))
            .header(USER_AGENT, concat!("dprobe/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| failure(HttpPhase::Http, &error.to_string()))?;
        // The connection makes progress while the answer is waited for, and ends with it.
        let connection = async {
            let _ = connection.await;
            std::future::pending::<()>().await;
        };
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| hyper_failure(&error))?;
            read_head(&response, fact);
            fact.body_start = body_start(response.into_body(), BODY_WAIT.min(self.left())).await;
            Ok(())
        };
        tokio::select! {
            biased;
            answered = answer => answered,
            () = connection => Ok(()),
        }
    }
}

fn read_head(response: &Response<Incoming>, fact: &mut HttpFact) {
    fact.status = Some(response.status().as_u16());
    fact.headers = headers(response.headers());
}

fn headers(all: &HeaderMap) -> Vec<HttpHeader> {
    all.iter()
        .filter(|(name, _)| !is_secret(name.as_str()))
        .take(MAX_HEADERS)
        .map(|(name, value)| HttpHeader {
            name: printable(name.as_str().as_bytes(), MAX_VALUE),
            value: printable(value.as_bytes(), MAX_VALUE),
        })
        .collect()
}

fn is_secret(name: &str) -> bool {
    SECRET_HEADERS.contains(&name) || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The start of the body, or what came of it before the wait was over or the connection broke.
async fn body_start(mut body: Incoming, wait: Duration) -> Option<String> {
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < MAX_BODY_BYTES {
            let Some(Ok(frame)) = body.frame().await else { break };
            if let Some(data) = frame.data_ref() {
                let room = MAX_BODY_BYTES - bytes.len();
                bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            }
        }
    };
    let _ = timeout(wait, read).await;
    (!bytes.is_empty()).then(|| printable(&bytes, MAX_BODY_CHARS))
}

const TIMED_OUT: &str = "no answer before the timeout";

fn failure(phase: HttpPhase, reason: &str) -> HttpFailure {
    HttpFailure { phase, reason: printable(reason.as_bytes(), MAX_VALUE), errno: None }
}

fn timed_out(phase: HttpPhase) -> HttpFailure {
    HttpFailure { errno: Some(Errno::TimedOut), ..failure(phase, TIMED_OUT) }
}

fn io_failure(phase: HttpPhase, error: &io::Error) -> HttpFailure {
    HttpFailure { errno: Some(Errno::from_io(error)), ..failure(phase, &error.to_string()) }
}

/// What went wrong, in words that need no knowledge of the library.
fn hyper_failure(error: &hyper::Error) -> HttpFailure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    if let Some(cause) = cause.filter(|cause| cause.raw_os_error().is_some()) {
        return io_failure(HttpPhase::Http, cause);
    }
    // The client side of hyper tells this one by its text alone.
    let reason = if error.is_parse() && error.to_string().contains("too large") {
        format!("the head of the answer is larger than {MAX_HEAD} bytes or has too many headers")
    } else if error.is_parse_version_h2() {
        "the server speaks HTTP/2 only".to_owned()
    } else if error.is_parse() {
        "the answer is not HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "the server closed the connection without a whole answer".to_owned()
    } else {
        error.to_string()
    };
    failure(HttpPhase::Http, &reason)
}
