//! Asks the servers of `resolv.conf` in their order, as a program does that looks a service up. Such names are whole: no search
//! domain is added.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

use super::{SrvAsk, SrvFact, SrvTarget};
use crate::lookup::{DnsOutcome, LookupOutcome, records};
use crate::run::{Context, Teller};
use crate::text::printable;
use crate::wire::Fact;

const MAX_TARGETS: usize = 16;
const MAX_TEXTS: usize = 4;
const MAX_TEXT: usize = 300;

pub(crate) async fn look(ask: &SrvAsk, context: &Context, teller: &Teller<'_>) {
    let started = Instant::now();
    let end = started + context.fitting(Duration::from_millis(ask.timeout_ms));
    let servers = context.dns_servers();
    let domain = ask.domain.trim_end_matches('.');
    let question = format!("_{}._tcp.{domain}", ask.service);
    let (outcome, targets) = match first_answer(&servers, &question, RecordType::SRV, end).await {
        Some(message) => read(&message),
        None => (LookupOutcome::TemporaryFailure, Vec::new()),
    };
    let texts = match outcome {
        LookupOutcome::Found => first_answer(&servers, domain, RecordType::TXT, end).await,
        _ => None,
    };
    let texts = texts.as_ref().map(texts_of).unwrap_or_default();
    let domain = ask.domain.clone();
    teller.tell(started, Fact::Srv(SrvFact { domain, question, outcome, targets, texts })).await;
}

/// The answer of the first server that gives one. A server that fails is passed over, as is one that is silent for its share of
/// the time.
async fn first_answer(servers: &[SocketAddr], question: &str, kind: RecordType, end: Instant) -> Option<Message> {
    for (at, server) in servers.iter().enumerate() {
        let share = u32::try_from(servers.len() - at).unwrap_or(1).max(1);
        let wait = end.saturating_duration_since(Instant::now()) / share;
        let answer: Result<Message, DnsOutcome> = records(*server, question, kind, wait).await;
        let usable = |message: &Message| {
            matches!(message.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
        };
        if let Some(message) = answer.ok().filter(usable) {
            return Some(message);
        }
    }
    None
}

fn read(message: &Message) -> (LookupOutcome, Vec<SrvTarget>) {
    if message.metadata.response_code == ResponseCode::NXDomain {
        return (LookupOutcome::NotFound, Vec::new());
    }
    let target = |data: &RData| match data {
        RData::SRV(record) => {
            let host = printable(record.target.to_ascii().trim_end_matches('.').as_bytes(), 255);
            // A lone dot says that the service is not there (RFC 2782).
            (!host.is_empty() && record.port != 0).then_some(SrvTarget {
                host,
                port: record.port,
                priority: record.priority,
            })
        }
        _ => None,
    };
    let mut targets: Vec<SrvTarget> =
        message.answers.iter().filter_map(|answer| target(&answer.data)).take(MAX_TARGETS).collect();
    targets.sort_by_key(|target| target.priority);
    let outcome = if targets.is_empty() { LookupOutcome::NoData } else { LookupOutcome::Found };
    (outcome, targets)
}

fn texts_of(message: &Message) -> Vec<String> {
    let text = |data: &RData| match data {
        RData::TXT(record) => Some(printable(&record.txt_data.concat(), MAX_TEXT)),
        _ => None,
    };
    message.answers.iter().filter_map(|answer| text(&answer.data)).take(MAX_TEXTS).collect()
}
