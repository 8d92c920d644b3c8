//! Asks them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{DnsAsk, DnsFact};
use crate::listeners::Protocol;
use crate::lookup::{AddressRecord, DNS_PORT, DnsOutcome, DnsQuery, exchange};
use crate::run::{Context, Teller};
use crate::wire::Fact;

/// The most servers and names of one probe.
const MAX_SERVERS: usize = 16;
const MAX_NAMES: usize = 8;

pub(crate) async fn look(ask: &DnsAsk, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let wait = context.fitting(Duration::from_millis(ask.timeout_ms));
    let asked = ask.servers.iter().take(MAX_SERVERS).flat_map(|server| {
        let server = SocketAddr::new(*server, DNS_PORT);
        ask.names.iter().take(MAX_NAMES).flat_map(move |name| {
            [AddressRecord::A, AddressRecord::Aaaa].map(move |record| patiently(server, name, record, wait / 2))
        })
    });
    let queries = join_all(asked).await;
    teller.tell(started, Fact::Dns(DnsFact { queries })).await;
}

/// One question, asked once more where it got no answer.
async fn patiently(server: SocketAddr, name: &str, record: AddressRecord, wait: Duration) -> DnsQuery {
    let first = exchange(server, name, record, Protocol::Udp, wait).await;
    if first.outcome != DnsOutcome::TimedOut {
        return first;
    }
    let second = exchange(server, name, record, Protocol::Udp, wait).await;
    DnsQuery { took_ms: first.took_ms + second.took_ms, ..second }
}
