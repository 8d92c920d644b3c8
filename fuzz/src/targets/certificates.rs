//! Certificates that servers show, and bundles of those that are trusted.

use dprobe_probes::fuzzing;

use crate::check::{self, escaped};

/// The longest text that is kept of a certificate, the most names, and the longest chain.
const TEXT: usize = 200;
const NAMES: usize = 50;
const CHAIN: usize = 8;

/// A certificate (X.509, DER).
pub(super) fn certificate(data: &[u8]) {
    let fact = fuzzing::certificate(data);
    assert!(fact.names.len() <= NAMES);
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(TEXT));
    check::comes_back(&fact);
}

/// A chain, each certificate after its length in two bytes; what follows a length of zero is the bundle (PEM).
pub(super) fn chain(data: &[u8]) {
    let mut chain = Vec::new();
    let mut rest = data;
    while let [high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (certificate, after) = after.split_at(length);
        rest = after;
        if length == 0 {
            break;
        }
        chain.push(certificate);
    }
    let bundle = String::from_utf8_lossy(rest);
    let fact = fuzzing::certificate_chain(Some(bundle.as_ref()).filter(|bundle| !bundle.is_empty()), &chain);
    assert_eq!(fact.chain.len(), chain.len().min(CHAIN));
    assert!(!fact.trusted || !bundle.is_empty(), "nobody has signed this: {fact:?}");
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(TEXT));
    check::comes_back(&fact);
}
