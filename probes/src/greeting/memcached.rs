//! memcached: `version` (memcached's `doc/protocol.txt`).

use super::bytes::{Heard, first_line};
use super::conversation::Ended;
use super::speak::Line;
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::text::printable;

const MAX_LINE: usize = 4096;

/// What the server says to `version`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// Its version.
    Version(String),
    /// It wants to know who it is (`-Y`, authentication of the text protocol).
    WantsAuthentication,
    /// It answers nobody like this.
    Error(Refusal),
}

/// Reads the answer: one line.
pub(super) fn answer(bytes: &[u8]) -> Heard<Answer> {
    let line = match first_line(bytes, MAX_LINE) {
        Heard::Got(line) => line,
        Heard::More => return Heard::More,
        Heard::Foreign => return Heard::Foreign,
    };
    if let Some(version) = line.strip_prefix(b"VERSION ") {
        return Heard::Got(Answer::Version(printable(version, 100)));
    }
    if line.starts_with(b"CLIENT_ERROR unauthenticated") {
        return Heard::Got(Answer::WantsAuthentication);
    }
    let error = line.starts_with(b"ERROR") || line.starts_with(b"SERVER_ERROR") || line.starts_with(b"CLIENT_ERROR");
    if !error {
        return Heard::Foreign;
    }
    let text = printable(line, 300);
    let kind =
        if text.contains("Too many open connections") { RefusalKind::TooManyConnections } else { RefusalKind::Other };
    Heard::Got(Answer::Error(Refusal { kind, code: None, text }))
}

/// Says `version`, and hears the answer.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(b"version\r\n").await;
    let heard = line.hear(&mut talk, fact, answer).await?;
    fact.answered = Some(SpokenProtocol::Memcached);
    fact.outcome = match heard {
        Answer::Version(version) => {
            fact.version = Some(version);
            GreetingOutcome::Welcome
        }
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

    #[test]
    fn a_version_and_what_is_none() {
        assert_eq!(answer(b"VERSION 1.6.18\r\n"), Heard::Got(Answer::Version("1.6.18".to_owned())));
        assert_eq!(answer(b"CLIENT_ERROR unauthenticated\r\n"), Heard::Got(Answer::WantsAuthentication));
        assert!(matches!(
            answer(b"ERROR Too many open connections\r\n"),
            Heard::Got(Answer::Error(Refusal { kind: RefusalKind::TooManyConnections, .. }))
        ));
        assert_eq!(answer(b"-ERR unknown command\r\n"), Heard::Foreign);
    }
}
