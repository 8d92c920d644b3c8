//! The TLS handshake, and what a server shows of itself in it.

use serde::{Deserialize, Serialize};

mod fault;

#[cfg(feature = "run")]
pub(crate) mod certificate;
#[cfg(feature = "run")]
pub(crate) mod handshake;
#[cfg(feature = "run")]
mod hello;
#[cfg(feature = "run")]
pub(crate) mod judge;
#[cfg(feature = "run")]
mod tap;

pub use fault::TlsFault;
#[cfg(feature = "run")]
pub(crate) use handshake::{Failure, Trust, alert_in, handshake, old_hello};

/// What a server showed of itself in a TLS handshake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TlsFact {
    /// The protocol version, such as `TLSv1.3`, where the handshake came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the chain and the name were found good.
    pub trusted: bool,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// All that is wrong, what a client with OpenSSL meets first at the front. Of a certificate every fault is told, not the
    /// first alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<TlsFault>,
    /// The chain as it was shown, the server's own certificate first; at most 8.
    pub chain: Vec<CertificateFact>,
    /// The clock of the host at the handshake, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<i64>,
    /// The name that the server was asked for (SNI, RFC 6066, section 3). None for an address, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// What the server chose when it was offered versions and ciphers of old, asked where it wanted none of today's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<OldHello>,
    /// The protocol that the server chose among those that were offered (ALPN, RFC 7301).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Whether the server asked for a certificate of the client's (RFC 8446, section 4.3.2). It may do without one all the
    /// same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_certificate: bool,
    /// The authorities whose certificates it would take from a client, where it names them; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_authorities: Vec<String>,
}

/// What a server chose among versions and ciphers of old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OldHello {
    /// The version, such as `TLSv1.1`.
    pub version: String,
    /// The cipher, by its number in IANA's registry.
    pub cipher: u16,
}

/// What a certificate says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CertificateFact {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The names it is valid for; at most 50.
    pub names: Vec<String>,
    /// The start of its validity, seconds since 1970.
    pub not_before: i64,
    /// The end of its validity, seconds since 1970.
    pub not_after: i64,
    /// Whether it names itself as its issuer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_signed: bool,
    /// Whether it may sign others (basic constraints, RFC 5280, section 4.2.1.9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authority: bool,
}
