//! Requests, and servers on loopback that answer them.

use dprobe_probes::http::{HttpAsk, HttpFact, HttpPhase};
use dprobe_probes::wire::{Fact, Probe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fact;

/// What comes of a request for a URL.
pub(crate) async fn get(url: &str, timeout_ms: u64, ca_bundle: Option<String>) -> HttpFact {
    ask(HttpAsk { url: url.to_owned(), timeout_ms, ca_bundle, ..HttpAsk::default() }).await
}

pub(crate) async fn ask(ask: HttpAsk) -> HttpFact {
    match fact(Probe::Http(ask)).await {
        Fact::Http(fact) => fact,
        other => panic!("{other:?}"),
    }
}

/// A server that reads the head of a request and hands it over with the connection.
pub(crate) async fn serve<F>(treat: impl Fn(TcpStream, String) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            tokio::spawn(treat(stream, String::from_utf8_lossy(&head).into_owned()));
        }
    });
    port
}

/// A server that answers every request with the same bytes and hangs up.
pub(crate) async fn says(answer: impl Into<Vec<u8>>) -> u16 {
    let answer: Vec<u8> = answer.into();
    serve(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

pub(crate) fn failed_in(fact: &HttpFact) -> Option<HttpPhase> {
    fact.failure.as_ref().map(|failure| failure.phase)
}

/// A server that reads the first bytes of a handshake, answers with these bytes, and then holds the connection or not.
pub(crate) async fn greets(answer: impl Into<Vec<u8>>, holds: bool) -> u16 {
    let answer: Vec<u8> = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut hello = [0; 4096];
                let _ = stream.read(&mut hello).await;
                let _ = stream.write_all(&answer).await;
                if holds {
                    std::future::pending::<()>().await;
                }
                let _ = stream.shutdown().await;
                while stream.read(&mut hello).await.is_ok_and(|length| length > 0) {}
            });
        }
    });
    port
}
