//! Where a broker or a member of a replica set sends its clients.

use dprobe_probes::greeting::Advertised;

use super::Lead;
use crate::diagnosis::Case;
use crate::report::Relation;
use crate::words::{self, TargetWord};

/// Every address that the server hands out, but for the one that was dialled.
pub(super) fn find(case: &Case<'_>) -> Vec<Lead> {
    let Some(seen) = case.asked_greeting().filter(|_| !case.stays_where_it_is()) else { return Vec::new() };
    let dialled = |one: &&Advertised| one.host.eq_ignore_ascii_case(&case.to.host) && Some(one.port) == case.to.port;
    let leads = seen
        .fact
        .advertised
        .iter()
        .filter(|one| !dialled(one))
        .filter_map(|one| Some(Lead { relation: Relation::Advertised, from: None, target: target(one)? }));
    leads.collect()
}

/// The address as a target. Read as a URL, for in one the words `host` and `gateway` are names like any other; none where the
/// server hands out what is no name.
fn target(one: &Advertised) -> Option<TargetWord> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let typed = one.text();
    let target = words::target(&format!("tcp://{typed}")).ok().filter(|_| one.host.chars().all(plain))?;
    Some(TargetWord { typed, scheme: None, url: None, ..target })
}
