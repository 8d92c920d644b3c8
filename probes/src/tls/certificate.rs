//! What a certificate says, read for people and for the causes.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};

use super::CertificateFact;
use crate::text::printable;

/// Bounds of what is kept of a certificate.
const MAX_NAMES: usize = 50;
pub(super) const MAX_TEXT: usize = 200;

/// What a certificate says; one that can not be read says nothing and is kept all the same, for the chain's length.
pub(crate) fn certificate(der: &CertificateDer<'_>) -> CertificateFact {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let unreadable = "(can not be read)".to_owned();
        return CertificateFact { subject: unreadable.clone(), issuer: unreadable, ..CertificateFact::default() };
    };
    let validity = certificate.validity();
    CertificateFact {
        subject: shown(certificate.subject()),
        issuer: shown(certificate.issuer()),
        names: names(&certificate),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        authority: certificate.is_ca(),
    }
}

/// Whether a certificate that has no list of names at all has this one in its subject, the way of old.
pub(super) fn is_named_in_subject(der: &CertificateDer<'_>, host: &str) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let listed = certificate.subject_alternative_name().is_ok_and(|extension| extension.is_some());
    let mut common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    !listed && common.any(|name| name.eq_ignore_ascii_case(host))
}

/// A distinguished name in its DER form, for people.
pub(super) fn distinguished_name(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().map(|(_, name)| shown(&name))
}

fn shown(name: &X509Name<'_>) -> String {
    printable(name.to_string().as_bytes(), MAX_TEXT)
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
