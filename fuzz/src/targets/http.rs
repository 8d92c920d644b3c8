//! What HTTP servers and proxies answer, in TLS or not, and the URLs that are asked for.

use dprobe_probes::fuzzing;
use dprobe_probes::http::{HttpAsk, HttpFact};
use serde_json::{Value, json};

use super::server::Server;
use crate::check::{self, SECRET, escaped};

/// Bounds of what is kept of an answer, in characters.
const VALUE: usize = 200;
const BODY: usize = 300;
const HEADERS: usize = 64;

/// What is asked for, with whatever else is said of it.
fn ask(url: &str, more: &Value) -> HttpAsk {
    let mut ask = json!({"url": url, "timeout_ms": 2000});
    let (Some(ask_members), Some(more)) = (ask.as_object_mut(), more.as_object()) else {
        unreachable!("they are objects")
    };
    ask_members.extend(more.clone());
    serde_json::from_value(ask).expect("what is left out has a default")
}

fn judge(fact: &HttpFact) {
    check::all_printable(fact);
    check::all_shorter(fact, escaped(BODY));
    check::comes_back(fact);
    assert!(fact.headers.len() <= HEADERS);
    for header in &fact.headers {
        assert!(!header.name.contains("cookie") && !header.name.contains("authorization"), "{header:?}");
        assert!(header.value.chars().count() <= escaped(VALUE), "{header:?}");
    }
    assert!(fact.status.is_some() || fact.failure.is_some(), "{fact:?}");
}

/// The answer of a server to a request.
pub(super) fn answer(data: &[u8]) {
    let ask = ask("http://web.test/", &json!({}));
    judge(&super::block_on(fuzzing::http(&ask, Server::new(data))).expect("the URL is one"));
}

/// The same of a server that is asked in HTTP/2.
pub(super) fn answer_of_http2(data: &[u8]) {
    let ask = ask("https://web.test/", &json!({"host_header": "h2"}));
    judge(&super::block_on(fuzzing::http(&ask, Server::new(data))).expect("the URL is one"));
}

/// The answer of a proxy to `CONNECT`.
pub(super) fn tunnel(data: &[u8]) {
    through(data, "http");
}

/// The answers of a SOCKS proxy.
pub(super) fn socks(data: &[u8]) {
    through(data, "socks5h");
}

fn through(data: &[u8], kind: &str) {
    let ask = ask("https://web.test/", &json!({"via": {"host": "proxy.test", "port": 3128, "kind": kind}}));
    let fact = super::block_on(fuzzing::http_tunnel(&ask, Server::new(data))).expect("the URL is one");
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(BODY));
    check::comes_back(&fact);
}

/// A server in a TLS handshake, asked for what is spoken today, and for what was.
pub(super) fn tls(data: &[u8]) {
    let (fact, failure) = super::block_on(fuzzing::tls(Server::new(data)));
    assert!(!fact.trusted, "nobody has signed this: {fact:?}");
    assert!(failure.is_some(), "it has no key: {fact:?}");
    check::all_printable(&fact);
    check::all_printable(&failure);
    check::all_shorter(&fact, escaped(BODY));
    check::comes_back(&fact);
    check::all_printable(&super::block_on(fuzzing::tls_of_old(Server::new(data))));
}

/// A URL that the agent is to ask for.
pub(super) fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for url in [text.to_string(), format!("http://user:{SECRET}@{text}")] {
        match fuzzing::http_url(&url) {
            Ok((shown, host)) => {
                assert!(!host.is_empty() && !host.contains(['[', ']', '/', '@']), "{host:?}");
                // It is made printable where it is reported.
                check::no_secret(&shown);
            }
            Err(problem) => check::no_secret(&problem),
        }
    }
}
