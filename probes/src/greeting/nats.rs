//! NATS: the server speaks first (NATS' documentation, "Client Protocol", `INFO`).

use serde_json::Value;

use super::bytes::{Heard, first_line};
use super::conversation::Ended;
use super::speak::{Line, host_and_port, refuse};
use super::{Advertised, GreetingFact, GreetingOutcome, RefusalKind, SpokenProtocol};
use crate::application::Security;
use crate::text::printable;

const MAX_LINE: usize = 32 * 1024;
const MAX_URLS: usize = 16;

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Info {
    pub(super) version: Option<String>,
    pub(super) tls_required: bool,
    pub(super) tls_available: bool,
    pub(super) auth_required: bool,
    pub(super) connect_urls: Vec<String>,
    /// An error that came right behind it.
    pub(super) error: Option<String>,
}

/// Reads `INFO` and its JSON.
pub(super) fn info(bytes: &[u8]) -> Heard<Info> {
    const INFO: &[u8] = b"INFO ";
    let read = bytes.get(..bytes.len().min(INFO.len())).unwrap_or_default();
    if !read.eq_ignore_ascii_case(INFO.get(..read.len()).unwrap_or_default()) {
        return Heard::Foreign;
    }
    let line = match first_line(bytes, MAX_LINE) {
        Heard::Got(line) => line,
        Heard::More => return Heard::More,
        Heard::Foreign => return Heard::Foreign,
    };
    let json = line.get(INFO.len()..).unwrap_or_default();
    let Ok(Value::Object(fields)) = serde_json::from_slice(json) else { return Heard::Foreign };
    let truth = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(|text| printable(text.as_bytes(), 255));
    let urls = fields.get("connect_urls").and_then(Value::as_array).into_iter().flatten();
    // What comes behind the line, as far as it came with it.
    let behind = bytes.get(line.len()..).unwrap_or_default().trim_ascii_start();
    Heard::Got(Info {
        version: fields.get("version").and_then(text),
        tls_required: truth("tls_required"),
        tls_available: truth("tls_available"),
        auth_required: truth("auth_required"),
        connect_urls: urls.filter_map(text).take(MAX_URLS).collect(),
        error: behind.strip_prefix(b"-ERR ").map(|text| printable(text.trim_ascii(), 300)),
    })
}

/// Hears the server out. Where it offers TLS and the client wants it, or it lets in nobody without, hands are shaken.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open(fact).await?;
    let info = line.hear(&mut talk, fact, info).await?;
    let offered = info.tls_required || info.tls_available;
    fact.answered = Some(SpokenProtocol::Nats);
    fact.outcome = if info.auth_required { GreetingOutcome::WantsAuthentication } else { GreetingOutcome::Welcome };
    fact.version = info.version;
    fact.tls_offered = Some(offered);
    // Any member of a cluster will do.
    let urls = info.connect_urls.iter().filter_map(|url| host_and_port(url));
    fact.advertised = urls.map(|(host, port)| Advertised { host, port, vital: false }).collect();
    if let Some(text) = info.error {
        let kind =
            if text.contains("maximum connections") { RefusalKind::TooManyConnections } else { RefusalKind::Other };
        refuse(fact, kind, &text);
        return Ok(());
    }
    let wanted = matches!(line.ask.application.security, Security::Upgrade | Security::Tls);
    if wanted && !offered {
        refuse(fact, RefusalKind::TlsNotOffered, "the server's INFO does not offer TLS");
    } else if wanted || info.tls_required {
        talk.secure(line.ask, fact).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_says_what_is_wanted() {
        let line = b"INFO {\"version\":\"2.9.10\",\"auth_required\":true,\"connect_urls\":[\"10.0.0.9:4222\",7]}\r\n";
        let Heard::Got(told) = info(line) else { panic!("no info") };
        assert_eq!(told.version.as_deref(), Some("2.9.10"));
        assert!(told.auth_required && !told.tls_required);
        assert_eq!(told.connect_urls, ["10.0.0.9:4222"]);
        assert_eq!(info(&line[..20]), Heard::More);
    }

    #[test]
    fn an_error_behind_it() {
        let Heard::Got(told) = info(b"INFO {}\r\n-ERR 'maximum connections exceeded'\r\n") else { panic!("no info") };
        assert_eq!(told.error.as_deref(), Some("'maximum connections exceeded'"));
    }

    #[test]
    fn what_is_no_info_is_foreign() {
        for other in [&b"-ERR x\r\n"[..], b"INFO [1]\r\n", b"INFO {\r\n", b"220 x\r\n"] {
            assert_eq!(info(other), Heard::Foreign, "{other:?}");
        }
        let deep = [b"INFO ".to_vec(), b"[".repeat(10_000), b"\r\n".to_vec()].concat();
        assert_eq!(info(&deep), Heard::Foreign);
    }
}
