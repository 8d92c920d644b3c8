//! URL schemes that people put into environments, and what they imply.

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};

use crate::topology::Protocol;

/// Schemes and their default ports: IANA's registration, or what the program's own documentation says.
const DEFAULT_PORTS: [(&str, u16); 50] = [
    ("amqp", 5672),
    ("amqps", 5671),
    ("bolt", 7687),
    ("clickhouse", 9000),
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
    ("mysqli", 3306),
    ("mysqls", 3306),
    ("mysqlx", 33060),
    ("nats", 4222),
    ("neo4j", 7687),
    ("oracle", 1521),
    ("pdo-mysql", 3306),
    ("pdo-pgsql", 5432),
    ("pgsql", 5432),
    ("plaintext", 9092),
    ("postgis", 5432),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("psql", 5432),
    ("pulsar", 6650),
    ("redis", 6379),
    ("redis-sentinel", 26379),
    ("rediss", 6379),
    ("sasl_plaintext", 9092),
    ("sasl_ssl", 9092),
    ("sftp", 22),
    ("smtp", 25),
    ("smtps", 465),
    ("sqlserver", 1433),
    ("ssh", 22),
    ("stomp", 61613),
    ("submission", 587),
    ("valkey", 6379),
    ("valkeys", 6379),
    ("ws", 80),
    ("wss", 443),
];

/// Further schemes that mean what they say, and are no misspelt ones.
const OTHERS: [&str; 47] = [
    "cassandra",
    "consul",
    "couchbase",
    "couchbases",
    "crdb",
    "db2",
    "dns",
    "elasticsearch",
    "etcd",
    "etcds",
    "file",
    "ftps",
    "git",
    "gopher",
    "grpc",
    "grpcs",
    "h2",
    "h2c",
    "hive",
    "http2",
    "http3",
    "imap",
    "imaps",
    "jaeger",
    "mongos",
    "mysqlnd",
    "ntp",
    "otlp",
    "pg",
    "pop3",
    "postgrest",
    "pq",
    "redshift",
    "rsync",
    "rtmp",
    "rtmps",
    "rtsp",
    "rtsps",
    "snmp",
    "socks",
    "socks4",
    "socks5",
    "socks5h",
    "trino",
    "vertica",
    "zk",
    "zookeeper",
];

/// Schemes whose name people take from the product.
const NICKNAMES: [(&str, &str); 4] =
    [("mongo", "mongodb"), ("postgre", "postgres"), ("postgressql", "postgresql"), ("rabbit", "amqp")];

/// Schemes of what is on the same machine, and no matter of the network.
const LOCAL: [&str; 13] =
    ["about", "blob", "chrome", "data", "duckdb", "file", "h2", "ipc", "jar", "memory", "sqlite", "sqlite3", "unix"];

/// The scheme without a driver (`postgresql+asyncpg`).
fn base(scheme: &str) -> &str {
    scheme.split('+').next().unwrap_or(scheme)
}

/// The port that a scheme implies. A driver after a `+` changes nothing (`postgresql+asyncpg`), except for `mongodb+srv`,
/// whose ports are in the DNS, and for Redis Sentinel.
#[must_use]
pub fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "mongodb+srv" => None,
        "redis+sentinel" | "rediss+sentinel" | "valkey+sentinel" => Some(26379),
        _ => DEFAULT_PORTS.iter().find(|(name, _)| *name == base(scheme)).map(|(_, port)| *port),
    }
}

/// What a scheme says is spoken, where it is known here. Of some the port says the rest: `tls://` is what NATS and MQTT
/// have as well.
pub(super) fn application(scheme: &str, port: Option<u16>) -> Option<Application> {
    use ApplicationProtocol as P;
    use Security::{Plain, Preferred, Tls, Upgrade};
    let driver = scheme.split_once('+').map(|(_, driver)| driver);
    let (protocol, security) = match base(scheme) {
        "amqp" => (P::Amqp, Plain),
        "amqps" => (P::Amqp, Tls),
        "http" | "ws" => (P::Http, Plain),
        "https" | "wss" => (P::Http, Tls),
        "kafka" if matches!(driver, Some("ssl" | "tls")) => (P::Kafka, Tls),
        "kafka" | "plaintext" | "sasl_plaintext" => (P::Kafka, Plain),
        "sasl_ssl" => (P::Kafka, Tls),
        "memcache" | "memcached" => (P::Memcached, Plain),
        "mongodb" if driver == Some("srv") => (P::Mongodb, Tls),
        "mongodb" => (P::Mongodb, Plain),
        "mqtt" if matches!(driver, Some("ssl" | "tls")) => (P::Mqtt, Tls),
        "mqtt" => (P::Mqtt, Plain),
        "mqtts" => (P::Mqtt, Tls),
        "mariadb" | "mysql" | "mysql2" | "mysqli" | "pdo-mysql" => (P::Mysql, Preferred),
        "mysqls" => (P::Mysql, Upgrade),
        "nats" => (P::Nats, Plain),
        "pgsql" | "pdo-pgsql" | "postgis" | "postgres" | "postgresql" | "psql" => (P::Postgres, Preferred),
        "redis" | "redis-sentinel" | "valkey" => (P::Redis, Plain),
        "rediss" | "valkeys" => (P::Redis, Tls),
        "smtp" if port == Some(465) => (P::Smtp, Tls),
        "smtp" if matches!(driver, Some("tls" | "starttls")) => (P::Smtp, Upgrade),
        "smtp" | "submission" => (P::Smtp, Plain),
        "smtps" => (P::Smtp, Tls),
        "ssl" | "tls" if port == Some(4222) => (P::Nats, Upgrade),
        "ssl" | "tls" if port == Some(8883) => (P::Mqtt, Tls),
        "ssl" | "tls" => (P::Tls, Tls),
        _ => return None,
    };
    let verify = if security == Preferred { Verify::Nothing } else { Verify::Full };
    Some(Application { protocol, security, verify })
}

/// The scheme that is meant by one that is not known here; none where it may be one of its own.
pub(super) fn meant(scheme: &str) -> Option<&'static str> {
    let base = base(scheme);
    if known(scheme) || OTHERS.contains(&base) || LOCAL.contains(&base) {
        return None;
    }
    if let Some((_, meant)) = NICKNAMES.iter().find(|(nickname, _)| *nickname == base) {
        return Some(meant);
    }
    // Of short ones every other is near.
    let near = |known: &&str| known.len() >= 4 && base.len() >= 4 && strsim::damerau_levenshtein(known, base) == 1;
    DEFAULT_PORTS.iter().map(|(name, _)| *name).find(near)
}

/// Whether a scheme is of something on the same machine.
pub(super) fn is_local(scheme: &str) -> bool {
    let driver = scheme.split_once('+').map(|(_, driver)| driver);
    LOCAL.contains(&base(scheme)) || matches!(driver, Some("unix" | "socket" | "file" | "pysqlite" | "aiosqlite"))
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
    matches!(word, "tcp" | "udp" | "ssl" | "tls" | "mongodb+srv") || default_port(word).is_some()
}

/// Whether `text` is a scheme by RFC 3986, 3.1, or one of Kafka's listeners, which have an underscore.
pub(super) fn valid(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
}
