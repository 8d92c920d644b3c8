//! `PostgreSQL`: `SSLRequest`, and the start-up message of a client that has a user (PostgreSQL's documentation,
//! "Frontend/Backend Protocol", message flow and message formats). A password is asked for and never given.

use super::bytes::{Heard, Reader};
use super::conversation::{Conversation, Ended};
use super::speak::{Line, refuse};
use super::{GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::application::Security;
use crate::text::printable;

/// `SSLRequest`: its length, and 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// `Terminate`.
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];
/// Protocol 3.0.
const VERSION: u32 = 0x0003_0000;
/// The longest message that is read.
const MAX_MESSAGE: u32 = 16 * 1024;
const MAX_TEXT: usize = 300;

/// What the server says to a start-up message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It lets the user in as it is.
    Ok,
    /// It asks for a password or something like it.
    WantsAuthentication,
    /// An error.
    Error(Refusal),
}

/// Whether bytes are the beginning of an answer to a start-up message.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8();
    let length = reader.u32();
    let next = reader.u8();
    match (kind, length, next) {
        // An error begins with its severity (protocol 3: field `S` or `V`).
        (Some(b'E'), Some(length), Some(b'S' | b'V')) | (Some(b'R'), Some(length), Some(0)) => {
            (8..=MAX_MESSAGE).contains(&length)
        }
        _ => false,
    }
}

/// Reads the answer to `SSLRequest`: whether TLS is offered, or an error of a server that can not even say that.
pub(super) fn ssl_answer(bytes: &[u8]) -> Heard<Result<bool, Refusal>> {
    match bytes {
        [] => Heard::More,
        [b'S'] => Heard::Got(Ok(true)),
        [b'N'] => Heard::Got(Ok(false)),
        _ => match answer(bytes) {
            Heard::Got(Answer::Error(refusal)) => Heard::Got(Err(refusal)),
            Heard::More => Heard::More,
            _ => Heard::Foreign,
        },
    }
}

/// Reads the answer to a start-up message. Notices and the negotiation of the version are passed over.
pub(super) fn answer(bytes: &[u8]) -> Heard<Answer> {
    let mut reader = Reader::new(bytes);
    loop {
        let Some(kind) = reader.u8() else { return Heard::More };
        if !matches!(kind, b'E' | b'R' | b'N' | b'v') {
            return Heard::Foreign;
        }
        let Some(length) = reader.u32() else { return Heard::More };
        if !(4..=MAX_MESSAGE).contains(&length) {
            return Heard::Foreign;
        }
        let Some(body) = reader.take(length as usize - 4) else { return Heard::More };
        match kind {
            b'E' => return error(body).map_or(Heard::Foreign, |refusal| Heard::Got(Answer::Error(refusal))),
            b'R' => {
                return match Reader::new(body).u32() {
                    Some(0) => Heard::Got(Answer::Ok),
                    Some(_) => Heard::Got(Answer::WantsAuthentication),
                    None => Heard::Foreign,
                };
            }
            _ => {}
        }
    }
}

/// The fields of an `ErrorResponse`: a letter and a text each, up to a zero.
fn error(body: &[u8]) -> Option<Refusal> {
    let mut reader = Reader::new(body);
    let (mut code, mut text, mut routine) = (None, None, None);
    loop {
        let field = reader.u8()?;
        if field == 0 {
            break;
        }
        let value = printable(reader.zero_ended()?, MAX_TEXT);
        match field {
            b'C' => code = Some(value),
            b'M' => text = Some(value),
            b'R' => routine = Some(value),
            _ => {}
        }
    }
    let (code, text) = (code?, text?);
    Some(Refusal { kind: kind(&code, &text, routine.as_deref()), code: Some(code), text })
}

/// What an SQLSTATE comes to (PostgreSQL's documentation, appendix A). The text is in the server's language; the routine and
/// names of files are not.
fn kind(code: &str, text: &str, routine: Option<&str>) -> RefusalKind {
    match code {
        "28000" if routine == Some("ClientAuthentication") || text.contains("pg_hba.conf") => RefusalKind::HostDenied,
        "28000" if routine == Some("InitializeSessionUserId") => RefusalKind::UnknownUser,
        "28000" | "28P01" => RefusalKind::Authentication,
        "3D000" => RefusalKind::UnknownDatabase,
        "53300" => RefusalKind::TooManyConnections,
        "57P01" | "57P02" | "57P03" => RefusalKind::StartingUp,
        _ => RefusalKind::Other,
    }
}

/// The start-up message of a user. Neither name can hold a zero, which ends it.
fn startup(user: &str, database: Option<&str>) -> Vec<u8> {
    let mut body = VERSION.to_be_bytes().to_vec();
    let fields = [("user", Some(user)), ("database", database), ("application_name", Some("dprobe"))];
    for (name, value) in fields {
        let Some(value) = value else { continue };
        for text in [name, value] {
            body.extend(text.bytes().filter(|byte| *byte != 0).take(200));
            body.push(0);
        }
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().to_vec(), body].concat()
}

/// Speaks as a client would, and where the server's access list turns it away, finds out whether it would with TLS or
/// without, too.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let wants_tls = line.ask.application.security != Security::Plain || line.ask.user.is_none();
    match attempt(line, fact, wants_tls).await {
        // `sslmode=prefer` goes on without TLS where the handshake fails, too.
        Err(Ended::Tls) if line.ask.application.security == Security::Preferred => {
            fact.tls_failure = None;
            fact.tls = None;
            attempt(line, fact, false).await?;
        }
        other => other?,
    }
    if fact.refusal.as_ref().is_none_or(|refusal| refusal.kind != RefusalKind::HostDenied) {
        return Ok(());
    }
    let over_tls = fact.tls.is_some();
    let mut other = GreetingFact { refusal: None, ..fact.clone() };
    let changed = match line.ask.application.security {
        // `sslmode=prefer` goes on without TLS where the server does not let it in with it.
        Security::Preferred => {
            other.tls = None;
            over_tls && attempt(line, &mut other, false).await.is_ok()
        }
        Security::Plain => !over_tls && attempt(line, &mut other, true).await.is_ok(),
        Security::Upgrade | Security::Tls => false,
    };
    let lets_in = other.refusal.as_ref().is_none_or(|refusal| refusal.kind != RefusalKind::HostDenied);
    match line.ask.application.security {
        Security::Preferred if changed && lets_in => *fact = other,
        Security::Plain if changed && lets_in && other.tls.is_some() => {
            fact.tls_offered = Some(true);
            fact.tls = other.tls;
            if let Some(refusal) = &mut fact.refusal {
                refusal.kind = RefusalKind::TlsRequired;
            }
        }
        _ => {}
    }
    Ok(())
}

/// One connection.
async fn attempt(line: &Line<'_>, fact: &mut GreetingFact, wants_tls: bool) -> Result<(), Ended> {
    let mut talk = line.open(fact).await?;
    if wants_tls {
        talk.say(&SSL_REQUEST).await;
        match line.hear(&mut talk, fact, ssl_answer).await? {
            Ok(offered) => fact.tls_offered = Some(offered),
            Err(refusal) => return known(fact, GreetingOutcome::Refused, Some(refusal)),
        }
        known(fact, GreetingOutcome::Welcome, None)?;
        match (fact.tls_offered, line.ask.application.security) {
            (Some(true), security) if security != Security::Plain || line.ask.user.is_some() => {
                talk.secure(line.ask, fact).await?;
            }
            (Some(false), Security::Upgrade | Security::Tls) => {
                refuse(fact, RefusalKind::TlsNotOffered, "the server answers N to SSLRequest: it has no TLS");
                return Ok(());
            }
            _ => {}
        }
        talk.forget();
    }
    if let Some(user) = &line.ask.user {
        talk.say(&startup(user, line.ask.database.as_deref())).await;
        let answered = line.hear(&mut talk, fact, answer).await?;
        talk.say(&TERMINATE).await;
        return match answered {
            Answer::Ok => known(fact, GreetingOutcome::Welcome, None),
            Answer::WantsAuthentication => known(fact, GreetingOutcome::WantsAuthentication, None),
            Answer::Error(refusal) if refusal.kind == RefusalKind::Authentication => {
                known(fact, GreetingOutcome::WantsAuthentication, None)
            }
            Answer::Error(refusal) => known(fact, GreetingOutcome::Refused, Some(refusal)),
        };
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the functions that call it")]
fn known(fact: &mut GreetingFact, outcome: GreetingOutcome, refusal: Option<Refusal>) -> Result<(), Ended> {
    fact.answered = Some(SpokenProtocol::Postgres);
    fact.outcome = outcome;
    fact.refusal = refusal;
    Ok(())
}

/// Asks a server that said nothing so far, to find out whether it is `PostgreSQL`.
pub(super) async fn identify(talk: &mut Conversation) -> bool {
    talk.say(&SSL_REQUEST).await;
    talk.hear(ssl_answer).await.is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An `ErrorResponse`.
    pub(in crate::greeting) fn error_response(fields: &[(u8, &str)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (field, text) in fields {
            body.push(*field);
            body.extend(text.bytes());
            body.push(0);
        }
        body.push(0);
        let length = u32::try_from(body.len() + 4).expect("short");
        [vec![b'E'], length.to_be_bytes().to_vec(), body].concat()
    }

    fn refusal(fields: &[(u8, &str)]) -> RefusalKind {
        match answer(&error_response(fields)) {
            Heard::Got(Answer::Error(refusal)) => refusal.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_by_their_state() {
        let no_entry = "no pg_hba.conf entry for host \"172.18.0.3\", user \"app\", database \"shop\", no encryption";
        assert_eq!(refusal(&[(b'S', "FATAL"), (b'C', "28000"), (b'M', no_entry)]), RefusalKind::HostDenied);
        let german = [(b'C', "28000"), (b'M', "kein Eintrag"), (b'R', "ClientAuthentication")];
        assert_eq!(refusal(&german), RefusalKind::HostDenied);
        let kinds = [
            ("53300", RefusalKind::TooManyConnections),
            ("57P03", RefusalKind::StartingUp),
            ("3D000", RefusalKind::UnknownDatabase),
            ("28P01", RefusalKind::Authentication),
            ("XX000", RefusalKind::Other),
        ];
        for (code, kind) in kinds {
            assert_eq!(refusal(&[(b'C', code), (b'M', "text")]), kind);
        }
    }

    #[test]
    fn requests_for_a_password_and_lying_lengths() {
        assert_eq!(answer(b"R\0\0\0\x08\0\0\0\0"), Heard::Got(Answer::Ok));
        assert_eq!(answer(b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"), Heard::Got(Answer::WantsAuthentication));
        assert_eq!(answer(b"R\0\0\0\x17\0\0\0\x0aSCR"), Heard::More);
        assert_eq!(answer(b"R\xff\xff\xff\xff\0\0\0\0"), Heard::Foreign);
        assert_eq!(answer(b"E\0\0\0\x02"), Heard::Foreign);
        assert_eq!(answer(b"E\0\0\0\x08SSSS"), Heard::Foreign);
        assert_eq!(answer(b"HTTP/1.1"), Heard::Foreign);
        assert_eq!(ssl_answer(b"S"), Heard::Got(Ok(true)));
        // More than one byte is no answer to SSLRequest (CVE-2021-23222), unless it is an error.
        assert_eq!(ssl_answer(b"SSH-2.0"), Heard::Foreign);
        assert!(begins(&error_response(&[(b'S', "FATAL")])));
    }

    #[test]
    fn the_startup_message_says_how_long_it_is() {
        let message = startup("app\0x", Some("shop"));
        assert_eq!(usize::from(message[3]), message.len());
        assert!(message.windows(9).any(|part| part == b"user\0appx"));
    }
}
