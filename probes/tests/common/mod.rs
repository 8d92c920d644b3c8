//! Runs asks and gives back what was seen.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub(crate) mod http;
pub(crate) mod tls;

use std::time::{Duration, Instant};

use dprobe_probes::run;
use dprobe_probes::tcp::{TcpAsk, TcpFact};
use dprobe_probes::wire::{Ask, Fact, Observation, Plan, Probe, Reply};
use tokio::sync::mpsc;

/// Run a plan of probes which are named p1, p2 and so on.
pub(crate) async fn observe(probes: Vec<Probe>, deadline: Duration) -> Vec<Observation> {
    let asks = probes.into_iter().enumerate().map(|(index, probe)| Ask { id: format!("p{}", index + 1), probe });
    let plan =
        Plan { place: "here".to_owned(), deadline_ms: deadline.as_millis().try_into().unwrap(), asks: asks.collect() };
    let (sender, mut receiver) = mpsc::channel(1024);
    run::run(plan, &sender).await.unwrap();
    drop(sender);
    let mut seen = Vec::new();
    while let Some(reply) = receiver.recv().await {
        match reply {
            Reply::Observation(observation) => seen.push(observation),
            other => panic!("{other:?}"),
        }
    }
    assert!(seen.iter().all(|observation| observation.place == "here"));
    seen
}

/// Run one probe that sees one thing.
pub(crate) async fn fact(probe: Probe) -> Fact {
    let mut seen = observe(vec![probe], Duration::from_secs(20)).await;
    seen.retain(|observation| observation.id == "p1");
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0).fact
}

/// Connect to a port on 127.0.0.1.
pub(crate) async fn tcp(port: u16, timeout_ms: u64, watch_ms: u64) -> TcpFact {
    match fact(Probe::Tcp(TcpAsk { host: "127.0.0.1".to_owned(), port, timeout_ms, watch_ms })).await {
        Fact::TcpConnect(fact) => fact,
        other => panic!("{other:?}"),
    }
}

/// A port of 127.0.0.1 on which nobody listens, kept free for as long as the socket lives.
pub(crate) fn closed_port() -> (u16, socket2::Socket) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    (socket.local_addr().unwrap().as_socket().unwrap().port(), socket)
}

/// Fails unless `work` ends within `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    done
}
