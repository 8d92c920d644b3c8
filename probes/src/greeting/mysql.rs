//! `MySQL` and `MariaDB`: the server speaks first (MySQL's "Client/Server Protocol", connection phase). Nothing is sent but
//! what TLS needs, for what comes next would be a login.

use super::bytes::{Heard, Reader};
use super::conversation::Ended;
use super::speak::{Line, refuse};
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::application::Security;
use crate::text::printable;

/// Capability flags (`CLIENT_…`).
const PROTOCOL_41: u32 = 0x0200;
const SSL: u32 = 0x0800;
const SECURE_CONNECTION: u32 = 0x8000;
/// The longest first packet that is read.
const MAX_PACKET: usize = 4096;
const MAX_TEXT: usize = 300;

/// The first packet of a server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum First {
    /// `HandshakeV10`.
    Handshake { version: String, tls: bool },
    /// `ERR_Packet`.
    Error(Refusal),
}

/// Whether bytes are the beginning of a server's first packet.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let (Some(length), Some(body)) = (bytes.get(..3), bytes.get(4..)) else { return false };
    let length = usize::from(length[0]) | usize::from(length[1]) << 8 | usize::from(length[2]) << 16;
    if !(9..=MAX_PACKET).contains(&length) {
        return false;
    }
    match body {
        // Protocol 10, and a version in digits.
        [10, digit, ..] => digit.is_ascii_digit(),
        [0xff, _, high, ..] => (0x03..=0x10).contains(high),
        _ => false,
    }
}

/// Reads the first packet: a length of 24 bits, the first byte last, a sequence number, and the body.
pub(super) fn first(bytes: &[u8]) -> Heard<First> {
    if bytes.len() < 7 {
        return Heard::More;
    }
    if !begins(bytes) {
        return Heard::Foreign;
    }
    let mut reader = Reader::new(bytes);
    let length = reader.take(3).map_or(0, |length| usize::from(length[0]) | usize::from(length[1]) << 8);
    reader.u8();
    let Some(body) = reader.take(length) else { return Heard::More };
    let read = if body.first() == Some(&0xff) { error(body) } else { handshake(body) };
    read.map_or(Heard::Foreign, Heard::Got)
}

fn error(body: &[u8]) -> Option<First> {
    let mut reader = Reader::new(body.get(1..)?);
    let code = reader.u16_le()?;
    let rest = body.get(3..)?;
    // The SQLSTATE is there once the client has said that it knows of it.
    let text = if rest.first() == Some(&b'#') { rest.get(6..)? } else { rest };
    let kind = match code {
        1040 | 1203 => RefusalKind::TooManyConnections,
        1129 => RefusalKind::HostBlocked,
        1130 => RefusalKind::HostDenied,
        1045 | 1698 => RefusalKind::Authentication,
        1049 => RefusalKind::UnknownDatabase,
        1053 => RefusalKind::StartingUp,
        3159 => RefusalKind::TlsRequired,
        _ => RefusalKind::Other,
    };
    Some(First::Error(Refusal { kind, code: Some(code.to_string()), text: printable(text, MAX_TEXT) }))
}

fn handshake(body: &[u8]) -> Option<First> {
    let mut reader = Reader::new(body.get(1..)?);
    let version = printable(reader.zero_ended()?, 100);
    // The thread's id, the first part of the scramble, a filler.
    reader.take(4 + 8 + 1)?;
    let capabilities = u32::from(reader.u16_le()?);
    Some(First::Handshake { version, tls: capabilities & SSL != 0 })
}

/// `SSLRequest`: the beginning of a login that has neither user nor password in it, as packet 1.
fn ssl_request() -> Vec<u8> {
    let mut packet = vec![32, 0, 0, 1];
    packet.extend((PROTOCOL_41 | SSL | SECURE_CONNECTION).to_le_bytes());
    packet.extend(0x0100_0000_u32.to_le_bytes());
    // utf8mb4, and 23 bytes for nothing.
    packet.push(45);
    packet.extend([0; 23]);
    packet
}

/// Hears the server out.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open(fact).await?;
    let heard = line.hear(&mut talk, fact, first).await?;
    fact.answered = Some(SpokenProtocol::Mysql);
    match heard {
        First::Error(refusal) => {
            fact.outcome = GreetingOutcome::Refused;
            fact.refusal = Some(refusal);
        }
        First::Handshake { version, tls } => {
            let maria = version.to_ascii_lowercase().contains("mariadb");
            fact.software = Some(if maria { "MariaDB" } else { "MySQL" }.to_owned());
            // MariaDB says `5.5.5-` before its own version, for clients of old that know no other (MDEV-4088).
            fact.version = Some(if maria { version.trim_start_matches("5.5.5-").to_owned() } else { version });
            fact.tls_offered = Some(tls);
            fact.outcome = GreetingOutcome::WantsAuthentication;
            if matches!(line.ask.application.security, Security::Upgrade | Security::Tls) {
                if !tls {
                    refuse(fact, RefusalKind::TlsNotOffered, "the server's greeting does not offer TLS (CLIENT_SSL)");
                    return Ok(());
                }
                talk.say(&ssl_request()).await;
                talk.secure(line.ask, fact).await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A packet with a body.
    pub(in crate::greeting) fn packet(body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).expect("short");
        [&[length, 0, 0, 0], body].concat()
    }

    /// A handshake of a version, with or without TLS.
    pub(in crate::greeting) fn greeting(version: &str, tls: bool) -> Vec<u8> {
        let mut body = vec![10];
        body.extend(version.bytes());
        body.extend([0, 1, 0, 0, 0]);
        body.extend(b"abcdefgh\0");
        body.extend(if tls { [0xff, 0xff] } else { [0xff, 0xf7] });
        body.extend([45, 2, 0, 0xff, 0xc1, 21]);
        body.extend([0; 10]);
        body.extend(b"ijklmnopqrst\0mysql_native_password\0");
        packet(&body)
    }

    #[test]
    fn the_greeting_says_version_and_tls() {
        let told = |tls| Heard::Got(First::Handshake { version: "8.0.36".to_owned(), tls });
        assert_eq!(first(&greeting("8.0.36", true)), told(true));
        assert_eq!(first(&greeting("8.0.36", false)), told(false));
        let whole = greeting("8.0.36", true);
        assert_eq!(first(&whole[..20]), Heard::More);
    }

    #[test]
    fn errors_by_their_number() {
        let refused = |code: u16, text: &str| {
            let body = [&[0xff], &code.to_le_bytes()[..], text.as_bytes()].concat();
            match first(&packet(&body)) {
                Heard::Got(First::Error(refusal)) => refusal,
                other => panic!("{other:?}"),
            }
        };
        let denied = refused(1130, "Host '172.18.0.3' is not allowed to connect to this MariaDB server");
        assert_eq!((denied.kind, denied.code.as_deref()), (RefusalKind::HostDenied, Some("1130")));
        assert_eq!(refused(1129, "Host is blocked").kind, RefusalKind::HostBlocked);
        assert_eq!(refused(1040, "Too many connections").kind, RefusalKind::TooManyConnections);
        assert_eq!(refused(1040, "#08004Too many connections").text, "Too many connections");
    }

    #[test]
    fn what_is_no_packet_of_mysql_is_foreign() {
        assert_eq!(first(b"HTTP/1.1 400"), Heard::Foreign);
        assert_eq!(first(b"\xff\xff\xff\0\x0a8.0"), Heard::Foreign);
        assert_eq!(first(b"\x0c\0\0\0\x0a8.0.36\0\0\0\0\0\0"), Heard::Foreign, "it ends before its flags");
    }

    #[test]
    fn the_request_for_tls_is_as_long_as_it_says() {
        assert_eq!(ssl_request().len(), 36);
    }
}
