//! Caddy: what its Caddyfile says of `reverse_proxy`, and its log, a JSON object a line.

use std::net::{IpAddr, SocketAddr};

use dprobe_probes::text::printable;
use serde_json::Value;

use super::nginx_config::{Directive, parse};
use super::nginx_log::LogLine;
use crate::redact;
use crate::topology::{
    Location, LocationMatch, Upstream, UpstreamError, UpstreamErrorKind, UpstreamLookup, VirtualServer,
};

/// How many errors, sites, locations and upstreams are kept, and how much of a text, in characters.
const MOST_ERRORS: usize = 30;
const MOST: usize = 100;
const LONGEST: usize = 200;

/// The virtual servers of a Caddyfile. Its blocks are those of nginx but for the line breaks that end directives.
#[must_use]
pub fn servers(text: &str, file: &str) -> Vec<VirtualServer> {
    let directives = parse(&with_ends(text), file);
    directives.iter().filter_map(site).take(MOST).collect()
}

/// The same text with a `;` at the end of each directive, where a line break ends it.
fn with_ends(text: &str) -> String {
    let line = |line: &str| {
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        let open = line.is_empty() || line.ends_with(['{', '}']) || line.trim_start().starts_with('#');
        // A placeholder such as `{host}` ends in a brace that closes no block.
        let placeholder = line.ends_with('}') && line.trim() != "}";
        let end = if open && !placeholder { "\n" } else { ";\n" };
        let line = if placeholder { line.replace(['{', '}'], "") } else { line.replace(';', " ") };
        line + end
    };
    text.lines().map(line).collect()
}

fn site(directive: &Directive) -> Option<VirtualServer> {
    let block = directive.block.as_deref()?;
    let mut server = VirtualServer::default();
    for address in directive.words.iter().map(|word| word.trim_end_matches(',')).filter(|word| !word.is_empty()) {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let authority = rest.split('/').next().unwrap_or_default();
        let (name, port) =
            authority.rsplit_once(':').map_or((authority, None), |(name, port)| (name, port.parse().ok()));
        match (port, scheme) {
            (Some(port), _) => server.ports.push(port),
            (None, "http") => server.ports.push(80),
            (None, "https") => server.ports.push(443),
            // Without a scheme both are served: one redirects to the other.
            (None, _) => server.ports.extend([80, 443]),
        }
        if name.is_empty() {
            server.default_on.clone_from(&server.ports);
        } else {
            server.names.push(short(name));
        }
    }
    locations(block, "/", &mut server.locations);
    (!server.locations.is_empty()).then_some(server)
}

/// The `reverse_proxy` directives of a block and of those inside, each as a location.
fn locations(block: &[Directive], path: &str, found: &mut Vec<Location>) {
    for directive in block {
        if found.len() >= MOST {
            return;
        }
        let named = directive.arguments().first().map(String::as_str).filter(|word| word.starts_with(['/', '@', '*']));
        let (matches, path) = match named {
            Some(set) if set.starts_with('@') => (LocationMatch::Pattern, set),
            Some("*") | None => (LocationMatch::Prefix, path),
            Some(path) => match path.strip_suffix('*') {
                Some(beginning) => (LocationMatch::Prefix, beginning),
                None => (LocationMatch::Exact, path),
            },
        };
        if directive.name() != "reverse_proxy" {
            locations(directive.block.as_deref().unwrap_or_default(), path, found);
            continue;
        }
        let own = directive.arguments().iter().skip(usize::from(named.is_some()));
        let inside = directive.block.iter().flatten().filter(|inner| inner.name() == "to");
        let written = own.chain(inside.flat_map(Directive::arguments));
        let upstreams = written.filter_map(|address| upstream(address, directive)).take(16).collect();
        found.push(Location { matches, path: short(path), upstreams, ..Location::default() });
    }
}

fn upstream(address: &str, at: &Directive) -> Option<Upstream> {
    // `unix//run/app.sock` is no place on a network.
    if address.starts_with("unix/") {
        return None;
    }
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let authority = rest.split('/').next()?;
    let default = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, default),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!host.is_empty() && host.chars().all(plain)).then(|| Upstream {
        host: short(host),
        port,
        scheme: short(scheme),
        // Caddy asks for the name whenever it connects.
        lookup: UpstreamLookup::WhileRunning,
        file: short(&at.file),
        line: at.line,
        ..Upstream::default()
    })
}

/// The last errors about upstreams, oldest first.
#[must_use]
pub fn errors(lines: &[LogLine]) -> Vec<UpstreamError> {
    let mut found: Vec<UpstreamError> = lines.iter().rev().filter_map(error).take(MOST_ERRORS).collect();
    found.reverse();
    found
}

fn error(line: &LogLine) -> Option<UpstreamError> {
    let value: Value = serde_json::from_str(line.text.trim()).ok()?;
    let logger = value["logger"].as_str().unwrap_or_default();
    if value["level"] != "error" || !logger.starts_with("http") {
        return None;
    }
    // Before they are taken apart: a password without its URL is not known for one.
    let text = |value: &Value| value.as_str().map(redact::line);
    let words = text(&value["msg"])?;
    let kind = kind(&words)?;
    let (address, port) = dialled(&words);
    let host = text(&value["request"]["host"]).map(|host| short(host.split(':').next().unwrap_or_default()));
    let path = text(&value["request"]["uri"]).map(|uri| short(uri.split(['?', '#']).next().unwrap_or_default()));
    Some(UpstreamError {
        time: short(&value["ts"].to_string()),
        age_s: line.age_s,
        kind,
        words: short(&words),
        upstream: words.split_once("lookup ").and_then(|(_, rest)| rest.split([' ', ':']).next()).map(short),
        address,
        port,
        host,
        path,
    })
}

/// What went wrong, by the words of Go's `net` package.
fn kind(words: &str) -> Option<UpstreamErrorKind> {
    use UpstreamErrorKind as Kind;
    let has = |text: &str| words.contains(text);
    Some(match () {
        () if has("no such host") => Kind::NameNotFound,
        () if has("lookup ") => Kind::NameFailed,
        () if has("connection refused") => Kind::Refused,
        () if has("no route to host") || has("network is unreachable") => Kind::NoRoute,
        () if has("dial tcp") && (has("timeout") || has("deadline")) => Kind::ConnectTimedOut,
        () if has("timeout awaiting") || has("deadline exceeded") => Kind::AnswerTimedOut,
        () if has("reset by peer") => Kind::Reset,
        () if has("no upstreams available") => Kind::NoLiveUpstreams,
        () if words == "EOF" || has("unexpected EOF") => Kind::ClosedEarly,
        () if has("malformed HTTP") => Kind::NotTheProtocol,
        () if has("tls: ") || has("x509: ") => Kind::Tls,
        () if has("dial tcp") => Kind::Other,
        () => return None,
    })
}

/// The address in `dial tcp 172.18.0.2:8080: connect: connection refused`.
fn dialled(words: &str) -> (Option<IpAddr>, Option<u16>) {
    let socket =
        words.split_once("dial tcp ").and_then(|(_, rest)| rest.split(": ").next()?.parse::<SocketAddr>().ok());
    (socket.map(|socket| socket.ip()), socket.map(|socket| socket.port()))
}

/// Foreign text, made printable and cut.
fn short(text: &str) -> String {
    printable(text.as_bytes(), LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = "# the front\n:8080 {\n\thandle_path /api/* {\n\t\treverse_proxy router_one:8080 {\n\t\t\theader_up Host {host}\n\t\t}\n\t}\n\treverse_proxy @ws http://ws:81 # sockets\n\treverse_proxy {\n\t\tto one:1 two:2\n\t}\n}\nshop.test, www.shop.test {\n\treverse_proxy unix//run/app.sock\n}\n";

    #[test]
    fn sites_with_their_upstreams() {
        let servers = servers(FILE, "/etc/caddy/Caddyfile");
        assert_eq!((servers[0].ports.as_slice(), servers[0].default_on.as_slice()), (&[8080][..], &[8080][..]));
        let shown: Vec<String> = servers[0]
            .locations
            .iter()
            .map(|at| {
                format!(
                    "{} {:?}",
                    at.path,
                    at.upstreams.iter().map(|up| format!("{}:{}", up.host, up.port)).collect::<Vec<_>>()
                )
            })
            .collect();
        assert_eq!(shown, ["/api/ [\"router_one:8080\"]", "@ws [\"ws:81\"]", "/ [\"one:1\", \"two:2\"]"]);
        assert_eq!(servers[0].locations[0].upstreams[0].line, 4);
        assert_eq!(servers[1].names, ["shop.test", "www.shop.test"]);
        assert!(servers[1].locations[0].upstreams.is_empty());
    }

    #[test]
    fn errors_of_its_log() {
        let line = |msg: &str| LogLine {
            age_s: None,
            text: format!(
                r#"{{"level":"error","ts":1795225600.5,"logger":"http.log.error","msg":"{msg}","request":{{"host":"front:8080","uri":"/api?token=x"}},"status":502}}"#
            ),
        };
        let got = errors(&[line("dial tcp 172.18.0.2:8080: connect: connection refused")]);
        assert_eq!(
            (got[0].kind, got[0].port, got[0].path.as_deref()),
            (UpstreamErrorKind::Refused, Some(8080), Some("/api"))
        );
        assert_eq!(got[0].host.as_deref(), Some("front"));
        let got = errors(&[line("dial tcp: lookup router_on on 127.0.0.11:53: no such host")]);
        assert_eq!((got[0].kind, got[0].upstream.as_deref()), (UpstreamErrorKind::NameNotFound, Some("router_on")));
        assert!(errors(&[line("handler panicked")]).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "[a-z:/*@{}# \n]{0,200}", message: String) {
            let _ = servers(&text, "f");
            let text = serde_json::json!({ "level": "error", "logger": "http", "msg": format!("dial tcp {message}") });
            let _ = errors(&[LogLine { age_s: None, text: text.to_string() }]);
        }
    }
}
