//! HTTP/2 with prior knowledge: the client's preface, and the server's (RFC 9113, 3.3 and 3.4).

use super::bytes::{Heard, Reader};
use super::conversation::Ended;
use super::speak::Line;
use super::{GreetingFact, GreetingOutcome, SpokenProtocol};

/// The preface, and an empty SETTINGS frame behind it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GOAWAY of stream 0 without an error, the last that is said.
const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Whether bytes are the beginning of a SETTINGS frame, which a server says first.
pub(super) fn begins(bytes: &[u8]) -> bool {
    matches!(settings(bytes), Heard::Got(()))
}

/// Reads the head of the first frame: SETTINGS of stream 0, a multiple of six bytes long.
pub(super) fn settings(bytes: &[u8]) -> Heard<()> {
    let mut reader = Reader::new(bytes);
    let Some(head) = reader.take(9) else {
        return if bytes.first().is_none_or(|first| *first == 0) { Heard::More } else { Heard::Foreign };
    };
    let length = u32::from(head[0]) << 16 | u32::from(head[1]) << 8 | u32::from(head[2]);
    let good = head[3] == 4 && head[4] == 0 && head[5..] == [0; 4] && length.is_multiple_of(6) && length <= 600;
    if good { Heard::Got(()) } else { Heard::Foreign }
}

/// Says the preface, and hears the server's.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(PREFACE).await;
    line.hear(&mut talk, fact, settings).await?;
    fact.answered = Some(SpokenProtocol::Http2);
    fact.outcome = GreetingOutcome::Welcome;
    talk.say(GOAWAY).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_what_is_none() {
        assert_eq!(settings(b"\0\0\x12\x04\0\0\0\0\0\0\x03"), Heard::Got(()));
        assert_eq!(settings(b"\0\0\x07\x04\0\0\0\0\0"), Heard::Foreign);
        assert_eq!(settings(b"HTTP/1.1 400"), Heard::Foreign);
        assert_eq!(settings(b"HT"), Heard::Foreign);
        assert_eq!(settings(b"\0\0"), Heard::More);
    }
}
