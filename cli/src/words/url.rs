//! `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][,HOST…][/…]`, as it stands in environments: not always what RFC 3986 allows.

use super::error::shown;
use super::{HostWord, Login, PortWord, TargetWord, WordError, host, scheme};

/// A target that is a URL.
pub(super) fn target(word: &str) -> Result<TargetWord, WordError> {
    let url = Url::split(word)?;
    let mut hosts = url.hosts.split(',').filter(|host| !host.is_empty());
    let Some(first) = hosts.next() else {
        return Err(WordError::UrlWithoutHost {
            typed: shown(word),
            example: format!("{}://mongodb{}", url.scheme, if url.tail.is_empty() { "/" } else { "/…" }),
        });
    };
    let further_hosts = hosts.count() + usize::from(url.repeated);
    let (host_part, port) = host::split_port(first, word)?;
    // The words `host`, `gateway` and `internet` mean nothing in a URL: a program would look them up.
    let host = match host::host(host_part, word)? {
        HostWord::Service { .. } => return Err(WordError::Slash { typed: shown(word) }),
        host => host,
    };
    let tail = crate::redact::query(url.tail);
    Ok(TargetWord {
        typed: format!("{}{}://{}{tail}", url.prefix, url.scheme_typed, url.hosts),
        host,
        port: port
            .map(|port| PortWord { port, typed: true })
            .or_else(|| scheme::default_port(&url.scheme).map(|port| PortWord { port, typed: false })),
        protocol: scheme::protocol(&url.scheme),
        url: Some(format!("{}://{first}{tail}", url.scheme)),
        application: scheme::application(&url.scheme),
        login: Login::default(),
        scheme: Some(url.scheme),
        further_hosts,
    })
}

/// A URL in its parts, the credentials already left out.
struct Url<'a> {
    /// `jdbc:`, or nothing.
    prefix: &'a str,
    /// The scheme as it was typed.
    scheme_typed: &'a str,
    /// The scheme in lower case.
    scheme: String,
    /// The hosts with their ports, separated by commas.
    hosts: &'a str,
    /// Path, query and fragment.
    tail: &'a str,
    /// Whether whole URLs follow after a comma (`nats://a:4222,nats://b:4222`), which are left out.
    repeated: bool,
}

impl<'a> Url<'a> {
    fn split(word: &'a str) -> Result<Self, WordError> {
        let (before, rest) = word.split_once("://").unwrap_or(("", word));
        let (prefix, scheme_typed) = match before.get(..5) {
            Some(prefix) if prefix.eq_ignore_ascii_case("jdbc:") => (prefix, &before[5..]),
            _ => ("", before),
        };
        if !scheme::valid(scheme_typed) {
            return Err(WordError::Scheme { typed: shown(word) });
        }
        let scheme = scheme_typed.to_ascii_lowercase();
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // A password may hold an `@` that nobody escaped, a host can not: the last one ends it.
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        if let (true, Some((hosts, next))) = (tail.starts_with("//"), hosts.rsplit_once(','))
            && next.strip_suffix(':').is_some_and(scheme::valid)
        {
            return Ok(Self { prefix, scheme_typed, scheme, hosts, tail: "", repeated: true });
        }
        let stray = tail.contains('@') && !scheme::has_free_path(&scheme);
        let odd_port = tail.contains('@') && host::split_port(hosts, word).is_err();
        if stray || odd_port {
            return Err(WordError::UrlPassword { typed: shown(word), example: format!("{scheme}://mongodb") });
        }
        Ok(Self { prefix, scheme_typed, scheme, hosts, tail, repeated: false })
    }
}
