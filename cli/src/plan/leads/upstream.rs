//! A reverse proxy that answers for an upstream which failed, or that has ended because it did not find one: from the proxy
//! to that upstream.

use super::Lead;
use crate::diagnosis::Case;
use crate::diagnosis::failed_start::FailedStart;
use crate::report::Relation;
use crate::topology::Container;
use crate::words;

pub(super) fn find(case: &Case<'_>) -> Vec<Lead> {
    let Some(target) = case.target() else { return Vec::new() };
    let dials = match case.gateway() {
        Some(gateway) => gateway.dials(),
        None => FailedStart::of(case, target).and_then(|ended| ended.dial()).into_iter().collect(),
    };
    dials.into_iter().filter_map(|dial| lead(target, &dial)).collect()
}

fn lead(proxy: &Container, dial: &str) -> Option<Lead> {
    // A name that is none leads nowhere.
    let (from, target) = (words::source(&proxy.name).ok()?, words::target(dial).ok()?);
    Some(Lead { relation: Relation::Upstream, from: Some(from), target })
}
