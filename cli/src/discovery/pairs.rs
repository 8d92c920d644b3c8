//! Host and port in two variables: `DB_HOST` and `DB_PORT`, `PGHOST` and `PGPORT`.

use super::environment::{Variables, is_host, origin};
use super::merge::Merged;
use super::{Finding, Surroundings, is_loopback, names};
use crate::words::{self, HostWord, TargetWord};

/// Parts of names that tell which server is meant, its scheme, and its default port.
const SERVERS: [(&str, &str); 18] = [
    ("AMQP", "amqp"),
    ("KAFKA", "kafka"),
    ("MARIADB", "mysql"),
    ("MEMCACHED", "memcached"),
    ("MONGO", "mongodb"),
    ("MONGODB", "mongodb"),
    ("MQTT", "mqtt"),
    ("MYSQL", "mysql"),
    ("NATS", "nats"),
    ("PG", "postgres"),
    ("POSTGRES", "postgres"),
    ("POSTGRESQL", "postgres"),
    ("PMA", "mysql"),
    ("RABBITMQ", "amqp"),
    ("REDIS", "redis"),
    ("SMTP", "smtp"),
    ("VALKEY", "redis"),
    ("WORDPRESS", "mysql"),
];

/// Parts of names that speak of something to connect to, whatever it is.
const STORES: [&str; 8] = ["BROKER", "CACHE", "DATABASE", "DB", "MAIL", "QUEUE", "SEARCH", "SQL"];

/// All pairs, and hosts whose port goes without saying.
pub(super) fn find(variables: &Variables<'_>, around: &Surroundings<'_>, found: &mut Merged) {
    let all: Vec<&str> = variables.iter().map(|(name, _)| name).collect();
    for (name, value) in variables.iter() {
        if names::is_of_link(name, value, &all) || names::is_own(name) || names::is_for_browsers(name) {
            continue;
        }
        if let Some((prefix, separator)) = prefix(name) {
            pair(name, value.trim(), &prefix, separator, variables, around, found);
        }
    }
}

/// `("DB", "_")` of `DB_HOST`, `("PG", "")` of `PGHOST`; in the case in which it is written.
fn prefix(name: &str) -> Option<(String, &str)> {
    let upper = name.to_ascii_uppercase();
    for end in ["_HOST", "_HOSTNAME", "_HOST_NAME", "_SERVER", "_ADDR", "_ADDRESS"] {
        if let Some(prefix) = upper.strip_suffix(end).filter(|prefix| !prefix.is_empty()) {
            return Some((name[..prefix.len()].to_owned(), "_"));
        }
    }
    (upper == "PGHOST").then(|| ("PG".to_owned(), ""))
}

fn pair(
    name: &str,
    value: &str,
    prefix: &str,
    separator: &str,
    variables: &Variables<'_>,
    around: &Surroundings<'_>,
    found: &mut Merged,
) {
    // Of several hosts, and of a host with its port, the values themselves tell.
    let Some(word) = words::target(value).ok().filter(|word| word.port.is_none() && word.scheme.is_none()) else {
        return;
    };
    if !is_host(&word.host) || around.is_own(&word.host) || value.contains('/') {
        return;
    }
    let of_image = variables.is_of_image(name);
    let parts: Vec<String> = prefix.to_ascii_uppercase().split('_').map(str::to_owned).collect();
    let server = parts.iter().find_map(|part| SERVERS.iter().find(|(known, _)| known == part));
    let telling = server.is_some() || parts.iter().any(|part| STORES.contains(&part.as_str()));
    // A program is told of itself in the same way (`APP_HOST=localhost`, `APP_HOST=www.example.com`).
    if of_image && !around.knows(&word.host) || is_loopback(&word.host) && !telling {
        return;
    }
    let beside = port_of(prefix, separator, variables);
    let names: Vec<&str> = [name].into_iter().chain(beside.map(|(name, _)| name)).collect();
    let port = beside.map(|(_, port)| port);
    if port.is_none() && !telling && !around.knows(&word.host) {
        return;
    }
    let host = match &word.host {
        HostWord::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        _ => value.to_owned(),
    };
    let scheme = server.map(|(_, scheme)| *scheme).filter(|_| !speaks_tls(prefix, variables));
    let place = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let text = scheme.map_or_else(|| place.clone(), |scheme| format!("{scheme}://{place}"));
    if let Some(word) = words::target(&text).ok().map(|word| with_default(word, server.map(|(_, scheme)| *scheme))) {
        found.add(Finding { word, origin: origin(&names) });
    }
}

/// A target of a known server without a port is at its default one, whether or not its protocol is known.
fn with_default(mut word: TargetWord, scheme: Option<&str>) -> TargetWord {
    let default = scheme.and_then(words::default_port).map(|port| words::PortWord { port, typed: false });
    word.port = word.port.or(default);
    word
}

/// The variable beside it that holds the port, and the port.
fn port_of<'a>(prefix: &str, separator: &str, variables: &Variables<'a>) -> Option<(&'a str, u16)> {
    let wanted = format!("{prefix}{separator}PORT");
    let (name, value) = variables.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted))?;
    value.trim().parse().ok().filter(|port| *port > 0).map(|port| (name, port))
}

/// Whether a variable beside it says that TLS is spoken, in words that are each program's own.
fn speaks_tls(prefix: &str, variables: &Variables<'_>) -> bool {
    let off = ["", "0", "false", "no", "off", "none", "disable", "disabled", "prefer", "allow"];
    variables.iter().any(|(name, value)| {
        let name = name.to_ascii_uppercase();
        name.starts_with(&prefix.to_ascii_uppercase())
            && (name.contains("SSL") || name.contains("TLS"))
            && !off.contains(&value.trim().to_ascii_lowercase().as_str())
    })
}
