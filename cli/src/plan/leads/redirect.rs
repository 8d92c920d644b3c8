//! Where a server sends its clients on: the `Location` of a redirect (RFC 9110, section 10.2.2), and the issuer that a
//! discovery document names (`OpenID` Connect Discovery 1.0, section 3).

use std::net::IpAddr;

use dprobe_probes::http::HttpFact;

use super::Lead;
use crate::diagnosis::Case;
use crate::report::Relation;
use crate::words;

/// The redirect of the target's answer.
pub(super) fn redirect(case: &Case<'_>) -> Vec<Lead> {
    let url = case.own_http().and_then(|seen| location(seen.fact));
    url.and_then(|url| lead(case, Relation::Redirect, url)).into_iter().collect()
}

/// The issuer in the target's answer.
pub(super) fn token_issuer(case: &Case<'_>) -> Vec<Lead> {
    let url = case.own_http().and_then(|seen| issuer(seen.fact));
    url.and_then(|url| lead(case, Relation::Issuer, url)).into_iter().collect()
}

/// The absolute URL that an answer redirects to. A path alone stays where it is.
#[must_use]
pub fn location(fact: &HttpFact) -> Option<&str> {
    let redirects = matches!(fact.status, Some(301..=303 | 307 | 308));
    fact.header("location").filter(|url| redirects && is_http(url))
}

/// The issuer that an answer names, where it is a discovery document.
#[must_use]
pub fn issuer(fact: &HttpFact) -> Option<&str> {
    let discovery = fact.url.contains("/.well-known/") && fact.status == Some(200);
    let body = fact.body_start.as_deref().filter(|_| discovery)?;
    let (_, rest) = body.split_once("\"issuer\"")?;
    let rest = rest.trim_start_matches([' ', ':']);
    let url = rest.strip_prefix('"')?.split('"').next()?;
    // Some write `/` as `\/`; such a document is left alone.
    is_http(url).then_some(url)
}

fn is_http(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https")) && url.len() <= 500
}

/// A place to follow to: another one than the target, and none of the outside, which nobody has named.
fn lead(case: &Case<'_>, relation: Relation, url: &str) -> Option<Lead> {
    let target = words::target(url).ok()?;
    let host = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    if host.eq_ignore_ascii_case(&case.to.host) {
        return None;
    }
    let near = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || case.topology.network_of(address).is_some(),
        Err(_) => !host.contains('.'),
    };
    near.then_some(Lead { relation, from: None, target })
}

#[cfg(test)]
mod tests {
    use dprobe_probes::http::HttpHeader;

    use super::*;

    fn answer(url: &str, status: u16, header: Option<&str>, body: &str) -> HttpFact {
        let location = |value: &str| HttpHeader { name: "location".to_owned(), value: value.to_owned() };
        HttpFact {
            url: url.to_owned(),
            status: Some(status),
            headers: header.map(location).into_iter().collect(),
            body_start: Some(body.to_owned()),
            ..HttpFact::default()
        }
    }

    #[test]
    fn only_whole_urls_of_redirects_lead_on() {
        let of = |status, value| {
            let fact = answer("http://api/", status, Some(value), "");
            location(&fact).map(ToOwned::to_owned)
        };
        assert_eq!(of(302, "http://localhost:8080/login").as_deref(), Some("http://localhost:8080/login"));
        for (status, value) in [(200, "http://localhost/"), (302, "/login"), (301, "//api/"), (302, "javascript:x")] {
            assert_eq!(of(status, value), None, "{status} {value}");
        }
    }

    #[test]
    fn an_issuer_is_read_from_a_discovery_document_alone() {
        let url = "http://api/realms/x/.well-known/openid-configuration";
        let body = "{\\n  \"issuer\": \"http://localhost:8080/realms/x\",\\n";
        assert_eq!(issuer(&answer(url, 200, None, body)), Some("http://localhost:8080/realms/x"));
        assert_eq!(issuer(&answer(url, 404, None, body)), None);
        assert_eq!(issuer(&answer("http://api/", 200, None, body)), None);
        for body in ["", "\"issuer\"", "\"issuer\": 5", "\"issuer\": \"x", "\"issuer\":\"ftp://a\""] {
            assert_eq!(issuer(&answer(url, 200, None, body)), None, "{body}");
        }
    }
}
