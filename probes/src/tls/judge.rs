//! Judges a certificate: all that is wrong with it, not the first fault alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate::{MAX_TEXT, certificate, distinguished_name, is_named_in_subject};
use super::{TlsFact, TlsFault};
use crate::application::Verify;
use crate::text::printable;

/// The most certificates of a chain, and names of authorities, that are kept.
const MAX_CHAIN: usize = 8;

/// Writes down what the server shows, and judges it. It also stands in for the client's own certificates, of which there are
/// none, to see whether one is asked for.
#[derive(Debug)]
pub(crate) struct Judge {
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    verify: Verify,
    seen: Mutex<TlsFact>,
}

impl Judge {
    pub(crate) fn new(provider: Arc<CryptoProvider>, roots: RootCertStore, verify: Verify) -> Self {
        Self { provider, roots, verify, seen: Mutex::default() }
    }

    /// What was seen.
    pub(crate) fn fact(&self) -> TlsFact {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that is wrong, in the order in which OpenSSL looks: issuer and purpose, name, time.
    fn faults(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        fact: &TlsFact,
    ) -> Vec<TlsFault> {
        let Ok(parsed) = ParsedCertificate::try_from(own) else { return vec![TlsFault::Unreadable] };
        let algorithms = self.provider.signature_verification_algorithms.all;
        let trusted_itself = self.is_root(own);
        let path = |at: UnixTime| {
            if trusted_itself {
                return Ok(());
            }
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, chain, at, algorithms)
        };
        let mut faults = Vec::new();
        let mut of_time = None;
        match path(now) {
            Ok(()) => {}
            Err(_) if self.roots.is_empty() => faults.push(TlsFault::NoRoots),
            Err(error) => match fault_of(&error) {
                fault @ (TlsFault::Expired | TlsFault::NotYetValid) => {
                    of_time = Some(fault);
                    // Whether the issuer is known shows at a time at which all of them were valid.
                    if let Some(Err(error)) = common_time(fact).map(path) {
                        faults.push(fault_of(&error));
                    }
                }
                fault => faults.push(fault),
            },
        }
        if let Some(first) = fact.chain.first().filter(|first| first.self_signed) {
            // `openssl req -x509` makes its certificates authorities, which the library does not take for a server's. OpenSSL and
            // Go do, so what is wrong with it is only that nobody trusts it.
            let unheard = |fault: &TlsFault| match fault {
                TlsFault::UnknownIssuer => true,
                TlsFault::Certificate { .. } => first.authority,
                _ => false,
            };
            for fault in faults.iter_mut().filter(|fault| unheard(fault)) {
                *fault = TlsFault::SelfSigned;
            }
        }
        if let Err(error) = verify_server_name(&parsed, name) {
            let in_subject = is_named_in_subject(own, &name.to_str());
            faults.push(if in_subject { TlsFault::NameInSubject } else { fault_of(&error) });
        }
        let of_time = of_time.or_else(|| first_of_time(fact, now).filter(|_| !faults.is_empty() || trusted_itself));
        faults.extend(of_time);
        faults.dedup();
        faults
    }

    /// Whether a certificate is itself one of those that are trusted, as one that signs itself is where it was added to a
    /// bundle. Clients with OpenSSL or Go's library take it then.
    fn is_root(&self, own: &CertificateDer<'_>) -> bool {
        let mut alone = RootCertStore::empty();
        alone.add(own.clone().into_owned()).is_ok() && alone.roots.iter().all(|root| self.roots.roots.contains(root))
    }

    /// Whether a client that verifies so much minds a fault.
    fn minds(&self, fault: &TlsFault) -> bool {
        match self.verify {
            _ if *fault == TlsFault::NameInSubject => false,
            Verify::Nothing => false,
            Verify::Chain => *fault != TlsFault::WrongName,
            Verify::Full => true,
        }
    }
}

/// A moment at which every certificate of the chain was valid, where there is one.
fn common_time(fact: &TlsFact) -> Option<UnixTime> {
    let start = fact.chain.iter().map(|certificate| certificate.not_before).max()?;
    let end = fact.chain.iter().map(|certificate| certificate.not_after).min()?;
    let middle = start.checked_add(end.checked_sub(start).filter(|length| *length > 0)? / 2)?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(middle).ok()?)))
}

/// What the server's own certificate has against the time.
fn first_of_time(fact: &TlsFact, now: UnixTime) -> Option<TlsFault> {
    let own = fact.chain.first()?;
    let now = i64::try_from(now.as_secs()).ok()?;
    if now > own.not_after { Some(TlsFault::Expired) } else { (now < own.not_before).then_some(TlsFault::NotYetValid) }
}

/// What an error of the verifier means.
pub(super) fn fault_of(error: &Error) -> TlsFault {
    let Error::InvalidCertificate(problem) = error else {
        return TlsFault::Certificate { reason: printable(error.to_string().as_bytes(), MAX_TEXT) };
    };
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
        CertificateError::BadEncoding => TlsFault::Unreadable,
        CertificateError::BadSignature => TlsFault::BadSignature,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => TlsFault::NotForServers,
        other => TlsFault::Certificate { reason: printable(other.to_string().as_bytes(), MAX_TEXT) },
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.chain = std::iter::once(end_entity).chain(intermediates).take(MAX_CHAIN).map(certificate).collect();
        seen.clock = i64::try_from(now.as_secs()).ok();
        seen.faults = self.faults(end_entity, intermediates, server_name, now, &seen);
        seen.trusted = seen.faults.iter().all(|fault| *fault == TlsFault::NameInSubject);
        if seen.faults.iter().any(|fault| self.minds(fault)) {
            // Which error it is matters to the server alone, as an alert.
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        Ok(ServerCertVerified::assertion())
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

impl ResolvesClientCert for Judge {
    fn resolve(&self, authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.asks_certificate = true;
        seen.client_authorities =
            authorities.iter().take(MAX_CHAIN).filter_map(|der| distinguished_name(der)).collect();
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
