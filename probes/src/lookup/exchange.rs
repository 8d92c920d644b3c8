//! One question to one DNS server (RFC 1035): UDP first, TCP after a truncated answer.
//!
//! The exchange is our own because a resolver library hides which server said what.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::{DnsOutcome, DnsQuery};
use crate::listeners::Protocol;
use crate::run::millis;
use crate::socket::connected_udp;

/// The most addresses that are kept of one answer.
const MAX_ADDRESSES: usize = 64;

/// The two record types that hold addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressRecord {
    /// IPv4.
    A,
    /// IPv6 (RFC 3596).
    Aaaa,
}

impl AddressRecord {
    fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
        }
    }
}

/// Why an exchange ended without an answer that could be read.
enum Silence {
    /// The time was over. Whether something else than an answer came meanwhile.
    TimedOut { rubbish: bool },
    /// The kernel said why.
    Io(io::Error),
    /// The answer over TCP was no answer.
    Malformed,
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Ask `server` for the records of `question`, and wait for at most `wait`: over UDP, and over TCP where the answer does not
/// fit, or over TCP at once.
pub(crate) async fn exchange(
    server: SocketAddr,
    question: &str,
    record: AddressRecord,
    transport: Protocol,
    wait: Duration,
) -> DnsQuery {
    let started = Instant::now();
    let end = tokio::time::Instant::now() + wait;
    let mut query = DnsQuery {
        server: server.ip(),
        question: question.to_owned(),
        record: record.name().to_owned(),
        transport,
        outcome: DnsOutcome::Malformed,
        rcode: None,
        addresses: Vec::new(),
        ttl_s: None,
        took_ms: 0.0,
    };
    if let Some((asked, bytes)) = encode(question, record) {
        let mut answer = match transport {
            Protocol::Udp => over_udp(server, &asked, &bytes, end).await,
            Protocol::Tcp => over_tcp(server, &asked, &bytes, end).await,
        };
        if transport == Protocol::Udp && answer.as_ref().is_ok_and(|message| message.metadata.truncation) {
            query.transport = Protocol::Tcp;
            answer = over_tcp(server, &asked, &bytes, end).await;
        }
        match answer {
            Ok(message) => read_answer(&mut query, record, &message),
            Err(silence) => query.outcome = outcome_of(&silence),
        }
    }
    query.took_ms = millis(started.elapsed());
    query
}

/// Asks `server` for records of another type, over UDP and over TCP where the answer does not fit. What is no answer comes back
/// as what the server did instead.
pub(crate) async fn records(
    server: SocketAddr,
    question: &str,
    kind: RecordType,
    wait: Duration,
) -> Result<Message, DnsOutcome> {
    let end = tokio::time::Instant::now() + wait;
    let (asked, bytes) = encode_kind(question, kind).ok_or(DnsOutcome::Malformed)?;
    let mut answer = over_udp(server, &asked, &bytes, end).await;
    if answer.as_ref().is_ok_and(|message| message.metadata.truncation) {
        answer = over_tcp(server, &asked, &bytes, end).await;
    }
    answer.map_err(|silence| outcome_of(&silence))
}

/// The question as a message with a random id, and its bytes.
pub(crate) fn encode(question: &str, record: AddressRecord) -> Option<(Message, Vec<u8>)> {
    encode_kind(question, record.record_type())
}

fn encode_kind(question: &str, kind: RecordType) -> Option<(Message, Vec<u8>)> {
    let mut name = Name::from_labels(question.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    let bytes = message.to_vec().ok()?;
    Some((message, bytes))
}

/// Whether `bytes` are an answer to `asked`. Anything else may be late or forged, and is passed over (RFC 5452, 9.1).
pub(crate) fn answer_to(asked: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    // A server that can not read the question may leave it out of its answer.
    let same_question = match answer.queries.as_slice() {
        [] => answer.metadata.response_code != ResponseCode::NoError,
        [question] => asked.queries.first().is_some_and(|ours| {
            ours.query_type() == question.query_type()
                && ours.query_class() == question.query_class()
                && ours.name().eq_ignore_root(question.name())
        }),
        _ => false,
    };
    (same_question && answer.metadata.id == asked.metadata.id && answer.metadata.message_type == MessageType::Response)
        .then_some(answer)
}

async fn over_udp(
    server: SocketAddr,
    asked: &Message,
    bytes: &[u8],
    end: tokio::time::Instant,
) -> Result<Message, Silence> {
    let socket = connected_udp(server)?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; 4096];
    let mut rubbish = false;
    loop {
        match timeout_at(end, socket.recv(&mut buffer)).await {
            Ok(Ok(length)) => match answer_to(asked, buffer.get(..length).unwrap_or_default()) {
                Some(answer) => return Ok(answer),
                None => rubbish = true,
            },
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(Silence::TimedOut { rubbish }),
        }
    }
}

async fn over_tcp(
    server: SocketAddr,
    asked: &Message,
    bytes: &[u8],
    end: tokio::time::Instant,
) -> Result<Message, Silence> {
    let talk = async {
        let mut stream = TcpStream::connect(server).await?;
        let mut framed = u16::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes().to_vec();
        framed.extend_from_slice(bytes);
        stream.write_all(&framed).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    match timeout_at(end, talk).await {
        Ok(Ok(answer)) => answer_to(asked, &answer).ok_or(Silence::Malformed),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Silence::Malformed),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Silence::TimedOut { rubbish: false }),
    }
}

fn outcome_of(silence: &Silence) -> DnsOutcome {
    match silence {
        Silence::TimedOut { rubbish: false } => DnsOutcome::TimedOut,
        Silence::TimedOut { rubbish: true } | Silence::Malformed => DnsOutcome::Malformed,
        Silence::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => DnsOutcome::Refused,
            io::ErrorKind::TimedOut => DnsOutcome::TimedOut,
            _ => DnsOutcome::Unreachable,
        },
    }
}

pub(crate) fn read_answer(query: &mut DnsQuery, record: AddressRecord, message: &Message) {
    let code = message.metadata.response_code;
    query.rcode = Some(rcode_name(code));
    for answer in &message.answers {
        let address: IpAddr = match (&answer.data, record) {
            (RData::A(address), AddressRecord::A) => address.0.into(),
            (RData::AAAA(address), AddressRecord::Aaaa) => address.0.into(),
            _ => continue,
        };
        if query.addresses.len() < MAX_ADDRESSES && !query.addresses.contains(&address) {
            query.addresses.push(address);
        }
        query.ttl_s = Some(query.ttl_s.map_or(answer.ttl, |least| least.min(answer.ttl)));
    }
    query.outcome = match code {
        ResponseCode::NoError if query.addresses.is_empty() => DnsOutcome::Empty,
        ResponseCode::NoError => DnsOutcome::Answered,
        ResponseCode::NXDomain => DnsOutcome::NxDomain,
        _ => DnsOutcome::Error,
    };
    // An error that carries addresses all the same is an error to a libc too.
    if query.outcome != DnsOutcome::Answered {
        query.addresses.clear();
        query.ttl_s = None;
    }
}

/// The name of a response code as dig(1) writes it (IANA, DNS RCODEs).
fn rcode_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_to_another_question_is_none() {
        let (asked, bytes) = encode("db.test", AddressRecord::A).unwrap();
        assert_eq!(answer_to(&asked, &bytes), None, "a question is no answer");
        let reply = |question: &str, record, code| {
            let mut answer = encode(question, record).unwrap().0;
            answer.metadata.id = asked.metadata.id;
            answer.metadata.message_type = MessageType::Response;
            answer.metadata.response_code = code;
            answer.to_vec().unwrap()
        };
        assert!(answer_to(&asked, &reply("DB.Test", AddressRecord::A, ResponseCode::NoError)).is_some());
        assert_eq!(answer_to(&asked, &reply("db2.test", AddressRecord::A, ResponseCode::NoError)), None);
        assert_eq!(answer_to(&asked, &reply("db.test", AddressRecord::Aaaa, ResponseCode::NoError)), None);
    }

    #[test]
    fn a_server_that_could_not_read_the_question_may_leave_it_out() {
        let (asked, _) = encode("db.test", AddressRecord::A).unwrap();
        let mut answer = asked.clone().into_response();
        answer.queries.clear();
        assert_eq!(answer_to(&asked, &answer.to_vec().unwrap()), None);
        answer.metadata.response_code = ResponseCode::FormErr;
        assert!(answer_to(&asked, &answer.to_vec().unwrap()).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let (asked, _) = encode("db.test", AddressRecord::A).unwrap();
            let _ = answer_to(&asked, &bytes);
        }

        #[test]
        fn a_damaged_answer_is_read_without_a_panic(at in 0_usize..60, with: u8, cut in 0_usize..80) {
            let (asked, mut bytes) = encode("db.test", AddressRecord::A).unwrap();
            // The question twice, the second time as an answer that points into the first.
            bytes[2] |= 0x80;
            bytes[7] = 1;
            bytes.extend_from_slice(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x33\x64\x07");
            prop_assert!(answer_to(&asked, &bytes).is_some());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = with;
            }
            bytes.truncate(cut);
            let _ = answer_to(&asked, &bytes);
        }
    }
}
