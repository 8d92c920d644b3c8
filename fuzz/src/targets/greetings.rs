//! The first words of servers.

use dprobe_probes::application::ApplicationProtocol as Protocol;
use dprobe_probes::greeting::{GreetAsk, parsing};
use serde_json::json;

use super::server::Server;
use crate::check::{self, escaped};

/// What can be asked for. The greetings are chosen by their place here.
const PROTOCOLS: [Protocol; 12] = [
    Protocol::Postgres,
    Protocol::Mysql,
    Protocol::Redis,
    Protocol::Mongodb,
    Protocol::Amqp,
    Protocol::Kafka,
    Protocol::Nats,
    Protocol::Mqtt,
    Protocol::Memcached,
    Protocol::Smtp,
    Protocol::Http2,
    Protocol::Http,
];

/// The longest text that is kept, and the most addresses that a server hands out.
const TEXT: usize = 300;
const ADVERTISED: usize = 16;

/// What ends a connection.
const END: &[u8] = b"\n===\n";

/// A server that is greeted: the first byte says in which protocol and with TLS or without, the second is the length of the
/// pieces in which it speaks, zero for all at once. A line of `===` ends what it says on one connection.
pub(super) fn greeted(data: &[u8]) {
    let [kind, piece, says @ ..] = data else { return };
    let protocol = PROTOCOLS[usize::from(*kind) % PROTOCOLS.len()];
    let security = ["plain", "preferred"][usize::from(*kind) / PROTOCOLS.len() % 2];
    let ask: GreetAsk = serde_json::from_value(json!({
        "host": "db.test", "port": 1, "timeout_ms": 500, "user": "ann", "database": "shop",
        "application": {"protocol": protocol, "security": security, "verify": "full"},
    }))
    .expect("what is left out has a default");
    let mut servers = Vec::new();
    let mut rest = says;
    while let Some(at) = rest.windows(END.len()).position(|part| part == END) {
        servers.push(Server::in_pieces(*piece, &rest[..at]));
        rest = &rest[at + END.len()..];
    }
    servers.push(Server::in_pieces(*piece, rest));
    let Some(fact) = super::block_on(parsing::greeted(&ask, servers)) else { return };
    assert!(fact.advertised.len() <= ADVERTISED, "{fact:?}");
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(TEXT));
    check::comes_back(&fact);
}

/// The same bytes shown to the parser of every greeting.
pub(super) fn parsers(data: &[u8]) {
    let _ = parsing::recognise(data);
    check::printable_lines(&parsing::read_by_all(data));
    // One byte more makes nothing foreign that was understood as a whole protocol.
    for length in 0..data.len().min(64) {
        let _ = parsing::recognise(&data[..length]);
    }
}
