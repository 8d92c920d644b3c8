//! The TLS handshake, and what the server showed of itself even where it is not trusted.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, Error, InvalidMessage, PeerIncompatible, ProtocolVersion, RootCertStore};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::MAX_TEXT;
use super::judge::Judge;
use super::tap::{Taken, Tap};
use super::{OldHello, TlsFact, TlsFault};
use crate::application::Verify;
use crate::errno::Errno;
use crate::text::printable;

/// How long a server that asks for a client's certificate is listened to after the handshake: in TLS 1.3 it says only then
/// that it wants one (RFC 8446, section 4.4.2.4).
const AFTERWARDS: Duration = Duration::from_millis(300);

/// Whom a client trusts, and what it offers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trust<'a> {
    /// The CA certificates to trust, PEM. Without them it is the Mozilla roots.
    pub(crate) ca_bundle: Option<&'a str>,
    /// Whether the Mozilla roots are trusted beside the bundle.
    pub(crate) and_mozilla: bool,
    /// What has to be right.
    pub(crate) verify: Verify,
    /// The name to ask for in place of the host's (SNI); the certificate has to be for that one.
    pub(crate) server_name: Option<&'a str>,
    /// The protocols to offer (ALPN). None are offered where this is empty.
    pub(crate) protocols: &'a [&'a str],
}

impl<'a> From<Option<&'a str>> for Trust<'a> {
    fn from(ca_bundle: Option<&'a str>) -> Self {
        Self { ca_bundle, and_mozilla: false, verify: Verify::Full, server_name: None, protocols: &[] }
    }
}

/// A handshake, as far as it came.
pub(crate) struct Handshake<S> {
    /// What the server showed.
    pub(crate) fact: TlsFact,
    /// The stream, or why there is none.
    pub(crate) stream: Result<TlsStream<Tap<S>>, Failure>,
}

/// Why a handshake failed.
pub(crate) struct Failure {
    /// In words.
    pub(crate) reason: String,
    /// The kernel's error, where there was one.
    pub(crate) errno: Option<Errno>,
}

/// Shakes hands with `host` over a stream. A CA bundle alone says whom to trust: chain and name have to be right then.
pub(crate) async fn handshake<'a, S>(stream: S, host: &str, trust: impl Into<Trust<'a>>, wait: Duration) -> Handshake<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let trust = trust.into();
    let (tap, taken) = Tap::new(stream);
    let name = server_name(trust.server_name.unwrap_or(host));
    let (shaken, judge) = match (name, Setting::new(&trust)) {
        (Ok(name), Ok(setting)) => {
            let shaken = timeout(wait, shake(tap, name, &setting)).await;
            let shaken = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            (shaken, setting.judge)
        }
        (Err(reason), _) | (_, Err(reason)) => {
            let fact = TlsFact { faults: vec![TlsFault::Other { reason: reason.clone() }], ..TlsFact::default() };
            return Handshake { fact, stream: Err(Failure { reason, errno: None }) };
        }
    };
    taken.let_go();
    let mut fact = judge.fact();
    fact.clock = fact.clock.or_else(clock);
    fact.server_name = sni(trust.server_name.unwrap_or(host));
    match shaken {
        Ok(stream) => {
            let session = stream.get_ref().1;
            fact.version = session.protocol_version().map(version_name);
            fact.protocol = session.alpn_protocol().map(|name| printable(name, MAX_TEXT));
            fact.problem = fact.faults.first().filter(|_| !fact.trusted).map(ToString::to_string);
            Handshake { fact, stream: Ok(stream) }
        }
        Err(error) => {
            fact.trusted = false;
            let fault = fault_of(&error, &fact, &taken);
            // What is wrong with the certificate has been told already.
            let told = rustls_error(&error).is_some_and(is_verdict) && !fact.faults.is_empty();
            if !told {
                fact.faults.insert(0, fault);
            }
            let reason = fact.faults.first().map(ToString::to_string).unwrap_or_default();
            fact.problem = Some(reason.clone());
            let errno = match error.kind() {
                io::ErrorKind::TimedOut => Some(Errno::TimedOut),
                _ => error.raw_os_error().map(Errno::from_raw),
            };
            Handshake { fact, stream: Err(Failure { reason, errno }) }
        }
    }
}

/// Whether a server that ended a handshake may still speak something of old, and what it chooses of that when it is asked over
/// a fresh stream.
pub(crate) async fn old_hello(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    wait: Duration,
) -> Option<OldHello> {
    timeout(wait, super::hello::offer(stream, host)).await.ok().flatten()
}

/// What one handshake is made with.
struct Setting {
    judge: Arc<Judge>,
    config: Arc<ClientConfig>,
}

impl Setting {
    fn new(trust: &Trust<'_>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let judge = Arc::new(Judge::new(Arc::clone(&provider), roots(trust), trust.verify));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&judge) as Arc<dyn ServerCertVerifier>)
            .with_client_cert_resolver(Arc::clone(&judge) as Arc<dyn ResolvesClientCert>);
        config.alpn_protocols = trust.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { judge, config: Arc::new(config) })
    }
}

/// The handshake itself. One after which the server may still refuse is waited for a little longer.
async fn shake<S>(stream: S, name: ServerName<'static>, setting: &Setting) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = TlsConnector::from(Arc::clone(&setting.config)).connect(name, stream).await?;
    if setting.judge.fact().asks_certificate {
        // What is read stays in the stream. A server that hangs up here has said nothing wrong with TLS.
        if let Ok(Err(error)) = timeout(AFTERWARDS, stream.fill_buf()).await
            && rustls_error(&error).is_some()
        {
            return Err(error);
        }
    }
    Ok(stream)
}

fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| printable(format!("{host} is not a name that a certificate can have").as_bytes(), MAX_TEXT)),
    }
}

/// The name that goes over the wire; there is none for an address.
fn sni(host: &str) -> Option<String> {
    let name = host.trim_end_matches('.');
    name.parse::<IpAddr>().is_err().then(|| printable(name.as_bytes(), MAX_TEXT))
}

fn clock() -> Option<i64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// The trusted roots. Certificates of a bundle that can not be used are passed over, as other TLS libraries do.
pub(crate) fn roots(trust: &Trust<'_>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = trust.ca_bundle {
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok));
    }
    if trust.ca_bundle.is_none() || trust.and_mozilla {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The error of the TLS library inside of one of a stream.
fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// Whether an error is what the judge made of the certificate.
fn is_verdict(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(_))
}

/// What an alert means that came instead of an answer, inside of an error of the stream.
pub(crate) fn alert_in(error: &io::Error, fact: &TlsFact) -> Option<TlsFault> {
    match rustls_error(error)? {
        Error::AlertReceived(alert) => Some(fault_of_alert(*alert, fact)),
        _ => None,
    }
}

fn fault_of(error: &io::Error, fact: &TlsFact, taken: &Taken) -> TlsFault {
    let first = taken.first();
    // A record has a type from 20 to 23 (RFC 8446, section 5.1) and a version that begins with 3.
    let foreign = match first[..] {
        [] => false,
        [kind] => !(20..=23).contains(&kind),
        [kind, major, ..] => !(20..=23).contains(&kind) || major != 3,
    };
    if foreign {
        return TlsFault::NotTls { first: printable(&first, first.len()) };
    }
    if taken.is_too_much() {
        return TlsFault::TooLong;
    }
    if let Some(error) = rustls_error(error) {
        return match error {
            Error::AlertReceived(alert) => fault_of_alert(*alert, fact),
            Error::InvalidMessage(
                InvalidMessage::CertificatePayloadTooLarge
                | InvalidMessage::HandshakePayloadTooLarge
                | InvalidMessage::MessageTooLarge,
            )
            | Error::PeerSentOversizedRecord => TlsFault::TooLong,
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled,
            ) => TlsFault::VersionRefused,
            Error::PeerIncompatible(_) => TlsFault::NoCommonCipher,
            Error::InvalidCertificate(_) => super::judge::fault_of(error),
            other => TlsFault::Other { reason: printable(other.to_string().as_bytes(), MAX_TEXT) },
        };
    }
    match error.kind() {
        io::ErrorKind::TimedOut => TlsFault::TimedOut,
        io::ErrorKind::UnexpectedEof => TlsFault::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => TlsFault::Reset,
        _ => TlsFault::Other { reason: printable(error.to_string().as_bytes(), MAX_TEXT) },
    }
}

fn fault_of_alert(alert: AlertDescription, fact: &TlsFact) -> TlsFault {
    let no_certificate = matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::NoCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
    );
    match alert {
        AlertDescription::CertificateRequired => TlsFault::ClientCertificateWanted,
        _ if no_certificate && fact.asks_certificate => TlsFault::ClientCertificateWanted,
        AlertDescription::ProtocolVersion => TlsFault::VersionRefused,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => TlsFault::NoCommonCipher,
        AlertDescription::NoApplicationProtocol => TlsFault::NoCommonProtocol,
        AlertDescription::UnrecognisedName => TlsFault::NameNotServed,
        other => TlsFault::Alert { description: format!("{other:?}") },
    }
}
