//! What is kept of an answer: bounded, printable, and without secrets.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use tokio::time::timeout;

use super::HttpHeader;
use crate::text::printable;

/// Bounds of what is kept of an answer.
const MAX_HEADERS: usize = 64;
pub(super) const MAX_VALUE: usize = 200;
const MAX_BODY_BYTES: usize = 4096;
const MAX_BODY_CHARS: usize = 300;
/// The same for documents that tell a client where to go.
const MAX_DISCOVERY_CHARS: usize = 4000;
/// Where such documents are (`OpenID` Connect Discovery 1.0, section 4; RFC 8414, section 3).
const DISCOVERY: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
/// Headers that hold secrets. Names that speak of one are left out as well.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "authentication-info", "cookie", "proxy-authorization", "set-cookie", "set-cookie2"];
const SECRET_WORDS: [&str; 5] = ["token", "secret", "api-key", "apikey", "session"];

/// The headers of an answer.
pub(super) fn headers(all: &HeaderMap) -> Vec<HttpHeader> {
    all.iter()
        .filter(|(name, _)| !is_secret(name.as_str()))
        .take(MAX_HEADERS)
        .map(|(name, value)| HttpHeader {
            name: printable(name.as_str().as_bytes(), MAX_VALUE),
            value: printable(value.as_bytes(), MAX_VALUE),
        })
        .collect()
}

fn is_secret(name: &str) -> bool {
    SECRET_HEADERS.contains(&name) || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The start of the body, or what came of it before the wait was over or the connection broke.
pub(super) async fn body_start(mut body: Incoming, path: &str, wait: Duration) -> Option<String> {
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < MAX_BODY_BYTES {
            let Some(Ok(frame)) = body.frame().await else { break };
            if let Some(data) = frame.data_ref() {
                let room = MAX_BODY_BYTES - bytes.len();
                bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            }
        }
    };
    let _ = timeout(wait, read).await;
    let limit = if DISCOVERY.iter().any(|known| path.contains(known)) { MAX_DISCOVERY_CHARS } else { MAX_BODY_CHARS };
    (!bytes.is_empty()).then(|| printable(&bytes, limit))
}
