//! The application protocols that dprobe can speak a first word of, and how TLS comes into them.

use serde::{Deserialize, Serialize};

/// What a client wants to speak once it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Application {
    /// The protocol.
    pub protocol: ApplicationProtocol,
    /// How TLS comes into it.
    pub security: Security,
    /// What of the server's certificate has to be right.
    pub verify: Verify,
}

/// An application protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApplicationProtocol {
    /// AMQP 0-9-1, as RabbitMQ speaks it.
    Amqp,
    /// HTTP/1.1 (RFC 9112), also what a WebSocket begins with.
    Http,
    /// HTTP/2 (RFC 9113) without a word of HTTP/1.1 before it, as gRPC has it.
    Http2,
    /// Kafka.
    Kafka,
    /// The text protocol of memcached.
    Memcached,
    /// MongoDB.
    Mongodb,
    /// MQTT 3.1.1.
    Mqtt,
    /// MySQL and MariaDB.
    Mysql,
    /// NATS.
    Nats,
    /// PostgreSQL.
    Postgres,
    /// Redis, Valkey and their kin (RESP).
    Redis,
    /// SMTP (RFC 5321).
    Smtp,
    /// TLS (RFC 8446), and nothing that is known inside of it.
    Tls,
}

/// How TLS comes into a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all.
    Plain,
    /// The client asks for it and goes on without where the server has none (`sslmode=prefer`).
    Preferred,
    /// The client asks for it by a word of the protocol and gives up without (`sslmode=require`, STARTTLS).
    Upgrade,
    /// From the first byte.
    Tls,
}

/// What of a server's certificate has to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Nothing: the client only wants encryption (`sslmode=require`).
    Nothing,
    /// The chain, not the name (`sslmode=verify-ca`).
    Chain,
    /// Chain and name.
    Full,
}

impl ApplicationProtocol {
    /// The name that people know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amqp => "AMQP",
            Self::Http => "HTTP",
            Self::Http2 => "HTTP/2",
            Self::Kafka => "Kafka",
            Self::Memcached => "memcached",
            Self::Mongodb => "MongoDB",
            Self::Mqtt => "MQTT",
            Self::Mysql => "MySQL",
            Self::Nats => "NATS",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Smtp => "SMTP",
            Self::Tls => "TLS",
        }
    }
}
