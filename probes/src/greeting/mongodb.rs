//! `MongoDB`: the command `hello` in an `OP_MSG` (`MongoDB`'s documentation, "Wire Protocol" and `hello`), which needs no login.

use super::bson::{self, Value};
use super::bytes::{Heard, Reader};
use super::conversation::Ended;
use super::speak::Line;
use super::{Advertised, GreetingFact, GreetingOutcome, Refusal, RefusalKind, SpokenProtocol};
use crate::text::printable;

const OP_REPLY: u32 = 1;
const OP_MSG: u32 = 2013;
/// The longest message that is read.
const MAX_MESSAGE: usize = 48 * 1024;
const MAX_HOSTS: usize = 16;

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Hello {
    /// The members of the replica set, as its configuration has them.
    pub(super) hosts: Vec<String>,
    /// The primary.
    pub(super) primary: Option<String>,
    /// The server itself, as the replica set's configuration has it.
    pub(super) me: Option<String>,
    /// The name of the replica set.
    pub(super) set: Option<String>,
    /// The newest version of the wire protocol that it speaks.
    pub(super) wire: Option<f64>,
    /// Why the command failed: the code's number and the text.
    pub(super) error: Option<(Option<f64>, String)>,
}

/// The header of a message: its length, two ids, the kind.
fn header(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.u32_le()?).ok()?;
    reader.take(8)?;
    Some((length, reader.u32_le()?))
}

/// Whether bytes are the beginning of a message of `MongoDB`.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let known = |(length, kind)| (16..=MAX_MESSAGE).contains(&length) && matches!(kind, OP_REPLY | OP_MSG);
    header(bytes).is_some_and(known)
}

/// Reads the answer to `hello`.
pub(super) fn answer(bytes: &[u8]) -> Heard<Hello> {
    let Some((length, kind)) = header(bytes) else { return Heard::More };
    if !begins(bytes) {
        return Heard::Foreign;
    }
    let Some(message) = bytes.get(16..length) else { return Heard::More };
    let body = match kind {
        // Flags, and the kind of the one section.
        OP_MSG => message.get(5..),
        // Flags, a cursor, where it starts and how many documents there are.
        _ => message.get(20..),
    };
    body.and_then(bson::document).map_or(Heard::Foreign, |fields| Heard::Got(hello(&fields)))
}

fn hello(fields: &[(String, Value)]) -> Hello {
    let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    let text = |name: &str| field(name).and_then(Value::text).map(str::to_owned);
    let hosts = match field("hosts") {
        Some(Value::List(items)) => items.iter().filter_map(Value::text).take(MAX_HOSTS).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let failed = field("ok").and_then(Value::number).is_some_and(|ok| ok < 1.0);
    let error = failed.then(|| (field("code").and_then(Value::number), text("errmsg").unwrap_or_default()));
    Hello {
        hosts,
        primary: text("primary"),
        me: text("me"),
        set: text("setName"),
        wire: field("maxWireVersion").and_then(Value::number),
        error,
    }
}

/// `hello`, in an `OP_MSG` of one section.
fn request() -> Vec<u8> {
    let document = bson::written(("hello", 1), ("$db", "admin"));
    let length = u32::try_from(16 + 4 + 1 + document.len()).unwrap_or_default();
    let mut message = Vec::new();
    for word in [length, 1, 0, OP_MSG, 0] {
        message.extend(word.to_le_bytes());
    }
    message.push(0);
    message.extend(document);
    message
}

/// The release behind a version of the wire protocol (`MongoDB`'s source, `wire_version.h`).
fn release(wire: f64) -> Option<&'static str> {
    const RELEASES: [(f64, &str); 8] = [
        (6.0, "3.6"),
        (7.0, "4.0"),
        (8.0, "4.2"),
        (9.0, "4.4"),
        (13.0, "5.0"),
        (17.0, "6.0"),
        (21.0, "7.0"),
        (25.0, "8.0"),
    ];
    RELEASES.iter().find(|(version, _)| (version - wire).abs() < 0.5).map(|(_, release)| *release)
}

/// Says `hello`, and hears the answer.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(&request()).await;
    let hello = line.hear(&mut talk, fact, answer).await?;
    fact.answered = Some(SpokenProtocol::Mongodb);
    fact.outcome = GreetingOutcome::Welcome;
    fact.version = hello.wire.and_then(release).map(str::to_owned);
    match hello.error {
        // CommandNotFound (59): a server older than 4.4.2, which answers to another name for it.
        Some((Some(code), _)) if (code - 59.0).abs() < 0.5 => {}
        Some((code, text)) => {
            fact.outcome = GreetingOutcome::Refused;
            fact.refusal = Some(Refusal {
                kind: RefusalKind::Other,
                code: code.map(|code| code.to_string()),
                text: printable(text.as_bytes(), 300),
            });
        }
        None => {}
    }
    // Whoever is told of a replica set goes on to its members, and writes to the primary.
    if hello.set.is_some() {
        let lead = hello.primary.as_ref().or(hello.me.as_ref());
        let addresses = hello.hosts.iter().filter_map(|text| {
            let (host, port) = super::speak::host_and_port(text)?;
            Some(Advertised { host, port, vital: Some(text) == lead })
        });
        fact.advertised = addresses.collect();
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The answer of a member of a replica set with these hosts, the first of them its primary.
    pub(in crate::greeting) fn member(hosts: &[&str]) -> Vec<u8> {
        let string = |text: &str| {
            let length = u32::try_from(text.len() + 1).expect("short");
            [&length.to_le_bytes()[..], text.as_bytes(), b"\0"].concat()
        };
        let document = |body: Vec<u8>| {
            let length = u32::try_from(body.len() + 5).expect("short");
            [length.to_le_bytes().to_vec(), body, vec![0]].concat()
        };
        let items = hosts.iter().enumerate();
        let list: Vec<u8> =
            items.flat_map(|(at, host)| [format!("\x02{at}\0").into_bytes(), string(host)].concat()).collect();
        let mut body = [b"\x04hosts\0".to_vec(), document(list)].concat();
        for (name, text) in [("setName", "rs0"), ("primary", hosts[0]), ("me", hosts[0])] {
            body.extend([format!("\x02{name}\0").into_bytes(), string(text)].concat());
        }
        body.extend(b"\x10maxWireVersion\0\x15\0\0\0\x01ok\0\0\0\0\0\0\0\xf0\x3f");
        let document = document(body);
        let length = u32::try_from(21 + document.len()).expect("short");
        let mut message: Vec<u8> = [length, 7, 1, OP_MSG, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        message.push(0);
        message.extend(document);
        message
    }

    #[test]
    fn a_member_names_the_others() {
        let bytes = member(&["mongo1:27017", "mongo2:27017"]);
        let Heard::Got(hello) = answer(&bytes) else { panic!("no answer") };
        assert_eq!(hello.hosts, ["mongo1:27017", "mongo2:27017"]);
        assert_eq!((hello.primary.as_deref(), hello.set.as_deref()), (Some("mongo1:27017"), Some("rs0")));
        assert_eq!(hello.wire.and_then(release), Some("7.0"));
        assert_eq!(hello.error, None);
        assert_eq!(answer(&bytes[..30]), Heard::More);
    }

    #[test]
    fn lengths_that_lie_are_foreign() {
        let mut bytes = member(&["a:1"]);
        bytes[21] = 0xff;
        bytes[22] = 0xff;
        assert_eq!(answer(&bytes), Heard::Foreign);
        let huge = [&u32::MAX.to_le_bytes()[..], &bytes[4..]].concat();
        assert_eq!(answer(&huge), Heard::Foreign);
    }

    #[test]
    fn the_request_is_one_that_is_known() {
        assert!(begins(&request()));
        assert_eq!(header(&request()).map(|(length, _)| length), Some(request().len()));
    }
}
