//! `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][,HOST…][/…]`, as it stands in environments: not always what RFC 3986 allows.

use super::malformed::{Fault, Malformed};
use super::parameters::{Parameters, decoded};
use super::spec::{Place, Spec};
use super::{Login, WordError, error, jdbc, placeholder, scheme, userinfo};
use crate::redact;

/// What a URL says. One that is not written as it has to be, and that some drivers read as it was meant nevertheless, says it
/// in [`Spec::malformed`].
pub(super) fn read(word: &str) -> Result<Spec, WordError> {
    let (before, rest) = word.split_once("://").unwrap_or(("", word));
    let (jdbc, scheme) = scheme_of(before);
    if !is_scheme(before) {
        return Err(WordError::Scheme { typed: error::shown(word) });
    }
    let scheme = scheme.to_ascii_lowercase();
    if scheme::is_local(&scheme) {
        return Err(WordError::Local { typed: format!("{scheme}://…") });
    }
    let parts = Parts::of(&scheme, rest);
    let written = |hosts: &str| parts.written(before, hosts);
    let masked = error::masked_ports(parts.hosts);
    if let Some(near) = scheme::meant(&scheme) {
        let right = format!("{near}://{}{masked}{}", parts.mask(), parts.tail_shown());
        let fault = Fault::Scheme { scheme: scheme.clone(), near: near.to_owned() };
        return Err(WordError::Malformed(Malformed {
            written: written(&masked),
            fault,
            right: Some(right),
            certain: true,
        }));
    }
    if let Some(text) = placeholder::in_text(parts.hosts) {
        let fault = Fault::Placeholder { text };
        let malformed = Malformed { written: written(&masked), fault, right: None, certain: true };
        return Err(WordError::Malformed(malformed));
    }
    let in_userinfo = || {
        let text = placeholder::in_text(parts.userinfo?)?;
        let fault = Fault::Placeholder { text };
        Some(Malformed { written: written(&masked), fault, right: None, certain: false })
    };
    // The way to the host is the same whatever the password is.
    let malformed = in_userinfo().or_else(|| userinfo::malformed(&scheme, before, &parts));
    if let Some(malformed) = malformed.clone().filter(|malformed| malformed.certain) {
        return Err(WordError::Malformed(malformed));
    }
    if parts.hosts.contains(char::is_whitespace) {
        let right = written(&parts.hosts.split_whitespace().collect::<String>());
        return Err(WordError::Malformed(Malformed {
            written: written("***"),
            fault: Fault::Blank,
            right: Some(right).filter(|_| parts.userinfo.is_some()),
            certain: true,
        }));
    }
    let parameters = Parameters::of_query(parts.query);
    let hosts =
        if parts.hosts.is_empty() { in_parameters(&scheme, &parameters) } else { places(&parts, before, word)? };
    if hosts.is_empty() {
        return Err(WordError::Malformed(Malformed {
            written: parts.written(before, ""),
            fault: Fault::NoHost,
            right: Some(parts.written(before, example(&scheme))),
            certain: true,
        }));
    }
    let application = |port: Option<u16>| {
        scheme::application(&scheme, port.or_else(|| scheme::default_port(&scheme)))
            .map(|application| parameters.refine(application, jdbc))
    };
    let user = parts.userinfo.map(|info| decoded(info.split(':').next().unwrap_or_default()));
    let database = parts.path.strip_prefix('/').filter(|name| !name.is_empty()).map(decoded);
    let login = Login::of(
        user.filter(|user| !user.is_empty()).or_else(|| parameters.get(&["user", "username"]).map(str::to_owned)),
        database.or_else(|| parameters.get(&["dbname", "database"]).map(str::to_owned)),
    );
    let first_port = hosts.first().and_then(|place| place.port);
    Ok(Spec {
        application: application(first_port),
        login,
        hosts,
        tail: parts.tail_shown(),
        prefix: if jdbc { "jdbc:".to_owned() } else { String::new() },
        scheme_typed: scheme_of(before).1.to_owned(),
        scheme,
        malformed,
    })
}

/// Whether what stands before `://` is a scheme and nothing more, or those of JDBC: their names, divided by colons.
pub(super) fn is_scheme(before: &str) -> bool {
    match jdbc::without_prefix(before) {
        Some(schemes) => schemes.split(':').all(scheme::valid),
        None => scheme::valid(before),
    }
}

/// The scheme of what stands before `://`, and whether it is that of JDBC: `jdbc:mysql:loadbalance` is `mysql`.
fn scheme_of(before: &str) -> (bool, &str) {
    let Some(rest) = jdbc::without_prefix(before) else { return (false, before) };
    let known = rest.split(':').find(|part| scheme::known(&part.to_ascii_lowercase()));
    (true, known.or_else(|| rest.split(':').next()).unwrap_or(rest))
}

/// A host that makes an example for a scheme.
fn example(scheme: &str) -> &'static str {
    match scheme.split('+').next().unwrap_or(scheme) {
        "postgres" | "postgresql" | "mysql" | "mariadb" => "db",
        "redis" | "rediss" | "valkey" => "cache",
        _ => "mongodb",
    }
}

/// Hosts that are parameters (`postgresql:///db?host=a,b&port=1,2`, libpq 32.1.1.2). A path is that of a Unix socket.
fn in_parameters(scheme: &str, parameters: &Parameters) -> Vec<Place> {
    if !scheme.starts_with("postgres") {
        return Vec::new();
    }
    let ports: Vec<Option<u16>> = parameters
        .get(&["port"])
        .unwrap_or_default()
        .split(',')
        .map(|port| port.parse().ok().filter(|port| *port > 0))
        .collect();
    let hosts = parameters.get(&["host", "hostaddr"]).unwrap_or_default().split(',');
    let named = hosts.filter(|host| !host.is_empty() && !host.starts_with('/')).enumerate();
    // One port is for all of them.
    named
        .map(|(at, host)| Place { host: host.to_owned(), port: *ports.get(at).or(ports.first()).unwrap_or(&None) })
        .collect()
}

/// The hosts of the authority.
fn places(parts: &Parts<'_>, before: &str, word: &str) -> Result<Vec<Place>, WordError> {
    let mut places = Vec::new();
    for host in parts.hosts.split(',').filter(|host| !host.is_empty()) {
        // `sqlserver://db\INSTANCE`
        let host = host.split('\\').next().unwrap_or(host);
        let shown = || error::masked_ports(host);
        let fault = match redact::split_at_port(host) {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                port_fault(port).filter(|_| !name.is_empty())
            }
            _ => None,
        };
        if let Some(fault) = fault {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            let right = parts.written(before, &format!("{name}{}", example_port(parts.scheme)));
            return Err(WordError::Malformed(Malformed {
                written: parts.written(before, &shown()),
                fault,
                right: Some(right),
                certain: true,
            }));
        }
        places.push(Place::read(host, word)?);
    }
    Ok(places)
}

fn example_port(scheme: &str) -> String {
    format!(":{}", scheme::default_port(scheme).unwrap_or(8080))
}

/// What is wrong with a port.
fn port_fault(port: &str) -> Option<Fault> {
    match port {
        "" => Some(Fault::NoPort),
        port if redact::is_port(port) => None,
        port => Some(Fault::Port { port: error::masked_port(port) }),
    }
}

/// What follows `://` in its parts.
pub(super) struct Parts<'a> {
    /// The scheme in lower case.
    pub(super) scheme: &'a str,
    /// What stands before the `@` that ends the userinfo, secrets and all.
    pub(super) userinfo: Option<&'a str>,
    /// The hosts with their ports, separated by commas.
    pub(super) hosts: &'a str,
    /// The path with its slash.
    pub(super) path: &'a str,
    /// Query without its question mark, or what `;` separates.
    pub(super) query: &'a str,
    /// Path, query and fragment as they were written.
    tail: &'a str,
}

impl<'a> Parts<'a> {
    fn of(scheme: &'a str, rest: &'a str) -> Self {
        let at = userinfo::end(scheme, rest);
        let (userinfo, after) = match at {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        let ends: &[char] = if scheme == "sqlserver" { &['/', '?', '#', ';'] } else { &['/', '?', '#'] };
        let (hosts, tail) = after.split_at(after.find(ends).unwrap_or(after.len()));
        let (before_fragment, _) = tail.split_once('#').unwrap_or((tail, ""));
        let query_at = before_fragment.find(['?', ';']).unwrap_or(before_fragment.len());
        let (path, query) = before_fragment.split_at(query_at);
        Self { scheme, userinfo, hosts, path, query: query.get(1..).unwrap_or_default(), tail }
    }

    /// `***@` where there are credentials.
    pub(super) fn mask(&self) -> &'static str {
        if self.userinfo.is_some() { "***@" } else { "" }
    }

    /// Path, query and fragment without what may be secret. A request for a page needs all of them; of other strings only
    /// what is known to be harmless is kept.
    fn tail_shown(&self) -> String {
        if scheme::has_free_path(self.scheme) {
            let shown = match self.tail.rfind('@').filter(|_| self.hosts.is_empty()) {
                // The host may be behind it, and credentials before it.
                Some(at) => format!("/{}{}", redact::MASK, redact::query(&self.tail[at..])),
                None => redact::query(self.tail),
            };
            // A URL after a comma would be read as one of several.
            let has_another = shown.split_once(',').is_some_and(|(_, after)| after.contains("://"));
            return if has_another { shown.replace(',', "%2C") } else { shown };
        }
        let path = self.path.trim_end_matches('/');
        let plain = path.len() <= 100
            && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~' | '%'));
        let path = if plain { self.path } else { "/***" };
        format!("{path}{}", Parameters::of_query(self.query).shown())
    }

    /// The whole of it, masked, with these hosts.
    pub(super) fn written(&self, before: &str, hosts: &str) -> String {
        let text = format!("{before}://{}{hosts}{}", self.mask(), self.tail_shown());
        dprobe_probes::text::printable(text.as_bytes(), 200)
    }
}
