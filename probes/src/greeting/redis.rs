//! Redis and its kin: `PING` (Redis' documentation, "RESP protocol specification", inline commands).

use super::bytes::{Heard, first_line};
use super::conversation::Ended;
use super::speak::Line;
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::text::printable;

/// An inline command, which servers of other protocols answer as well, each in its own words.
pub(super) const PING: &[u8] = b"PING\r\n";

const MAX_LINE: usize = 4096;
const MAX_TEXT: usize = 300;

/// What the server says to `PING`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It answers.
    Pong,
    /// It wants to know who it is.
    WantsAuthentication,
    /// It answers nobody like this.
    Error(Refusal),
}

/// Reads the answer: one line of RESP.
pub(super) fn answer(bytes: &[u8]) -> Heard<Answer> {
    if bytes.first().is_some_and(|first| !matches!(first, b'+' | b'-')) {
        return Heard::Foreign;
    }
    let line = match first_line(bytes, MAX_LINE) {
        Heard::Got(line) => line,
        Heard::More => return Heard::More,
        Heard::Foreign => return Heard::Foreign,
    };
    if line == b"+PONG" {
        return Heard::Got(Answer::Pong);
    }
    let Some(text) = line.strip_prefix(b"-") else { return Heard::Foreign };
    // NATS puts its errors in quotes.
    if text.starts_with(b"ERR '") {
        return Heard::Foreign;
    }
    let text = printable(text, MAX_TEXT);
    let (code, rest) = text.split_once(' ').unwrap_or((&text, ""));
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Heard::Foreign;
    }
    let kind = match code {
        "NOAUTH" | "NOPERM" | "WRONGPASS" => return Heard::Got(Answer::WantsAuthentication),
        "DENIED" => RefusalKind::ProtectedMode,
        "LOADING" => RefusalKind::StartingUp,
        "ERR" if rest.contains("max number of clients") => RefusalKind::TooManyConnections,
        // What Redis said before version 3.
        "ERR" if rest.starts_with("operation not permitted") => return Heard::Got(Answer::WantsAuthentication),
        // One that does not know `PING` is one of its kin all the same, such as a proxy.
        "ERR" if rest.starts_with("unknown command") => return Heard::Got(Answer::Pong),
        _ => RefusalKind::Other,
    };
    Heard::Got(Answer::Error(Refusal { kind, code: Some(code.to_owned()), text: text.clone() }))
}

/// Says `PING`, and hears the answer.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(PING).await;
    let heard = line.hear(&mut talk, fact, answer).await?;
    fact.answered = Some(SpokenProtocol::Redis);
    fact.outcome = match heard {
        Answer::Pong => GreetingOutcome::Welcome,
        Answer::WantsAuthentication => GreetingOutcome::WantsAuthentication,
        Answer::Error(refusal) => {
            fact.refusal = Some(refusal);
            GreetingOutcome::Refused
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &[u8]) -> Option<RefusalKind> {
        match answer(line) {
            Heard::Got(Answer::Error(refusal)) => Some(refusal.kind),
            _ => None,
        }
    }

    #[test]
    fn answers_by_their_first_word() {
        assert_eq!(answer(b"+PONG\r\n"), Heard::Got(Answer::Pong));
        assert_eq!(answer(b"-NOAUTH Authentication required.\r\n"), Heard::Got(Answer::WantsAuthentication));
        assert_eq!(kind(b"-DENIED Redis is running in protected mode\r\n"), Some(RefusalKind::ProtectedMode));
        assert_eq!(kind(b"-LOADING Redis is loading the dataset in memory\r\n"), Some(RefusalKind::StartingUp));
        assert_eq!(kind(b"-ERR max number of clients reached\r\n"), Some(RefusalKind::TooManyConnections));
        assert_eq!(kind(b"-MASTERDOWN Link with MASTER is down\r\n"), Some(RefusalKind::Other));
    }

    #[test]
    fn other_protocols_are_foreign() {
        for other in [&b"HTTP/1.1 400\r\n"[..], b"ERROR\r\n", b"+OK POP3\r\n", b"-ERR 'Unknown'\r\n", b"-\x1b[31m\r\n"]
        {
            assert_eq!(answer(other), Heard::Foreign, "{other:?}");
        }
        assert_eq!(answer(&[b"+".repeat(5000), b"x".to_vec()].concat()), Heard::Foreign);
        assert_eq!(answer(b"-DENIED Redis"), Heard::More);
    }
}
