//! An HTTP or HTTPS request over our own connection, each phase timed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::errno::Errno;
use crate::tls::TlsFact;

#[cfg(feature = "run")]
pub(crate) mod exchange;
#[cfg(feature = "run")]
pub(crate) mod stream;
#[cfg(feature = "run")]
mod url;

#[cfg(feature = "run")]
pub(crate) use exchange::look;
#[cfg(feature = "run")]
pub(crate) use url::Target;

/// Make one GET request and read the head of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpAsk {
    /// The URL, without credentials.
    pub url: String,
    /// How long the whole exchange may take.
    pub timeout_ms: u64,
    /// The CA certificates to trust, PEM. Without them the agent's own copy of the Mozilla roots decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// What to say in the `Host` header (RFC 9110, section 7.2) instead of what the URL has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_header: Option<String>,
    /// The HTTP proxy to send it through (RFC 9110, 7.6), in place of going to the target directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// An HTTP proxy on the way of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Via {
    /// Its host: a name, or an address literal without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// One HTTP exchange, as far as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpFact {
    /// The URL.
    pub url: String,
    /// The `Host` header, where it was not that of the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_header: Option<String>,
    /// The proxy that it was sent through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The address that was used: the target's, or the proxy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How long each phase took.
    pub phases: HttpPhases,
    /// The status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The first headers, made printable; at most 64, values cut to 200 characters. Cookies are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpHeader>,
    /// The start of the body, made printable and cut to 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_start: Option<String>,
    /// What the server showed of itself, for https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFact>,
    /// Where and why it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<HttpFailure>,
}

/// The time that each phase took, in milliseconds; none for a phase that was not reached or not needed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpPhases {
    /// Name resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_ms: Option<f64>,
    /// TCP connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_ms: Option<f64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<f64>,
    /// From the request to the first byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
}

/// One header of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpHeader {
    /// The name, in lower case.
    pub name: String,
    /// The value, made printable.
    pub value: String,
}

/// Where an HTTP exchange ended early.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpFailure {
    /// The phase.
    pub phase: HttpPhase,
    /// Why, in words.
    pub reason: String,
    /// The kernel's error, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
}

/// A phase of an HTTP exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HttpPhase {
    /// Name resolution.
    Dns,
    /// TCP connect.
    Tcp,
    /// What the proxy was asked to connect to for https (`CONNECT`, RFC 9110, 9.3.6).
    Proxy,
    /// TLS handshake.
    Tls,
    /// Request and answer.
    Http,
}
