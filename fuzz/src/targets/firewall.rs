//! What `iptables-save` and `nft` print. Whoever may name a chain or comment a rule has a say in it.

use dprobe_probes::firewall::FirewallFact;
use dprobe_probes::fuzzing;

use crate::check::{self, escaped};

/// The most chains and the most rules that are kept, and the longest text.
const MOST: usize = 2048;
const TEXT: usize = 400;

/// What `iptables-save -c` printed.
pub(super) fn iptables_save(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    judge(&fuzzing::iptables_save(&text));
}

/// What `nft -a list ruleset` printed.
pub(super) fn nft(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    judge(&fuzzing::nft(&text));
}

fn judge(fact: &FirewallFact) {
    assert!(fact.chains.len() <= MOST && fact.rules.len() <= MOST);
    check::all_printable(fact);
    check::all_shorter(fact, escaped(TEXT));
    check::comes_back(fact);
    // Between two readings of the same nothing has been caught.
    let again = fact.clone().since(fact);
    assert!(again.rules.iter().all(|rule| rule.caught == 0) || fact.truncated, "{again:?}");
}
