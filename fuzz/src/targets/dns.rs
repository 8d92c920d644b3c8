//! Answers of DNS servers, and names that are asked for.

use dprobe_probes::fuzzing;
use dprobe_probes::lookup::DnsOutcome;

use crate::check;

/// The most addresses that are kept of one answer.
const MAX_ADDRESSES: usize = 64;

/// An answer to a question for `db.test`, as a server sends it.
pub(super) fn answer(data: &[u8]) {
    for ipv6 in [false, true] {
        let Some(query) = fuzzing::dns_answer("db.test", ipv6, data) else { continue };
        assert!(query.addresses.len() <= MAX_ADDRESSES);
        assert!(query.addresses.iter().all(|address| address.is_ipv6() == ipv6), "{query:?}");
        assert_eq!(query.outcome == DnsOutcome::Answered, !query.addresses.is_empty(), "{query:?}");
        assert_eq!(query.addresses.is_empty(), query.ttl_s.is_none(), "{query:?}");
        check::all_printable(&query);
        check::comes_back(&query);
    }
}

/// A name that somebody wants to know.
pub(super) fn question(data: &[u8]) {
    let name = String::from_utf8_lossy(data);
    if let Some(question) = fuzzing::dns_question(&name) {
        // A header, a name and a type with its class (RFC 1035, 4.1).
        assert!(question.len() <= 12 + 255 + 4, "{} bytes", question.len());
        let mut answer = question;
        answer[2] |= 0x80;
        assert!(fuzzing::dns_answer(&name, false, &answer).is_some(), "our own question is not known again: {name:?}");
    }
}
