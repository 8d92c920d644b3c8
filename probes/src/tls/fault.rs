//! The ways for a TLS handshake to fail.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with a handshake or with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TlsFault {
    /// What answered is not TLS.
    NotTls {
        /// Its first bytes, made printable.
        first: String,
    },
    /// The server closed the connection during the handshake.
    Closed,
    /// The server reset the connection during the handshake.
    Reset,
    /// The handshake was not over when its time was.
    TimedOut,
    /// The server sent more than a handshake may have.
    TooLong,
    /// The issuer is none of the trusted ones.
    UnknownIssuer,
    /// The same, and the certificate is its own issuer.
    SelfSigned,
    /// There is no root that could be trusted.
    NoRoots,
    /// A trusted authority has the name of the issuer, and has not signed the certificate.
    BadSignature,
    /// The certificate is meant for something else than a server (extended key usage, RFC 5280, 4.2.1.12).
    NotForServers,
    /// The certificate cannot be read.
    Unreadable,
    /// It is for other names (RFC 9525).
    WrongName,
    /// Its name stands in the subject alone and not among its names (RFC 9525, section 2). Clients with OpenSSL do with that,
    /// those in Go and others do not.
    NameInSubject,
    /// A certificate of the chain has expired.
    Expired,
    /// A certificate of the chain is not valid yet.
    NotYetValid,
    /// Something else is wrong with the certificate.
    Certificate {
        /// What, in the words of the TLS library.
        reason: String,
    },
    /// The server speaks neither TLS 1.2 nor 1.3.
    VersionRefused,
    /// The server found no cipher that it likes, or gave no other reason than that it does not want to go on.
    NoCommonCipher,
    /// The server wants none of the protocols that were offered (ALPN).
    NoCommonProtocol,
    /// The server wants a certificate of the client's.
    ClientCertificateWanted,
    /// The server has no certificate for the name that was sent, or wants one where none was.
    NameNotServed,
    /// The server ended the handshake with another alert (RFC 8446, section 6.2).
    Alert {
        /// The alert.
        description: String,
    },
    /// The handshake failed in another way.
    Other {
        /// In words.
        reason: String,
    },
}

impl TlsFault {
    /// Whether it is one of the certificate, which a client that checks nothing does not mind.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        matches!(
            self,
            Self::UnknownIssuer
                | Self::SelfSigned
                | Self::NoRoots
                | Self::BadSignature
                | Self::NotForServers
                | Self::Unreadable
                | Self::WrongName
                | Self::NameInSubject
                | Self::Expired
                | Self::NotYetValid
                | Self::Certificate { .. }
        )
    }

    /// Whether nobody whom the client trusts stands for the certificate.
    #[must_use]
    pub fn is_of_issuer(&self) -> bool {
        matches!(self, Self::UnknownIssuer | Self::SelfSigned | Self::NoRoots | Self::BadSignature)
    }
}

impl fmt::Display for TlsFault {
    /// In words that need no knowledge of a library.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTls { .. } => "the server's answer is not TLS",
            Self::Closed => "the server closed the connection during the handshake",
            Self::Reset => "the server reset the connection during the handshake",
            Self::TimedOut => "no answer before the timeout",
            Self::TooLong => "the server sent more than a handshake may have",
            Self::UnknownIssuer => "the certificate comes from an unknown authority",
            Self::SelfSigned => "the certificate is signed by itself, by no authority that is trusted",
            Self::NoRoots => "there is no CA certificate to trust",
            // Two authorities of one name, as when a private one was made anew.
            Self::BadSignature => "the certificate was not signed by the trusted authority that it names",
            Self::NotForServers => "the certificate is not meant for servers",
            Self::Unreadable => "the certificate can not be read",
            Self::WrongName => "the certificate is not valid for this name",
            Self::NameInSubject => "the certificate has this name in its subject only",
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::VersionRefused => "the server offers neither TLS 1.2 nor TLS 1.3",
            Self::NoCommonCipher => "the server ended the handshake: no cipher that both know, or another refusal",
            Self::NoCommonProtocol => "the server wants none of the protocols that were offered",
            Self::ClientCertificateWanted => "the server wants a certificate of the client's",
            Self::NameNotServed => "the server has no certificate for the name that it was asked for",
            Self::Alert { description } => return write!(f, "the server ended the handshake: {description}"),
            Self::Certificate { reason } | Self::Other { reason } => reason,
        })
    }
}
