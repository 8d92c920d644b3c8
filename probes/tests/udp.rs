//! UDP and ICMP on loopback.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::net::UdpSocket;

use common::fact;
use dprobe_probes::arp::ArpAsk;
use dprobe_probes::errno::Errno;
use dprobe_probes::ping::PingAsk;
use dprobe_probes::udp::{UdpAsk, UdpFact, UdpOutcome};
use dprobe_probes::wire::{Fact, Probe};

async fn udp(port: u16) -> UdpFact {
    match fact(Probe::Udp(UdpAsk { host: "127.0.0.1".to_owned(), port, timeout_ms: 400 })).await {
        Fact::Udp(fact) => fact,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_port_without_a_socket_refuses() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fact = udp(port).await;
    assert_eq!((fact.outcome, fact.errno), (UdpOutcome::Refused, Some(Errno::ConnectionRefused)));
}

#[tokio::test]
async fn a_silent_socket_is_sent_two_datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let fact = udp(socket.local_addr().unwrap().port()).await;
    assert_eq!((fact.outcome, fact.errno), (UdpOutcome::Silent, None));
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    for _ in 0..2 {
        assert_eq!(socket.recv(&mut buffer).unwrap(), 2);
    }
    assert!(socket.recv(&mut buffer).is_err());
}

#[tokio::test]
async fn an_answer_is_a_reply() {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = [0; 64];
        let (_, peer) = socket.recv_from(&mut buffer).await.unwrap();
        // Only the second datagram is answered.
        let _ = socket.recv_from(&mut buffer).await.unwrap();
        socket.send_to(b"", peer).await.unwrap();
    });
    assert_eq!(udp(port).await.outcome, UdpOutcome::Replied);
}

#[tokio::test]
async fn loopback_echoes_where_the_kernel_permits_it() {
    let numbers = |text: &str| text.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>();
    let range = numbers(&std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let groups = status.lines().filter(|line| line.starts_with("Gid:") || line.starts_with("Groups:"));
    let permitted = groups.flat_map(numbers).any(|group| (range[0]..=range[1]).contains(&group));
    let ask = PingAsk { host: "127.0.0.1".to_owned(), timeout_ms: 1000, size: 1000, fill: false };
    match fact(Probe::Ping(ask)).await {
        Fact::Ping(fact) => {
            assert!(permitted && fact.replied, "{fact:?}");
            assert!(fact.rtt_ms.unwrap() < 1000.0);
        }
        Fact::Unfinished { probe, reason } => {
            assert_eq!(probe, "ping");
            assert!(reason.contains("ICMP") && !permitted, "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn arp_for_an_address_on_no_link_names_no_interface() {
    let address = "198.51.100.77".parse().unwrap();
    let Fact::Arp(fact) = fact(Probe::Arp(ArpAsk { address, timeout_ms: 200 })).await else { panic!() };
    assert_eq!((fact.address, fact.interface, fact.answers), (address, None, Vec::new()));
}
