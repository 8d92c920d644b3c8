//! The TLS handshake, and what a server shows of itself in it.

use serde::{Deserialize, Serialize};

#[cfg(feature = "run")]
pub(crate) mod handshake;

#[cfg(feature = "run")]
pub(crate) use handshake::{Failure, handshake};

/// What a server showed of itself in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The chain as it was shown, the server's own certificate first; at most 8.
    pub chain: Vec<CertificateFact>,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}
