//! nginx's error log: what it says of upstreams, and why it did not start.
//!
//! ```text
//! 2026/11/27 13:40:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream,
//! client: 172.18.0.3, server: , request: "GET /api/ HTTP/1.1", upstream: "http://172.18.0.2:8080/", host: "front"
//! ```

use std::net::IpAddr;

use dprobe_probes::text::printable;

use crate::redact;
use crate::topology::{UpstreamError, UpstreamErrorKind};

/// How many errors are kept, and how much of each of their parts, in characters.
const MOST: usize = 30;
const WORDS: usize = 200;
const PART: usize = 200;

/// A line of a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogLine {
    /// How long ago it was written, by the engine's clock, in seconds, where that is known.
    pub age_s: Option<f64>,
    /// The line.
    pub text: String,
}

/// The last errors about upstreams, oldest first.
#[must_use]
pub fn errors(lines: &[LogLine]) -> Vec<UpstreamError> {
    let mut found: Vec<UpstreamError> = lines.iter().rev().filter_map(error).take(MOST).collect();
    found.reverse();
    found
}

fn error(line: &LogLine) -> Option<UpstreamError> {
    // Before it is taken apart: a password without its URL is not known for one.
    let text = redact::line(&line.text);
    let (time, rest) = time(&text)?;
    let message = message(rest)?;
    let (words, context) = message.split_once(", client: ")?;
    let kind = kind(words)?;
    let request = field(context, "request: \"").unwrap_or_default();
    let upstream = field(context, "upstream: \"");
    let (name, address, port) = upstream.map(place).unwrap_or_default();
    let name = name.or_else(|| unresolved(words));
    Some(UpstreamError {
        time: time.to_owned(),
        age_s: line.age_s,
        kind,
        words: printable(words.as_bytes(), WORDS),
        upstream: name.map(|name| short(&name)),
        address,
        port,
        host: field(context, "host: \"").map(|host| short(without_port(host))),
        path: request.split(' ').nth(1).map(|target| short(path(target))),
    })
}

/// The time at the beginning of a line, `2026/11/27 13:40:00`, and what follows.
fn time(line: &str) -> Option<(&str, &str)> {
    let time = line.get(..19)?;
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'/',
        10 => byte == b' ',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    time.bytes().enumerate().all(shape).then(|| (time, &line[19..]))
}

/// What is said behind the level and the numbers of process, thread and connection.
fn message(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix(" [")?;
    let (level, rest) = rest.split_once("] ")?;
    if !matches!(level, "error" | "crit" | "alert" | "warn") {
        return None;
    }
    let (_, rest) = rest.split_once(": ")?;
    Some(match rest.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        Some((number, message)) if number.bytes().all(|byte| byte.is_ascii_digit()) => message,
        _ => rest,
    })
}

/// What went wrong, by nginx's words, which are the same in all versions, and by the number of the error, for the words of
/// the system's library are not.
fn kind(words: &str) -> Option<UpstreamErrorKind> {
    use UpstreamErrorKind as Kind;
    let has = |text: &str| words.contains(text);
    if has("could not be resolved (") {
        // The number is the response code of the DNS (RFC 1035, 4.1.1), or an error of the system.
        return Some(if has("(3: ") { Kind::NameNotFound } else { Kind::NameFailed });
    }
    if has("no resolver defined to resolve") {
        return Some(Kind::NoResolver);
    }
    if !has("upstream") {
        return None;
    }
    Some(match () {
        () if has("no live upstreams") => Kind::NoLiveUpstreams,
        () if has("prematurely closed connection") => Kind::ClosedEarly,
        () if has("timed out (") && has("while connecting") => Kind::ConnectTimedOut,
        () if has("timed out (") => Kind::AnswerTimedOut,
        () if has("too big header") => Kind::HeadTooLong,
        () if has("sent no valid HTTP") || has("sent invalid") || has("unsupported FastCGI") => Kind::NotTheProtocol,
        () if has("SSL_do_handshake() failed") || has("in SSL handshake") || has("SSL handshaking") => Kind::Tls,
        () if has("(111: ") => Kind::Refused,
        () if has("(104: ") => Kind::Reset,
        () if has("(113: ") || has("(101: ") || has("(99: ") => Kind::NoRoute,
        // What is noted in passing, such as an answer that was buffered to a file, ends no request.
        () if has("failed (") || has("upstream sent") => Kind::Other,
        () => return None,
    })
}

/// The name in `router_one could not be resolved (3: Host not found)` and `no resolver defined to resolve router_one`.
fn unresolved(words: &str) -> Option<String> {
    let name = match words.split_once(" could not be resolved (") {
        Some((name, _)) => name,
        None => words.split_once("no resolver defined to resolve ")?.1,
    };
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then(|| name.to_owned())
}

/// The value of a field, up to its quote.
fn field<'a>(context: &'a str, label: &str) -> Option<&'a str> {
    let start = context.find(label)? + label.len();
    let value = &context[start..];
    value.find('"').map(|end| &value[..end])
}

/// The name, address and port of an upstream's URL: `http://172.18.0.2:8080/path`, `fastcgi://[fd00::2]:9000`, `http://group/`.
fn place(url: &str) -> (Option<String>, Option<IpAddr>, Option<u16>) {
    let Some((_, rest)) = url.split_once("://") else { return Default::default() };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.starts_with("unix:") {
        return Default::default();
    }
    if let Ok(socket) = authority.parse::<std::net::SocketAddr>() {
        return (None, Some(socket.ip()), Some(socket.port()));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    };
    match host.parse() {
        Ok(address) => (None, Some(address), port),
        Err(_) if host.is_empty() => (None, None, port),
        Err(_) => (Some(host.to_owned()), None, port),
    }
}

/// The path of a request's target without its query, which may hold secrets.
fn path(target: &str) -> &str {
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    target.split(['?', '#']).next().unwrap_or_default()
}

/// A `Host` header without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Foreign text, made printable and cut.
fn short(text: &str) -> String {
    printable(text.as_bytes(), PART)
}

/// A name in the configuration that nginx could not look up when it started, which ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownUpstream {
    /// The name.
    pub name: String,
    /// The port, where the configuration has one.
    pub port: Option<u16>,
    /// The file that has it.
    pub file: String,
    /// The line in it.
    pub line: u32,
}

/// The upstream that nginx gave up for: `[emerg] 1#1: host not found in upstream "router_one" in FILE:LINE`. Only where that
/// is the last thing that went wrong.
#[must_use]
pub fn unknown_upstream(lines: &[String]) -> Option<UnknownUpstream> {
    let last = lines.iter().rev().find(|line| line.contains("[emerg]"))?;
    let (_, rest) = last.split_once("host not found in upstream \"")?;
    let (written, rest) = rest.split_once('"')?;
    let (file, line) = rest.strip_prefix(" in ")?.trim_end().rsplit_once(':')?;
    let authority = written.split('/').next().unwrap_or_default();
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()),
        None => (authority, None),
    };
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(())?;
    Some(UnknownUpstream { name: short(name), port, file: short(file), line: line.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use UpstreamErrorKind as Kind;

    fn log(lines: &[&str]) -> Vec<UpstreamError> {
        let lines: Vec<LogLine> =
            lines.iter().map(|line| LogLine { age_s: Some(1.0), text: (*line).to_owned() }).collect();
        errors(&lines)
    }

    fn one(words: &str, context: &str) -> UpstreamError {
        let line = format!("2026/11/27 13:40:00 [error] 29#29: *1 {words}, client: 172.18.0.3, server: , {context}");
        log(&[&line]).pop().expect("an error")
    }

    const CONTEXT: &str = r#"request: "GET /api/v1/?token=hunter2 HTTP/1.1", upstream: "http://172.18.0.2:8080/?token=hunter2", host: "front:80""#;

    #[test]
    fn a_refused_connect_with_its_request() {
        let got = one("connect() failed (111: Connection refused) while connecting to upstream", CONTEXT);
        assert_eq!(
            got,
            UpstreamError {
                time: "2026/11/27 13:40:00".to_owned(),
                age_s: Some(1.0),
                kind: Kind::Refused,
                words: "connect() failed (111: Connection refused) while connecting to upstream".to_owned(),
                upstream: None,
                address: "172.18.0.2".parse().ok(),
                port: Some(8080),
                host: Some("front".to_owned()),
                path: Some("/api/v1/".to_owned()),
            }
        );
    }

    #[test]
    fn each_kind_by_the_words_of_nginx() {
        let kinds = [
            ("upstream timed out (110: Connection timed out) while connecting to upstream", Kind::ConnectTimedOut),
            (
                "upstream timed out (110: Operation timed out) while reading response header from upstream",
                Kind::AnswerTimedOut,
            ),
            ("connect() failed (113: Host is unreachable) while connecting to upstream", Kind::NoRoute),
            ("recv() failed (104: Connection reset by peer) while reading response header from upstream", Kind::Reset),
            ("upstream prematurely closed connection while reading response header from upstream", Kind::ClosedEarly),
            ("no live upstreams while connecting to upstream", Kind::NoLiveUpstreams),
            ("upstream sent too big header while reading response header from upstream", Kind::HeadTooLong),
            (
                "upstream sent no valid HTTP/1.0 header while reading response header from upstream",
                Kind::NotTheProtocol,
            ),
            (
                "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream",
                Kind::Tls,
            ),
        ];
        for (words, kind) in kinds {
            assert_eq!(one(words, CONTEXT).kind, kind, "{words}");
        }
        let passing =
            "2026/11/27 13:40:00 [warn] 29#29: *1 an upstream response is buffered to a temporary file, client: 1";
        assert!(log(&[passing]).is_empty());
    }

    #[test]
    fn names_that_are_not_resolved() {
        let request = r#"request: "GET / HTTP/1.1", host: "front""#;
        let got = one("router_on could not be resolved (3: Host not found)", request);
        assert_eq!((got.kind, got.upstream.as_deref()), (Kind::NameNotFound, Some("router_on")));
        let got = one("router_on could not be resolved (110: Operation timed out)", request);
        assert_eq!(got.kind, Kind::NameFailed);
        let got = one("no resolver defined to resolve router_one", request);
        assert_eq!((got.kind, got.upstream.as_deref()), (Kind::NoResolver, Some("router_one")));
        let live = one(
            "no live upstreams while connecting to upstream",
            r#"request: "GET / HTTP/1.1", upstream: "http://back/""#,
        );
        assert_eq!(live.upstream.as_deref(), Some("back"));
    }

    #[test]
    fn other_lines_are_passed_over() {
        let access = r#"172.18.0.3 - - [27/Nov/2026:13:40:00 +0000] "GET / HTTP/1.1" 502 157 "-" "dprobe""#;
        let missing = r#"2026/11/27 13:40:00 [error] 29#29: *1 open() "/srv/x" failed (2: No such file or directory), client: 1, server: , request: "GET /x HTTP/1.1""#;
        assert!(log(&[access, missing, "", "2026/11/27 13:40:00 [notice] 1#1: start worker processes"]).is_empty());
        let path = one(
            "connect() failed (111: x) while connecting to upstream",
            r#"request: "GET http://front/a?b HTTP/1.1""#,
        )
        .path;
        assert_eq!(path.as_deref(), Some("/a"));
    }

    #[test]
    fn a_start_that_failed_for_a_name() {
        let unknown = |line: &str| unknown_upstream(&["x".to_owned(), line.to_owned(), "y".to_owned()]);
        let got = unknown(
            "2026/11/27 13:40:00 [emerg] 1#1: host not found in upstream \"router_on\" in /etc/nginx/conf.d/default.conf:4",
        );
        let file = "/etc/nginx/conf.d/default.conf".to_owned();
        assert_eq!(got, Some(UnknownUpstream { name: "router_on".to_owned(), port: None, file, line: 4 }));
        let got = unknown("nginx: [emerg] host not found in upstream \"router_on:8080\" in /etc/nginx/nginx.conf:12");
        assert_eq!(got.map(|got| (got.name, got.port)), Some(("router_on".to_owned(), Some(8080))));
        assert_eq!(unknown("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)"), None);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_fail(
            words in "[a-z :()0-9*\"\\[\\]/]{0,80}(upstream|could not be resolved \\()?[a-z :()0-9,\"]{0,60}",
            context in ".{0,100}",
        ) {
            log(&[&format!("2026/11/27 13:40:00 [error] 1#1: *1 {words}, client: {context}")]);
            let _ = unknown_upstream(&[format!("[emerg] host not found in upstream \"{words}\" in {context}:3")]);
        }
    }
}
