//! Protocols known by the first bytes of what a server says.

use super::SpokenProtocol;
use super::bytes::Reader;
use super::{http2, mongodb, mysql, postgres};

/// What is spoken by a server that says these bytes. None where they could be anything, or too few came.
pub(super) fn recognise(bytes: &[u8]) -> Option<SpokenProtocol> {
    by_text(bytes).or_else(|| by_bytes(bytes))
}

fn by_text(bytes: &[u8]) -> Option<SpokenProtocol> {
    use SpokenProtocol as P;
    const BEGINNINGS: [(&[u8], SpokenProtocol); 21] = [
        (b"SSH-", P::Ssh),
        (b"HTTP/1", P::Http),
        (b"AMQP", P::Amqp),
        (b"INFO {", P::Nats),
        (b"-ERR '", P::Nats),
        (b"* OK", P::Imap),
        (b"* BYE", P::Imap),
        (b"RFB 00", P::Vnc),
        (b"ERROR\r\n", P::Memcached),
        (b"VERSION ", P::Memcached),
        (b"CLIENT_ERROR ", P::Memcached),
        (b"SERVER_ERROR ", P::Memcached),
        (b"+PONG", P::Redis),
        (b"-NOAUTH", P::Redis),
        (b"-DENIED", P::Redis),
        (b"-LOADING", P::Redis),
        (b"-MASTERDOWN", P::Redis),
        (b"-MISCONF", P::Redis),
        (b"-NOPERM", P::Redis),
        (b"-ERR ", P::Redis),
        (b"+OK ", P::Pop3),
    ];
    let begins = |(beginning, _): &&(&[u8], SpokenProtocol)| bytes.starts_with(beginning);
    if let Some((_, protocol)) = BEGINNINGS.iter().find(begins) {
        return Some(*protocol);
    }
    // Both begin with a code of three digits (RFC 5321, 4.2; RFC 959, 4.2) and say in words which they are.
    let code = bytes.get(..4)?;
    if code[..3].iter().all(u8::is_ascii_digit) && matches!(code[3], b' ' | b'-') {
        let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(512))?).to_ascii_uppercase();
        if text.contains("SMTP") {
            return Some(SpokenProtocol::Smtp);
        }
        if text.contains("FTP") {
            return Some(SpokenProtocol::Ftp);
        }
    }
    // Some web servers answer a request that they do not understand with a page and nothing before it.
    let start = bytes.get(..bytes.len().min(64))?.to_ascii_lowercase();
    (start.starts_with(b"<!doctype html") || start.starts_with(b"<html")).then_some(SpokenProtocol::Http)
}

fn by_bytes(bytes: &[u8]) -> Option<SpokenProtocol> {
    if is_tls(bytes) {
        return Some(SpokenProtocol::Tls);
    }
    if mysql::begins(bytes) {
        return Some(SpokenProtocol::Mysql);
    }
    if mongodb::begins(bytes) {
        return Some(SpokenProtocol::Mongodb);
    }
    if postgres::begins(bytes) {
        return Some(SpokenProtocol::Postgres);
    }
    if http2::begins(bytes) {
        return Some(SpokenProtocol::Http2);
    }
    // A method frame of AMQP on channel 0: Connection.Start.
    if bytes.starts_with(&[1, 0, 0]) && bytes.get(7..11) == Some(&[0, 10, 0, 10]) {
        return Some(SpokenProtocol::Amqp);
    }
    None
}

/// A record of TLS: an alert or a handshake message, of a version that begins with 3 (RFC 8446, 5.1).
fn is_tls(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8();
    let version = reader.u16();
    let length = reader.u16();
    matches!(kind, Some(0x15 | 0x16))
        && version.is_some_and(|version| (0x0300..=0x0304).contains(&version))
        && length.is_some_and(|length| (2..=16_640).contains(&length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_its_first_bytes() {
        let cases: [(&[u8], Option<SpokenProtocol>); 17] = [
            (b"SSH-2.0-OpenSSH_9.2\r\n", Some(SpokenProtocol::Ssh)),
            (b"HTTP/1.1 400 Bad Request\r\n", Some(SpokenProtocol::Http)),
            (b"\x15\x03\x01\x00\x02\x02\x46", Some(SpokenProtocol::Tls)),
            (b"\x15\x03\x09\x00\x02\x02\x46", None),
            (b"220 mail.test ESMTP Postfix\r\n", Some(SpokenProtocol::Smtp)),
            (b"220 (vsFTPd 3.0.3)\r\n", Some(SpokenProtocol::Ftp)),
            (b"220 welcome\r\n", None),
            (b"-ERR 'Unknown Protocol Operation'\r\n", Some(SpokenProtocol::Nats)),
            (b"-ERR unknown command\r\n", Some(SpokenProtocol::Redis)),
            (b"AMQP\x00\x01\x00\x00", Some(SpokenProtocol::Amqp)),
            (b"+OK ready\r\n", Some(SpokenProtocol::Pop3)),
            (b"ERROR\r\n", Some(SpokenProtocol::Memcached)),
            (b"<html><body>400", Some(SpokenProtocol::Http)),
            (b"\x00\x00\x06\x04\x00\x00\x00\x00\x00", Some(SpokenProtocol::Http2)),
            (b"", None),
            (b"hello\n", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ];
        for (bytes, protocol) in cases {
            assert_eq!(recognise(bytes), protocol, "{bytes:?}");
        }
    }
}
