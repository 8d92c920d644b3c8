//! What HTTP servers and proxies answer, and the URLs that are asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use dprobe_probes::fuzzing;
use dprobe_probes::http::{HttpAsk, HttpFact, Via, ViaKind};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::check::{self, SECRET, escaped};

/// Bounds of what is kept of an answer, in characters.
const VALUE: usize = 200;
const BODY: usize = 300;
const HEADERS: usize = 64;

/// A server that says what it was told to say, in pieces, and then hangs up.
struct Server {
    says: Vec<u8>,
    said: usize,
    piece: usize,
}

impl Server {
    /// The first byte is the length of the pieces; zero for all at once.
    fn new(data: &[u8]) -> Self {
        let (piece, says) = data.split_first().unwrap_or((&0, &[]));
        let piece = if *piece == 0 { usize::MAX } else { usize::from(*piece) };
        Self { says: says.to_vec(), said: 0, piece }
    }
}

impl AsyncRead for Server {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = &self.says[self.said..];
        let length = rest.len().min(self.piece).min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        self.said += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is asked; through a proxy where `via` says so.
fn ask(url: &str, via: Option<&Via>) -> HttpAsk {
    let ask = json!({"url": url, "timeout_ms": 2000, "via": via});
    serde_json::from_value(ask).expect("what is left out has a default")
}

fn judge(fact: &HttpFact) {
    check::all_printable(fact);
    check::all_shorter(fact, escaped(BODY));
    check::comes_back(fact);
    assert!(fact.headers.len() <= HEADERS);
    for header in &fact.headers {
        assert!(!header.name.contains("cookie") && !header.name.contains("authorization"), "{header:?}");
        assert!(header.value.chars().count() <= escaped(VALUE), "{header:?}");
    }
    assert!(fact.status.is_some() || fact.failure.is_some(), "{fact:?}");
}

/// The answer of a server to a request.
pub(super) fn answer(data: &[u8]) {
    let ask = ask("http://web.test/", None);
    let fact = super::block_on(fuzzing::http(&ask, Server::new(data))).expect("the URL is one");
    judge(&fact);
}

/// The answer of a proxy to `CONNECT`.
pub(super) fn tunnel(data: &[u8]) {
    let ask = ask("https://web.test/", Some(&Via { host: "proxy.test".to_owned(), port: 3128, kind: ViaKind::Http }));
    let fact = super::block_on(fuzzing::http_tunnel(&ask, Server::new(data))).expect("the URL is one");
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(VALUE));
    check::comes_back(&fact);
}

/// A URL that the agent is to ask for.
pub(super) fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for url in [text.to_string(), format!("http://user:{SECRET}@{text}")] {
        match fuzzing::http_url(&url) {
            Ok((shown, host)) => {
                assert!(!host.is_empty() && !host.contains(['[', ']', '/', '@']), "{host:?}");
                // It is made printable where it is reported.
                check::no_secret(&shown);
            }
            Err(problem) => check::no_secret(&problem),
        }
    }
}
