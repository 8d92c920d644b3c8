//! An HTTP or HTTPS request over our own connection, each phase timed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::errno::Errno;
use crate::tls::TlsFact;

#[cfg(feature = "run")]
pub(crate) mod exchange;
#[cfg(feature = "run")]
mod h2;
#[cfg(feature = "run")]
mod keep;
#[cfg(feature = "run")]
mod proxy;
#[cfg(feature = "run")]
pub(crate) mod stream;
#[cfg(feature = "run")]
mod url;

#[cfg(feature = "run")]
pub(crate) use exchange::look;
#[cfg(feature = "run")]
pub(crate) use url::Target;

/// Make one GET request and read the head of the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpAsk {
    /// The URL, without credentials.
    pub url: String,
    /// How long the whole exchange may take.
    pub timeout_ms: u64,
    /// The CA certificates to trust, PEM. Without them the agent's own copy of the Mozilla roots decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// Whether the Mozilla roots are trusted beside those of `ca_bundle`, as by programs that bring their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub and_mozilla: bool,
    /// Whether the server's certificate is let pass whatever it is, for it is judged by another ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// What to ask the TLS server for (SNI) instead of the host in the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// What to say in the `Host` header (RFC 9110, section 7.2) instead of what the URL has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_header: Option<String>,
    /// The proxy to send it through, in place of going to the target directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// A proxy on the way of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Via {
    /// Its host: a name, or an address literal without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    #[serde(default, skip_serializing_if = "ViaKind::is_http")]
    pub kind: ViaKind,
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ViaKind {
    /// HTTP (RFC 9110, section 7.6).
    #[default]
    Http,
    /// The same inside of TLS.
    Https,
    /// SOCKS 5 (RFC 1928); the client looks the target's name up.
    Socks5,
    /// The same; the proxy looks the name up.
    Socks5h,
}

impl ViaKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_http(&self) -> bool {
        *self == Self::Http
    }

    /// Whether it is SOCKS.
    #[must_use]
    pub fn is_socks(self) -> bool {
        matches!(self, Self::Socks5 | Self::Socks5h)
    }
}

/// One HTTP exchange, as far as it came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpFact {
    /// The URL.
    pub url: String,
    /// The `Host` header, where it was not that of the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_header: Option<String>,
    /// What the TLS server was asked for, where it was not the host in the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whether the server's certificate was let pass whatever it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// The proxy that it was sent through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The address that was used: the target's, or the proxy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How long each phase took.
    pub phases: HttpPhases,
    /// The version of HTTP that the answer is in: `HTTP/1.1`, `HTTP/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The first headers, made printable; at most 64, values cut to 200 characters. Cookies are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpHeader>,
    /// The start of the body, made printable and cut to 300 characters; to 4000 where the URL is that of a discovery document
    /// of `OpenID` Connect. It is never unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_start: Option<String>,
    /// The first bytes of what answered, made printable, where that is not HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bytes: Option<String>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HttpPhase {
    /// Name resolution.
    Dns,
    /// TCP connect.
    Tcp,
    /// What the proxy was asked for: a connection to the target (`CONNECT`, RFC 9110, 9.3.6; RFC 1928, section 4).
    Proxy,
    /// TLS handshake.
    Tls,
    /// Request and answer.
    Http,
}

impl HttpFact {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// Whether the proxy on the way wants to know who asks (407, RFC 9110, 15.5.8; RFC 1928, section 3). Credentials are no
    /// part of an ask, so this proves nothing of the program's own requests.
    #[must_use]
    pub fn proxy_wants_login(&self) -> bool {
        self.via.is_some() && self.status == Some(407)
    }
}
