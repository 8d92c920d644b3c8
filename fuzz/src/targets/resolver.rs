//! `resolv.conf` and the hosts file, which are whatever a user mounted there.

use dprobe_probes::fuzzing;

use crate::check::{self, escaped};

/// The longest name that is kept, and the most entries.
const NAME: usize = 255;
const MOST: usize = 4096;

/// The text of a `resolv.conf`.
pub(super) fn resolv_conf(data: &[u8]) {
    let fact = fuzzing::resolv_conf(data);
    assert!(fact.nameservers.len() <= MOST && fact.search.len() <= MOST && fact.external.len() <= 16);
    assert!(fact.ndots <= 15 && fact.timeout_s <= 30 && fact.attempts <= 5, "{fact:?}");
    check::all_printable(&fact);
    check::all_shorter(&fact, escaped(NAME));
    check::comes_back(&fact);
}

/// The text of a hosts file.
pub(super) fn hosts(data: &[u8]) {
    let entries = fuzzing::hosts(data);
    assert!(entries.len() <= MOST);
    assert!(entries.iter().all(|entry| !entry.names.is_empty()));
    check::all_printable(&entries);
    check::all_shorter(&entries, escaped(NAME));
    check::comes_back(&entries);
}
