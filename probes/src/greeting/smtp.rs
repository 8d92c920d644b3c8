//! SMTP: the server's banner, `EHLO`, and `STARTTLS` where the client wants TLS (RFC 5321, RFC 3207).

use super::bytes::Heard;
use super::conversation::Ended;
use super::speak::{Line, refuse};
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::application::Security;
use crate::text::printable;

const MAX_REPLY: usize = 16 * 1024;
/// A name that nobody has (RFC 2606), for the client has none to tell.
const EHLO: &[u8] = b"EHLO dprobe.invalid\r\n";

/// A reply: its code, and its lines without it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

/// Reads a reply of one or more lines (RFC 5321, 4.2.1).
pub(super) fn reply(bytes: &[u8]) -> Heard<Reply> {
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(code) = code(line) else {
            return if line.len() < 4 && line.iter().all(u8::is_ascii_digit) { more(bytes) } else { Heard::Foreign };
        };
        let Some(text) = line.strip_suffix(b"\n") else { return more(bytes) };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if lines.len() < 100 {
            lines.push(printable(text.get(4..).unwrap_or_default(), 200));
        }
        if text.get(3) != Some(&b'-') {
            return Heard::Got(Reply { code, lines });
        }
    }
    more(bytes)
}

fn more<T>(bytes: &[u8]) -> Heard<T> {
    if bytes.len() > MAX_REPLY { Heard::Foreign } else { Heard::More }
}

/// The code of a line: three digits, and a blank, a dash or its end.
fn code(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let separated = line.get(3).is_some_and(|next| matches!(next, b' ' | b'-' | b'\r' | b'\n'));
    separated.then(|| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
}

/// Hears the banner, says `EHLO`, and leaves with `QUIT`.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured_from_the_start(fact).await?;
    let banner = line.hear(&mut talk, fact, reply).await?;
    // A code alone could be FTP's as well.
    if super::recognise::recognise(&talk.heard) == Some(SpokenProtocol::Ftp) {
        return Err(Ended::Foreign);
    }
    fact.answered = Some(SpokenProtocol::Smtp);
    fact.outcome = GreetingOutcome::Welcome;
    fact.software = banner.lines.first().cloned();
    if banner.code != 220 {
        turned_away(fact, &banner);
        return Ok(());
    }
    talk.forget();
    talk.say(EHLO).await;
    let offers = line.hear(&mut talk, fact, reply).await?;
    let offered = offers.lines.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"));
    if offers.code != 250 {
        turned_away(fact, &offers);
    } else if line.ask.application.security == Security::Upgrade {
        fact.tls_offered = Some(offered);
        if offered {
            talk.forget();
            talk.say(b"STARTTLS\r\n").await;
            let ready = line.hear(&mut talk, fact, reply).await?;
            if ready.code == 220 {
                talk.secure(line.ask, fact).await?;
            } else {
                turned_away(fact, &ready);
            }
        } else {
            refuse(fact, RefusalKind::TlsNotOffered, "the server's answer to EHLO does not offer STARTTLS");
        }
    } else if line.ask.application.security != Security::Tls {
        fact.tls_offered = Some(offered);
    }
    talk.say(b"QUIT\r\n").await;
    Ok(())
}

fn turned_away(fact: &mut GreetingFact, reply: &Reply) {
    let text = reply.lines.join(" ");
    let kind = if text.to_ascii_lowercase().contains("too many") {
        RefusalKind::TooManyConnections
    } else {
        RefusalKind::Other
    };
    fact.outcome = GreetingOutcome::Refused;
    let text = printable(text.as_bytes(), 300);
    fact.refusal = Some(Refusal { kind, code: Some(reply.code.to_string()), text });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_one_line_and_of_several() {
        let one = Reply { code: 220, lines: vec!["mail.test ESMTP".to_owned()] };
        assert_eq!(reply(b"220 mail.test ESMTP\r\n"), Heard::Got(one));
        let Heard::Got(several) = reply(b"250-mail.test\r\n250-SIZE 1\r\n250 STARTTLS\r\n") else { panic!("none") };
        assert_eq!((several.code, several.lines.len()), (250, 3));
        assert_eq!(reply(b"250-mail.test\r\n250"), Heard::More);
        assert_eq!(reply(b"22"), Heard::More);
    }

    #[test]
    fn what_is_no_reply_is_foreign() {
        for other in [&b"HTTP/1.1 400\r\n"[..], b"SSH-2.0\r\n", b"2200\r\n", b"\xff\xfe"] {
            assert_eq!(reply(other), Heard::Foreign, "{other:?}");
        }
        assert_eq!(reply(&b"250-x\r\n".repeat(5000)), Heard::Foreign);
    }
}
