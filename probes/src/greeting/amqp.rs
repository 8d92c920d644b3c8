//! AMQP 0-9-1: the protocol header, and the server's `Connection.Start` (the specification of 0-9-1, sections 2.2.4 and 4.2).

use super::bytes::{Heard, Reader};
use super::conversation::Ended;
use super::speak::Line;
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::text::printable;

const HEADER: &[u8] = b"AMQP\0\0\x09\x01";
const MAX_FRAME: usize = 32 * 1024;
/// The most properties of a server that are read.
const MAX_PROPERTIES: usize = 50;

/// What the server says to the header.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// `Connection.Start`: the server's product and version.
    Start { product: Option<String>, version: Option<String> },
    /// Its own header: it speaks another version only.
    Header([u8; 4]),
}

/// Reads the answer.
pub(super) fn answer(bytes: &[u8]) -> Heard<Answer> {
    if let Some(rest) = bytes.strip_prefix(b"AMQP") {
        return match rest.first_chunk::<4>() {
            Some(version) => Heard::Got(Answer::Header(*version)),
            None => Heard::More,
        };
    }
    if b"AMQP".starts_with(bytes) {
        return Heard::More;
    }
    let mut reader = Reader::new(bytes);
    // A method frame of channel 0.
    if bytes.first() != Some(&1) || bytes.get(1..3).is_some_and(|channel| channel != [0, 0]) {
        return Heard::Foreign;
    }
    let (Some(_), Some(length)) = (reader.take(3), reader.u32()) else { return Heard::More };
    let Some(length) = usize::try_from(length).ok().filter(|length| (8..=MAX_FRAME).contains(length)) else {
        return Heard::Foreign;
    };
    let Some(frame) = reader.take(length) else { return Heard::More };
    start(frame).map_or(Heard::Foreign, Heard::Got)
}

/// The arguments of `Connection.Start`: class 10, method 10, the version, and a table of properties.
fn start(frame: &[u8]) -> Option<Answer> {
    let mut reader = Reader::new(frame);
    if (reader.u16()?, reader.u16()?) != (10, 10) {
        return None;
    }
    reader.take(2)?;
    let mut table = Reader::new(reader.counted()?);
    let (mut product, mut version) = (None, None);
    for _ in 0..MAX_PROPERTIES {
        if table.is_empty() {
            break;
        }
        let Some((name, text)) = property(&mut table) else { break };
        match name {
            b"product" => product = text,
            b"version" => version = text,
            _ => {}
        }
    }
    Some(Answer::Start { product, version })
}

/// One entry of a table: a short name, and a value. None for a kind that is not passed over here, which ends the reading.
fn property<'a>(table: &mut Reader<'a>) -> Option<(&'a [u8], Option<String>)> {
    let length = table.u8()?;
    let name = table.take(length.into())?;
    let kind = table.u8()?;
    let text = match kind {
        b'S' => Some(printable(table.counted()?, 100)),
        b'F' | b'A' => table.counted().map(|_| None)?,
        b't' | b'b' | b'B' => table.take(1).map(|_| None)?,
        b'I' | b'i' => table.take(4).map(|_| None)?,
        b'V' => None,
        _ => return None,
    };
    Some((name, text))
}

/// Says the header, and hears the answer.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(HEADER).await;
    let heard = line.hear(&mut talk, fact, answer).await?;
    fact.answered = Some(SpokenProtocol::Amqp);
    match heard {
        Answer::Start { product, version } => {
            fact.software = product;
            fact.version = version;
            fact.outcome = GreetingOutcome::WantsAuthentication;
        }
        Answer::Header([_, major, minor, revision]) => {
            let text = format!("the server speaks AMQP {major}-{minor}-{revision}, not 0-9-1");
            fact.outcome = GreetingOutcome::Refused;
            fact.refusal = Some(Refusal { kind: RefusalKind::Other, code: None, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Connection.Start` of a server.
    fn connection_start(product: &str, version: &str) -> Vec<u8> {
        let text = |name: &str, text: &str| {
            let (short, long) = (u8::try_from(name.len()).expect("short"), u32::try_from(text.len()).expect("short"));
            [&[short][..], name.as_bytes(), b"S", &long.to_be_bytes(), text.as_bytes()].concat()
        };
        let table =
            [b"\x0ccapabilitiesF\0\0\0\0".to_vec(), text("product", product), text("version", version)].concat();
        let length = u32::try_from(table.len()).expect("short");
        let body =
            [b"\0\x0a\0\x0a\0\x09", &length.to_be_bytes()[..], &table, b"\0\0\0\x05PLAIN\0\0\0\x05en_US"].concat();
        let length = u32::try_from(body.len()).expect("short");
        [b"\x01\0\0", &length.to_be_bytes()[..], &body, b"\xce"].concat()
    }

    #[test]
    fn a_start_says_who_it_is() {
        let bytes = connection_start("RabbitMQ", "3.12.1");
        let told = Answer::Start { product: Some("RabbitMQ".to_owned()), version: Some("3.12.1".to_owned()) };
        assert_eq!(answer(&bytes), Heard::Got(told));
        assert_eq!(answer(&bytes[..20]), Heard::More);
    }

    #[test]
    fn another_version_and_other_protocols() {
        assert_eq!(answer(b"AMQP\x03\x01\0\0"), Heard::Got(Answer::Header([3, 1, 0, 0])));
        assert_eq!(answer(b"AM"), Heard::More);
        assert_eq!(answer(b"\x01\0\0\xff\xff\xff\xff"), Heard::Foreign);
        assert_eq!(answer(b"HTTP/1.1"), Heard::Foreign);
    }
}
