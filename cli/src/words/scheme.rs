//! URL schemes that people put into environments, and what they imply.

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};

use crate::topology::Protocol;

/// Schemes and their default ports: IANA's registration, or what the program's own documentation says.
const DEFAULT_PORTS: [(&str, u16); 35] = [
    ("amqp", 5672),
    ("amqps", 5671),
    ("ftp", 21),
    ("http", 80),
    ("https", 443),
    ("kafka", 9092),
    ("ldap", 389),
    ("ldaps", 636),
    ("mariadb", 3306),
    ("memcache", 11211),
    ("memcached", 11211),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("mssql", 1433),
    ("mysql", 3306),
    ("mysql2", 3306),
    ("mysqls", 3306),
    ("nats", 4222),
    ("pgsql", 5432),
    ("postgis", 5432),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("psql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("smtp", 25),
    ("smtps", 465),
    ("sqlserver", 1433),
    ("ssh", 22),
    ("submission", 587),
    ("valkey", 6379),
    ("valkeys", 6379),
    ("ws", 80),
    ("wss", 443),
];

/// The port that a scheme implies. A driver after a `+` changes nothing (`postgresql+asyncpg`), except for `mongodb+srv`,
/// whose ports are in the DNS.
#[must_use]
pub fn default_port(scheme: &str) -> Option<u16> {
    if scheme == "mongodb+srv" {
        return None;
    }
    let base = scheme.split('+').next().unwrap_or(scheme);
    DEFAULT_PORTS.iter().find(|(name, _)| *name == base).map(|(_, port)| *port)
}

/// What a scheme says is spoken, where it is known here.
pub(super) fn application(scheme: &str) -> Option<Application> {
    use ApplicationProtocol as P;
    use Security::{Plain, Preferred, Tls};
    let base = scheme.split('+').next().unwrap_or(scheme);
    let (protocol, security) = match base {
        "amqp" => (P::Amqp, Plain),
        "amqps" => (P::Amqp, Tls),
        "http" | "ws" => (P::Http, Plain),
        "https" | "wss" => (P::Http, Tls),
        "kafka" => (P::Kafka, Plain),
        "memcache" | "memcached" => (P::Memcached, Plain),
        "mongodb" => (P::Mongodb, Plain),
        "mqtt" => (P::Mqtt, Plain),
        "mqtts" => (P::Mqtt, Tls),
        "mariadb" | "mysql" | "mysql2" => (P::Mysql, Preferred),
        "nats" => (P::Nats, Plain),
        "pgsql" | "postgis" | "postgres" | "postgresql" | "psql" => (P::Postgres, Preferred),
        "redis" | "valkey" => (P::Redis, Plain),
        "rediss" | "valkeys" => (P::Redis, Tls),
        "smtp" | "submission" => (P::Smtp, Plain),
        "smtps" => (P::Smtp, Tls),
        "tls" => (P::Tls, Tls),
        _ => return None,
    };
    let verify = if security == Preferred { Verify::Nothing } else { Verify::Full };
    Some(Application { protocol, security, verify })
}

/// The transport that a scheme implies.
pub(super) fn protocol(scheme: &str) -> Protocol {
    if scheme == "udp" { Protocol::Udp } else { Protocol::Tcp }
}

/// Whether a path may hold an `@` that has nothing to do with credentials (`http://web/@vite/client`).
pub(super) fn has_free_path(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss")
}

/// Whether `word` is a scheme that is known here.
pub(super) fn known(word: &str) -> bool {
    matches!(word, "tcp" | "udp" | "tls" | "mongodb+srv") || default_port(word).is_some()
}

/// Whether `text` is a scheme by RFC 3986, 3.1.
pub(super) fn valid(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}
