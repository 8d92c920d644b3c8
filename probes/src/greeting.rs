//! The first words of an application protocol: who answers on a port, and why it turns a client away.
//!
//! A greeting is small, bounded and changes nothing. It never logs in: it stops where a server asks for credentials. It can
//! still be seen on the other side, as a line in the log of a server that writes one for every connection. `MySQL` counts
//! connections that end before a login towards `max_connect_errors` where it resolves the names of its clients; the greeting
//! sends it nothing but what TLS needs, as a health check that only connects would.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::application::{Application, ApplicationProtocol};
use crate::errno::Errno;
use crate::tls::TlsFact;

#[cfg(feature = "run")]
mod amqp;
#[cfg(feature = "run")]
mod bson;
#[cfg(feature = "run")]
mod bytes;
#[cfg(feature = "run")]
mod conversation;
#[cfg(feature = "run")]
mod http2;
#[cfg(feature = "run")]
mod kafka;
#[cfg(feature = "run")]
mod memcached;
#[cfg(feature = "run")]
mod mongodb;
#[cfg(feature = "run")]
mod mqtt;
#[cfg(feature = "run")]
mod mysql;
#[cfg(feature = "run")]
mod nats;
#[cfg(all(feature = "run", any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod parsing;
#[cfg(feature = "run")]
mod postgres;
#[cfg(feature = "run")]
mod recognise;
#[cfg(feature = "run")]
mod redis;
#[cfg(feature = "run")]
mod smtp;
#[cfg(feature = "run")]
mod speak;

#[cfg(feature = "run")]
pub(crate) use speak::look;

/// Connect to a port of a host and exchange the first words of a protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GreetAsk {
    /// A name, resolved as [`crate::lookup`] does it (the same lookup is shared), or an address literal without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What to speak.
    pub application: Application,
    /// How long the whole exchange may take, with what is tried after it to find out who answers instead.
    pub timeout_ms: u64,
    /// The CA certificates to trust, PEM. Without them the agent's own copy of the Mozilla roots decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// Whether the Mozilla roots are trusted beside that bundle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub and_mozilla: bool,
    /// The user to name, for servers that say only then whether they let a client in. Never a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The database to name beside the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// What came of a greeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GreetingFact {
    /// The host that was asked for.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The address that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// What was asked for.
    pub application: Application,
    /// How long it was waited for an answer at most, in milliseconds.
    pub patience_ms: u64,
    /// What was spoken by whom answered, also where it is another protocol than the one that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<SpokenProtocol>,
    /// How it ended.
    pub outcome: GreetingOutcome,
    /// The kernel's error, where there is no connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
    /// Why the server turned the client away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The server's program, as it calls itself, made printable and cut to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Its version, as it calls it, made printable and cut to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the server offers to go on with TLS; none where that was not found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_offered: Option<bool>,
    /// What the server showed of itself in the TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFact>,
    /// Why the TLS handshake failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_failure: Option<String>,
    /// Where the server tells its clients to connect; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advertised: Vec<Advertised>,
    /// The first bytes of what was not understood or not expected, made printable and cut to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// How long each phase took.
    pub phases: GreetingPhases,
}

/// What a server speaks, known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpokenProtocol {
    /// AMQP, of any version.
    Amqp,
    /// FTP (RFC 959).
    Ftp,
    /// HTTP/1 (RFC 9112).
    Http,
    /// HTTP/2 (RFC 9113).
    Http2,
    /// IMAP (RFC 9051).
    Imap,
    /// Kafka.
    Kafka,
    /// The text protocol of memcached.
    Memcached,
    /// MongoDB.
    Mongodb,
    /// MQTT.
    Mqtt,
    /// MySQL and MariaDB.
    Mysql,
    /// NATS.
    Nats,
    /// POP3 (RFC 1939).
    Pop3,
    /// PostgreSQL.
    Postgres,
    /// Redis and its kin (RESP).
    Redis,
    /// SMTP (RFC 5321).
    Smtp,
    /// SSH (RFC 4253).
    Ssh,
    /// TLS (RFC 8446).
    Tls,
    /// VNC (RFC 6143).
    Vnc,
}

/// How a greeting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GreetingOutcome {
    /// The server answered as it should, and has not asked for credentials so far.
    Welcome,
    /// The server answered as it should, and wants to know who it is.
    WantsAuthentication,
    /// The server speaks the protocol and turns the client away; [`GreetingFact::refusal`] says why.
    Refused,
    /// Something else is spoken there.
    OtherProtocol,
    /// It answered with what is no known protocol.
    NotUnderstood,
    /// It did not answer in time.
    Silent,
    /// It closed the connection without an answer.
    Closed,
    /// It reset the connection without an answer.
    Reset,
    /// The TLS handshake failed; [`GreetingFact::tls_failure`] says why.
    TlsFailed,
    /// There is no connection at all.
    NotConnected,
}

/// Why a server turns a client away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refusal {
    /// What it comes to.
    pub kind: RefusalKind,
    /// The server's own code for it: an SQLSTATE, a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The server's own words, made printable and cut to 300 characters.
    pub text: String,
}

/// What the refusal of a server comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Its access list does not let clients in from this address.
    HostDenied,
    /// It blocks this address because of failed connects before.
    HostBlocked,
    /// Redis in protected mode.
    ProtectedMode,
    /// It has all the connections that it takes.
    TooManyConnections,
    /// It lets clients in with TLS only.
    TlsRequired,
    /// The client wants TLS and the server has none.
    TlsNotOffered,
    /// It is starting, recovering, loading or shutting down.
    StartingUp,
    /// There is no such database.
    UnknownDatabase,
    /// There is no such user.
    UnknownUser,
    /// The credentials were not accepted.
    Authentication,
    /// Anything else.
    Other,
}

/// An address that a server tells its clients to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Advertised {
    /// The host, made printable.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether clients can do nothing without it: a broker of Kafka, the primary of a replica set.
    pub vital: bool,
}

/// The time that each phase took, in milliseconds; none for a phase that was not reached or not needed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GreetingPhases {
    /// TCP connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_ms: Option<f64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<f64>,
    /// From the connection to the end of the exchange, TLS included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting_ms: Option<f64>,
}

impl Advertised {
    /// The address as people write it: `kafka:9092`, `[2001:db8::1]:9092`.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl SpokenProtocol {
    /// The name that people know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amqp => "AMQP",
            Self::Ftp => "FTP",
            Self::Http => "HTTP",
            Self::Http2 => "HTTP/2",
            Self::Imap => "IMAP",
            Self::Kafka => "Kafka",
            Self::Memcached => "memcached",
            Self::Mongodb => "MongoDB",
            Self::Mqtt => "MQTT",
            Self::Mysql => "MySQL",
            Self::Nats => "NATS",
            Self::Pop3 => "POP3",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Smtp => "SMTP",
            Self::Ssh => "SSH",
            Self::Tls => "TLS",
            Self::Vnc => "VNC",
        }
    }
}

impl From<ApplicationProtocol> for SpokenProtocol {
    fn from(protocol: ApplicationProtocol) -> Self {
        match protocol {
            ApplicationProtocol::Amqp => Self::Amqp,
            ApplicationProtocol::Http => Self::Http,
            ApplicationProtocol::Http2 => Self::Http2,
            ApplicationProtocol::Kafka => Self::Kafka,
            ApplicationProtocol::Memcached => Self::Memcached,
            ApplicationProtocol::Mongodb => Self::Mongodb,
            ApplicationProtocol::Mqtt => Self::Mqtt,
            ApplicationProtocol::Mysql => Self::Mysql,
            ApplicationProtocol::Nats => Self::Nats,
            ApplicationProtocol::Postgres => Self::Postgres,
            ApplicationProtocol::Redis => Self::Redis,
            ApplicationProtocol::Smtp => Self::Smtp,
            ApplicationProtocol::Tls => Self::Tls,
        }
    }
}
