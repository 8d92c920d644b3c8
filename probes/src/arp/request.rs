//! The ARP request on the link of the peer, and the replies to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use pnet_datalink::{Channel, Config, DataLinkReceiver, MacAddr, NetworkInterface};
use pnet_packet::Packet as _;
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, ArpPacket, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};

use super::{ArpAsk, ArpFact};
use crate::run::{Context, Teller};
use crate::wire::Fact;

/// How long one read may block, so that the end of the wait is noticed.
const READ: Duration = Duration::from_millis(20);
/// How long further answers are waited for after the first: a conflict shows within moments.
const FURTHER: Duration = Duration::from_millis(150);
/// The most different answers that are kept.
const MAX_ANSWERS: usize = 16;
/// The lengths of the two headers.
const ETHERNET: usize = EthernetPacket::minimum_packet_size();
const ARP: usize = ArpPacket::minimum_packet_size();

/// Ask who has the address, and tell.
pub(crate) async fn look(ask: &ArpAsk, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let address = ask.address;
    let Some((interface, own)) = link_of(address) else {
        return teller.tell(started, Fact::Arp(ArpFact { address, interface: None, answers: Vec::new() })).await;
    };
    let name = interface.name.clone();
    let wait = context.fitting(Duration::from_millis(ask.timeout_ms));
    // The packet socket of this library blocks, and so has a thread of its own.
    match tokio::task::spawn_blocking(move || exchange(&interface, own, address, wait)).await {
        Ok(Ok(answers)) => {
            teller.tell(started, Fact::Arp(ArpFact { address, interface: Some(name), answers })).await;
        }
        Ok(Err(error)) => teller.unfinished(started, format!("no packet socket on {name}: {error}")).await,
        Err(error) => teller.unfinished(started, error.to_string()).await,
    }
}

/// The interface on whose link an address is, and our own address there.
fn link_of(address: Ipv4Addr) -> Option<(NetworkInterface, Ipv4Addr)> {
    let on_link = |interface: &NetworkInterface| {
        let own =
            interface.ips.iter().filter(|network| network.contains(address.into())).max_by_key(|own| own.prefix());
        match own?.ip() {
            IpAddr::V4(own) => Some(own),
            IpAddr::V6(_) => None,
        }
    };
    pnet_datalink::interfaces()
        .into_iter()
        .filter(|interface| interface.is_up() && !interface.is_loopback() && interface.mac.is_some())
        .find_map(|interface| on_link(&interface).map(|own| (interface, own)))
}

/// Send the request and collect the hardware addresses that answer.
fn exchange(interface: &NetworkInterface, own: Ipv4Addr, address: Ipv4Addr, wait: Duration) -> io::Result<Vec<String>> {
    let config = Config { read_timeout: Some(READ), promiscuous: false, ..Config::default() };
    let Channel::Ethernet(mut sender, mut receiver) = pnet_datalink::channel(interface, config)? else {
        return Err(io::Error::other("it is no Ethernet"));
    };
    let request = request(interface.mac.unwrap_or_default(), own, address)
        .ok_or_else(|| io::Error::other("the request does not fit"))?;
    let mut answers = Vec::new();
    // A second request covers the loss of the first.
    for _ in 0..2 {
        sender.send_to(&request, None).ok_or_else(|| io::Error::other("the buffer is full"))??;
        collect(receiver.as_mut(), own, address, wait / 2, &mut answers)?;
        if !answers.is_empty() {
            break;
        }
    }
    Ok(answers)
}

fn request(mac: MacAddr, own: Ipv4Addr, address: Ipv4Addr) -> Option<[u8; ETHERNET + ARP]> {
    let mut frame = [0; ETHERNET + ARP];
    let mut ethernet = MutableEthernetPacket::new(&mut frame)?;
    ethernet.set_destination(MacAddr::broadcast());
    ethernet.set_source(mac);
    ethernet.set_ethertype(EtherTypes::Arp);
    let mut arp = MutableArpPacket::new(frame.get_mut(ETHERNET..)?)?;
    arp.set_hardware_type(ArpHardwareTypes::Ethernet);
    arp.set_protocol_type(EtherTypes::Ipv4);
    arp.set_hw_addr_len(6);
    arp.set_proto_addr_len(4);
    arp.set_operation(ArpOperations::Request);
    arp.set_sender_hw_addr(mac);
    arp.set_sender_proto_addr(own);
    arp.set_target_proto_addr(address);
    Some(frame)
}

/// Read frames until `wait` is over, or a little after the first answer.
fn collect(
    receiver: &mut dyn DataLinkReceiver,
    own: Ipv4Addr,
    address: Ipv4Addr,
    wait: Duration,
    answers: &mut Vec<String>,
) -> io::Result<()> {
    let mut end = Instant::now() + wait;
    while Instant::now() < end {
        let frame = match receiver.next() {
            Ok(frame) => frame,
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => continue,
            Err(error) => return Err(error),
        };
        let Some(mac) = answer(frame, own, address).map(|mac| mac.to_string()) else { continue };
        if !answers.contains(&mac) && answers.len() < MAX_ANSWERS {
            answers.push(mac);
            end = end.min(Instant::now() + FURTHER);
        }
    }
    Ok(())
}

/// The hardware address in a frame that answers our request.
pub(crate) fn answer(frame: &[u8], own: Ipv4Addr, address: Ipv4Addr) -> Option<MacAddr> {
    let ethernet = EthernetPacket::new(frame).filter(|frame| frame.get_ethertype() == EtherTypes::Arp)?;
    let arp = ArpPacket::new(ethernet.payload())?;
    (arp.get_operation() == ArpOperations::Reply
        && arp.get_sender_proto_addr() == address
        && arp.get_target_proto_addr() == own)
        .then(|| arp.get_sender_hw_addr())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
    const PEER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 3);

    fn reply(from: Ipv4Addr) -> Vec<u8> {
        let mac = MacAddr::new(2, 0, 0, 0, 0, 7);
        let mut frame = request(mac, from, OWN).unwrap().to_vec();
        MutableArpPacket::new(&mut frame[ETHERNET..]).unwrap().set_operation(ArpOperations::Reply);
        frame
    }

    #[test]
    fn a_reply_of_the_peer_is_an_answer() {
        assert_eq!(answer(&reply(PEER), OWN, PEER).unwrap().to_string(), "02:00:00:00:00:07");
    }

    #[test]
    fn a_request_and_the_reply_of_another_are_none() {
        assert_eq!(answer(&request(MacAddr::zero(), PEER, OWN).unwrap(), OWN, PEER), None);
        assert_eq!(answer(&reply(Ipv4Addr::new(198, 51, 100, 9)), OWN, PEER), None);
    }

    proptest! {
        #[test]
        fn any_frame_is_read_without_a_panic(frame in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = answer(&frame, OWN, PEER);
        }
    }
}
