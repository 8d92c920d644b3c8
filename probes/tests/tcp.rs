//! TCP connects to servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{closed_port, observe, tcp};
use dprobe_probes::errno::Errno;
use dprobe_probes::tcp::{AfterConnect, TcpAsk, TcpOutcome};
use dprobe_probes::wire::{Fact, Probe};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// A server that treats each connection in the same way.
async fn serve<F>(mut treat: impl FnMut(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            treat(stream).await;
        }
    });
    port
}

#[tokio::test]
async fn a_port_without_a_listener_refuses() {
    let (port, _kept) = closed_port();
    let fact = tcp(port, 2000, 100).await;
    assert_eq!((fact.outcome, fact.errno), (TcpOutcome::Refused, Some(Errno::ConnectionRefused)));
    assert_eq!((fact.local, fact.after), (None, None));
    assert!(fact.connect_ms < 2000.0);
}

#[tokio::test]
async fn a_server_that_waits_is_silent() {
    let mut kept = Vec::new();
    let port = serve(move |stream| {
        kept.push(stream);
        async {}
    })
    .await;
    let fact = tcp(port, 2000, 50).await;
    assert_eq!((fact.outcome, fact.errno), (TcpOutcome::Connected, None));
    assert_eq!(fact.after, Some(AfterConnect::Silent));
    assert_eq!(fact.local.unwrap().ip().to_string(), "127.0.0.1");
}

#[tokio::test]
async fn without_a_watch_nothing_is_said_of_afterwards() {
    let port = serve(|_| async {}).await;
    let fact = tcp(port, 2000, 0).await;
    assert_eq!((fact.outcome, fact.after), (TcpOutcome::Connected, None));
}

#[tokio::test]
async fn a_greeting_is_kept_made_printable_and_cut() {
    let port = serve(|mut stream| async move {
        let greeting = [b"220 hi\x1b[2J\r\n".as_slice(), &[b'x'; 400]].concat();
        stream.write_all(&greeting).await.unwrap();
    })
    .await;
    let Some(AfterConnect::Spoke { first }) = tcp(port, 2000, 2000).await.after else { panic!() };
    assert!(first.starts_with("220 hi\\x1b[2J\\r\\nxxx"), "{first}");
    assert!(first.ends_with('…'));
    assert!(first.chars().filter(|c| *c == 'x').count() < 200);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_closed() {
    let port = serve(|stream| async move { drop(stream) }).await;
    let fact = tcp(port, 2000, 2000).await;
    assert_eq!(fact.outcome, TcpOutcome::Connected);
    assert!(matches!(fact.after, Some(AfterConnect::Closed { after_ms }) if after_ms < 2000.0), "{fact:?}");
}

#[tokio::test]
async fn a_server_that_resets_is_reset_and_never_refused() {
    let port = serve(|stream| async move {
        stream.set_zero_linger().unwrap();
    })
    .await;
    // The reset comes sometimes before and sometimes after the news of the connect.
    for _ in 0..50 {
        let fact = tcp(port, 2000, 2000).await;
        assert_eq!(fact.outcome, TcpOutcome::Connected, "{fact:?}");
        assert!(matches!(fact.after, Some(AfterConnect::Reset { .. })), "{fact:?}");
    }
}

#[tokio::test]
async fn a_full_accept_queue_times_out() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let port = listener.local_addr().unwrap().as_socket().unwrap().port();
    // A connection waits in the queue even when its client is gone. Once the queue is full the kernel drops the SYN.
    let mut fact = tcp(port, 300, 0).await;
    for _ in 0..16 {
        if fact.outcome == TcpOutcome::Connected {
            fact = tcp(port, 300, 0).await;
        }
    }
    assert_eq!((fact.outcome, fact.errno), (TcpOutcome::TimedOut, None));
    assert!(fact.connect_ms >= 295.0, "{fact:?}");
}

#[tokio::test]
async fn every_address_of_a_name_is_dialled_and_numbered() {
    // The hosts file of every Linux has localhost, and the built-in answer is there where it has not.
    let (port, _kept) = closed_port();
    let ask = |port| Probe::Tcp(TcpAsk { host: "localhost".to_owned(), port, timeout_ms: 2000, watch_ms: 0 });
    let seen = observe(vec![ask(port), ask(port)], Duration::from_secs(10)).await;
    let Fact::Lookup(lookup) = &seen.iter().find(|seen| seen.id == "p1.lookup").unwrap().fact else { panic!() };
    // The name is looked up once for both, and told once.
    assert!(!seen.iter().any(|seen| seen.id == "p2.lookup"));
    for probe in ["p1", "p2"] {
        let mut expected: Vec<String> = vec![probe.to_owned()];
        expected.extend((2..=lookup.answers.len()).map(|number| format!("{probe}.{number}")));
        let ids: Vec<_> = seen
            .iter()
            .filter(|seen| matches!(seen.fact, Fact::TcpConnect(_)) && seen.id.starts_with(probe))
            .map(|seen| seen.id.clone())
            .collect();
        assert_eq!(ids, expected);
    }
}
