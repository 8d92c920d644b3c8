//! MQTT 3.1.1: `CONNECT` without user and password, `CONNACK`, `DISCONNECT` (OASIS standard, sections 3.1, 3.2 and 3.14). A
//! server that lets anybody in holds the session of a random client until it is ended at once.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use super::bytes::Heard;
use super::conversation::Ended;
use super::speak::Line;
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};

const DISCONNECT: [u8; 2] = [0xe0, 0];

/// Reads `CONNACK`: its return code.
pub(super) fn connack(bytes: &[u8]) -> Heard<u8> {
    match bytes {
        [0x20, 2, flags, code, ..] if *flags <= 1 && *code <= 5 => Heard::Got(*code),
        [] | [0x20] | [0x20, 2] | [0x20, 2, 0 | 1] => Heard::More,
        _ => Heard::Foreign,
    }
}

/// `CONNECT` with a clean session.
fn connect() -> Vec<u8> {
    let id = format!("dprobe-{:08x}", RandomState::new().build_hasher().finish() & 0xffff_ffff);
    // Level 4, a clean session, ten seconds of keep alive.
    let mut body = b"\0\x04MQTT\x04\x02\0\x0a\0".to_vec();
    body.push(u8::try_from(id.len()).unwrap_or_default());
    body.extend(id.bytes());
    [vec![0x10, u8::try_from(body.len()).unwrap_or_default()], body].concat()
}

/// Connects as nobody, and leaves.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(&connect()).await;
    let code = line.hear(&mut talk, fact, connack).await?;
    fact.answered = Some(SpokenProtocol::Mqtt);
    let why = match code {
        0 => {
            talk.say(&DISCONNECT).await;
            fact.outcome = GreetingOutcome::Welcome;
            return Ok(());
        }
        4 | 5 => {
            fact.outcome = GreetingOutcome::WantsAuthentication;
            return Ok(());
        }
        1 => "unacceptable protocol version",
        2 => "identifier rejected",
        _ => "server unavailable",
    };
    fact.outcome = GreetingOutcome::Refused;
    fact.refusal = Some(Refusal { kind: RefusalKind::Other, code: Some(code.to_string()), text: why.to_owned() });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_codes() {
        assert_eq!(connack(&[0x20, 2, 0, 0]), Heard::Got(0));
        assert_eq!(connack(&[0x20, 2, 0, 5]), Heard::Got(5));
        assert_eq!(connack(&[0x20]), Heard::More);
        assert_eq!(connack(&[0x20, 9, 0, 0]), Heard::Foreign);
        assert_eq!(connack(b"HTTP"), Heard::Foreign);
    }

    #[test]
    fn every_client_is_another() {
        assert_eq!(usize::from(connect()[1]) + 2, connect().len());
        assert_ne!(connect(), connect());
    }
}
