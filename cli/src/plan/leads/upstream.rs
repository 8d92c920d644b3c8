//! A reverse proxy that answers for an upstream which failed: from the proxy to that upstream.

use super::Lead;
use crate::diagnosis::Case;
use crate::report::Relation;
use crate::words;

pub(super) fn find(case: &Case<'_>) -> Vec<Lead> {
    let Some(gateway) = case.gateway() else { return Vec::new() };
    let Ok(from) = words::source(&gateway.proxy.name) else { return Vec::new() };
    gateway
        .dials()
        .into_iter()
        .filter_map(|dial| {
            // A name that is none leads nowhere.
            let target = words::target(&dial).ok()?;
            Some(Lead { relation: Relation::Upstream, from: Some(from.clone()), target })
        })
        .collect()
}
