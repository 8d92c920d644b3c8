//! Plans: their deadline, their limits, and what their probes share.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::time::Duration;

use common::{fact, observe, within};
use dprobe_probes::listeners::Protocol;
use dprobe_probes::lookup::{LookupAsk, LookupOutcome};
use dprobe_probes::run::{self, MAX_ASKS};
use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::{Ask, Fact, Plan, Probe};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::test]
async fn what_the_deadline_cuts_is_unfinished() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let watch = TcpAsk { host: "127.0.0.1".to_owned(), port, timeout_ms: 60_000, watch_ms: 60_000 };
    let probes = vec![Probe::Tcp(watch), Probe::Resolver];
    let seen = within(Duration::from_secs(5), observe(probes, Duration::from_millis(300))).await;
    assert_eq!(seen.len(), 2);
    let by_id = |id: &str| &seen.iter().find(|seen| seen.id == id).unwrap().fact;
    assert!(matches!(by_id("p1"), Fact::Unfinished { probe, .. } if probe == "tcp"), "{seen:?}");
    assert!(matches!(by_id("p2"), Fact::Resolver(_)));
}

#[tokio::test]
async fn a_deadline_of_nothing_leaves_everything_unfinished_or_told() {
    let probes = vec![
        Probe::Lookup(LookupAsk { name: "db.test".to_owned(), timeout_ms: 1000, every_server: true }),
        Probe::Tcp(TcpAsk { host: "127.0.0.1".to_owned(), port: 1, timeout_ms: 1000, watch_ms: 0 }),
        Probe::Network,
    ];
    let seen = within(Duration::from_secs(5), observe(probes, Duration::ZERO)).await;
    let mut ids: Vec<_> = seen.iter().map(|seen| seen.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["p1", "p2", "p3"]);
    // Silence is never claimed of a server that had no time to speak.
    let first = seen.iter().find(|seen| seen.id == "p1").unwrap();
    assert!(matches!(first.fact, Fact::Unfinished { .. }), "{first:?}");
}

#[tokio::test]
async fn a_plan_over_the_limit_is_refused() {
    let asks = (0..=MAX_ASKS).map(|index| Ask { id: index.to_string(), probe: Probe::Resolver }).collect();
    let plan = Plan { place: "here".to_owned(), deadline_ms: 1000, asks };
    let (sender, _receiver) = mpsc::channel(1);
    assert!(run::run(plan, &sender).await.unwrap_err().contains("limit"));
}

#[tokio::test]
async fn a_lookup_that_was_asked_for_is_told_once() {
    let lookup = LookupAsk { name: "LOCALHOST".to_owned(), timeout_ms: 1000, every_server: false };
    let connect = TcpAsk { host: "localhost".to_owned(), port: 1, timeout_ms: 1000, watch_ms: 0 };
    let seen = observe(vec![Probe::Tcp(connect), Probe::Lookup(lookup)], Duration::from_secs(5)).await;
    let lookups: Vec<_> = seen.iter().filter(|seen| matches!(seen.fact, Fact::Lookup(_))).collect();
    assert_eq!(lookups.len(), 1, "{seen:?}");
    assert_eq!(lookups[0].id, "p2");
    let Fact::Lookup(fact) = &lookups[0].fact else { unreachable!() };
    assert_eq!((fact.name.as_str(), fact.outcome), ("LOCALHOST", LookupOutcome::Found));
}

#[tokio::test]
async fn a_name_without_an_address_is_not_dialled() {
    let connect = TcpAsk { host: "not..a.name".to_owned(), port: 1, timeout_ms: 1000, watch_ms: 0 };
    let seen = observe(vec![Probe::Tcp(connect)], Duration::from_secs(5)).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].id, "p1.lookup");
    assert!(matches!(&seen[0].fact, Fact::Lookup(fact) if fact.outcome == LookupOutcome::InvalidName));
}

#[tokio::test]
async fn this_namespace_shows_its_own_sockets() {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let engine = TcpListener::bind("127.0.0.11:0").await.unwrap();
    let connected = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    connected.connect(udp.local_addr().unwrap()).unwrap();
    let Fact::Listeners(fact) = fact(Probe::Listeners).await else { panic!() };
    let find = |protocol, port| fact.sockets.iter().find(|socket| (socket.protocol, socket.port) == (protocol, port));
    let seen = find(Protocol::Tcp, tcp.local_addr().unwrap().port()).unwrap();
    assert_eq!(seen.address.to_string(), "127.0.0.1");
    assert_eq!(seen.queue, 0);
    assert!(find(Protocol::Udp, udp.local_addr().unwrap().port()).is_some());
    assert!(find(Protocol::Udp, connected.local_addr().unwrap().port()).is_none());
    let engine = engine.local_addr().unwrap();
    assert!(!fact.sockets.iter().any(|socket| socket.address == engine.ip()));
    assert!(fact.sockets.is_sorted_by_key(|socket| (socket.protocol, socket.port, socket.address)));
}

#[tokio::test]
async fn this_namespace_has_a_name_and_loopback() {
    let Fact::Network(fact) = fact(Probe::Network).await else { panic!() };
    assert_ne!(fact.namespace, 0);
    assert!(fact.interfaces[0].loopback);
    assert_eq!(fact.interfaces[0].name, "lo");
    assert!(fact.interfaces[0].mtu >= 16384, "{:?}", fact.interfaces[0]);
    assert!(fact.owns("127.0.0.1".parse().unwrap()));
    assert!(!fact.owns("198.51.100.1".parse().unwrap()));
    let (low, high) = fact.local_port_range.unwrap();
    assert!(low <= high);
}
