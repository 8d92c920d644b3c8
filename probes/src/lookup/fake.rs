//! DNS servers on loopback that do what a test tells them. All of one test share a port, as real servers share 53.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

/// What a server does with a question.
#[derive(Debug, Clone)]
pub(super) enum Does {
    Says(Vec<IpAddr>),
    Code(ResponseCode),
    Silent,
    /// Has an address for A, and says NXDOMAIN to AAAA, as broken load balancers do.
    OnlyV4(IpAddr),
    /// Does it so many milliseconds later.
    Later(u64, Box<Self>),
    Rubbish,
    /// Sends an answer with another id, then the right one.
    ForgedFirst(IpAddr),
    /// Truncated over UDP, whole over TCP.
    Truncates(Vec<IpAddr>),
    /// Truncated over UDP, and TCP ends without an answer.
    TruncatesAndHangsUp,
}

/// Maps a name (without the last dot) to what the server does.
pub(super) type Zone = Arc<dyn Fn(&str) -> Does + Send + Sync>;

/// The servers of one test.
pub(super) struct Fakes {
    pub(super) port: u16,
}

impl Fakes {
    /// Start a server for each zone, on 127.0.0.2, 127.0.0.3 and so on.
    pub(super) async fn start(zones: Vec<Zone>) -> Self {
        'port: loop {
            let mut sockets = Vec::new();
            let mut port = 0;
            for index in 0..zones.len() {
                let Ok(udp) = UdpSocket::bind((address(index), port)).await else { continue 'port };
                port = udp.local_addr().unwrap().port();
                let Ok(tcp) = TcpListener::bind((address(index), port)).await else { continue 'port };
                sockets.push((udp, tcp));
            }
            for (zone, (udp, tcp)) in zones.into_iter().zip(sockets) {
                tokio::spawn(serve_udp(udp, Arc::clone(&zone)));
                tokio::spawn(serve_tcp(tcp, zone));
            }
            return Self { port };
        }
    }
}

/// The address of the server with this index.
pub(super) fn address(index: usize) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(index).unwrap() + 2).into()
}

/// A server that does the same for every name.
pub(super) fn always(does: Does) -> Zone {
    Arc::new(move |_| does.clone())
}

/// A server that knows one name with one address, and no other.
pub(super) fn knows(name: &'static str, address: &'static str) -> Zone {
    Arc::new(move |asked| {
        if asked == name { Does::Says(vec![address.parse().unwrap()]) } else { Does::Code(ResponseCode::NXDomain) }
    })
}

async fn serve_udp(socket: UdpSocket, zone: Zone) {
    let mut buffer = [0; 512];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { return };
        let question = Message::from_vec(&buffer[..length]).unwrap();
        let mut does = zone(&name_of(&question));
        if let Does::Later(ms, later) = does {
            tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
            does = *later;
        }
        for answer in udp_answers(&question, &does) {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

fn udp_answers(question: &Message, does: &Does) -> Vec<Vec<u8>> {
    match does {
        Does::Says(addresses) => vec![answer(question, addresses).to_vec().unwrap()],
        Does::Code(code) => {
            let mut message = answer(question, &[]);
            message.metadata.response_code = *code;
            vec![message.to_vec().unwrap()]
        }
        Does::Silent | Does::Later(..) => Vec::new(),
        Does::OnlyV4(_) if question.queries[0].query_type() == RecordType::AAAA => {
            udp_answers(question, &Does::Code(ResponseCode::NXDomain))
        }
        Does::OnlyV4(address) => udp_answers(question, &Does::Says(vec![*address])),
        Does::Rubbish => vec![b"\xff\xfe".to_vec()],
        Does::ForgedFirst(address) => {
            let mut forged = answer(question, &["198.51.100.66".parse().unwrap()]);
            forged.metadata.id = question.metadata.id.wrapping_add(1);
            vec![forged.to_vec().unwrap(), answer(question, &[*address]).to_vec().unwrap()]
        }
        Does::Truncates(_) | Does::TruncatesAndHangsUp => {
            let mut message = answer(question, &[]);
            message.metadata.truncation = true;
            vec![message.to_vec().unwrap()]
        }
    }
}

async fn serve_tcp(listener: TcpListener, zone: Zone) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let length = stream.read_u16().await.unwrap();
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await.unwrap();
        let question = Message::from_vec(&bytes).unwrap();
        if let Does::Truncates(addresses) = zone(&name_of(&question)) {
            let answer = answer(&question, &addresses).to_vec().unwrap();
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    }
}

fn name_of(question: &Message) -> String {
    question.queries[0].name().to_ascii().trim_end_matches('.').to_owned()
}

/// An answer with those addresses that are of the family asked for.
fn answer(question: &Message, addresses: &[IpAddr]) -> Message {
    let query = question.queries[0].clone();
    let mut message = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    for address in addresses {
        let data = match (address, query.query_type()) {
            (IpAddr::V4(address), RecordType::A) => RData::A(A(*address)),
            (IpAddr::V6(address), RecordType::AAAA) => RData::AAAA(AAAA(*address)),
            _ => continue,
        };
        message.add_answer(Record::from_rdata(query.name().clone(), 60, data));
    }
    message.add_query(query);
    message
}

/// A server address that nobody serves.
pub(super) fn nobody(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(127, 0, 0, 200).into(), port)
}
