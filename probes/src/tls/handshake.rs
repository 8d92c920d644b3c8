//! The TLS handshake, and what the server showed of itself even where it is not trusted.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{CertificateFact, TlsFact};
use crate::errno::Errno;
use crate::text::printable;

/// Bounds of what is kept of a chain.
const MAX_CHAIN: usize = 8;
const MAX_NAMES: usize = 50;
const MAX_TEXT: usize = 200;

/// A handshake, as far as it came.
pub(crate) struct Handshake {
    /// What the server showed.
    pub(crate) fact: TlsFact,
    /// The stream, or why there is none.
    pub(crate) stream: Result<TlsStream<TcpStream>, Failure>,
}

/// Why a handshake failed.
pub(crate) struct Failure {
    /// In words.
    pub(crate) reason: String,
    /// The kernel's error, where there was one.
    pub(crate) errno: Option<Errno>,
}

impl Failure {
    fn new(reason: &str) -> Self {
        Self { reason: printable(reason.as_bytes(), MAX_TEXT), errno: None }
    }
}

/// Shake hands with `host` over `tcp`, trusting `ca_bundle` (PEM) or else the Mozilla roots.
pub(crate) async fn handshake(tcp: TcpStream, host: &str, ca_bundle: Option<&str>, wait: Duration) -> Handshake {
    let recorder = Arc::new(Recorder::new(roots(ca_bundle)));
    let stream = match (server_name(host), config(&recorder)) {
        (Ok(name), Ok(config)) => {
            let connector = TlsConnector::from(Arc::new(config));
            match timeout(wait, connector.connect(name, tcp)).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(failure_of(&error)),
                Err(_) => Err(Failure::new("no answer before the timeout")),
            }
        }
        (Err(reason), _) => Err(Failure::new(&reason)),
        (_, Err(error)) => Err(Failure::new(&error.to_string())),
    };
    let mut fact = recorder.fact();
    if let Ok(stream) = &stream {
        fact.version = stream.get_ref().1.protocol_version().map(version_name);
    }
    Handshake { fact, stream }
}

fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| format!("{host} is not a name that a certificate can have")),
    }
}

/// The trusted roots. Certificates of a bundle that can not be used are passed over, as other TLS libraries do.
pub(crate) fn roots(ca_bundle: Option<&str>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    match ca_bundle {
        Some(pem) => {
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok));
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    roots
}

fn config(recorder: &Arc<Recorder>) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Writes down the chain, then lets the usual verifier judge it.
#[derive(Debug)]
pub(crate) struct Recorder {
    provider: Arc<CryptoProvider>,
    /// None without a single root, where nothing can be trusted.
    judge: Option<Arc<WebPkiServerVerifier>>,
    seen: Mutex<TlsFact>,
}

impl Recorder {
    pub(crate) fn new(roots: RootCertStore) -> Self {
        let provider = Arc::new(ring::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok();
        let seen = TlsFact { version: None, trusted: false, problem: None, chain: Vec::new() };
        Self { provider, judge, seen: Mutex::new(seen) }
    }

    pub(crate) fn fact(&self) -> TlsFact {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = match &self.judge {
            Some(judge) => judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.chain = std::iter::once(end_entity).chain(intermediates).take(MAX_CHAIN).map(certificate).collect();
        seen.trusted = verdict.is_ok();
        seen.problem = match (&verdict, &self.judge) {
            (Ok(_), _) => None,
            (Err(_), None) => Some("there is no CA certificate to trust".to_owned()),
            (Err(error), Some(_)) => Some(in_words(error)),
        };
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What a certificate says; one that can not be read says nothing and is kept all the same, for the chain's length.
pub(crate) fn certificate(der: &CertificateDer<'_>) -> CertificateFact {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let unreadable = "(can not be read)".to_owned();
        return CertificateFact {
            subject: unreadable.clone(),
            issuer: unreadable,
            names: Vec::new(),
            not_before: 0,
            not_after: 0,
        };
    };
    let validity = certificate.validity();
    CertificateFact {
        subject: printable(certificate.subject().to_string().as_bytes(), MAX_TEXT),
        issuer: printable(certificate.issuer().to_string().as_bytes(), MAX_TEXT),
        names: names(&certificate),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(printable(name.as_bytes(), MAX_TEXT)),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(v4) => Some(IpAddr::from(v4).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|v6| IpAddr::from(v6).to_string()),
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(shown).take(MAX_NAMES).collect()
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

fn failure_of(error: &io::Error) -> Failure {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return Failure::new(&in_words(error));
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Failure::new("the server closed the connection during the handshake");
    }
    Failure { errno: error.raw_os_error().map(Errno::from_raw), ..Failure::new(&error.to_string()) }
}

/// A TLS error in words that need no knowledge of the library.
fn in_words(error: &Error) -> String {
    let words = match error {
        Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet"
            }
            CertificateError::UnknownIssuer => "the certificate comes from an unknown authority",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is not valid for this name"
            }
            CertificateError::BadEncoding => "the certificate can not be read",
            // Two authorities of one name, as when a private one was made anew.
            CertificateError::BadSignature => "the certificate was not signed by the trusted authority that it names",
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "the certificate is not meant for servers"
            }
            other => return other.to_string(),
        },
        Error::InvalidMessage(_) => "the server's answer is not TLS",
        Error::AlertReceived(alert) => return format!("the server ended the handshake: {alert:?}"),
        Error::PeerIncompatible(_) => "the server offers no version or cipher of TLS 1.2 or 1.3",
        other => return other.to_string(),
    };
    words.to_owned()
}
