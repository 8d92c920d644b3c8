//! Follows where checks lead, one step: what a target depends on, and where it sends its clients.

use std::collections::BTreeMap;

use super::InvestigationError;
use super::look::{Look, Pair};
use crate::plan::{self, Lead};
use crate::report::{Followed, Relation};
use crate::resolve;

/// A lead of one pair, understood.
struct Trail {
    /// The pair that it leads from, by its place in the list.
    of: usize,
    relation: Relation,
    pair: Pair,
}

/// The checks that these pairs lead to, by the place of the pair in the list. What they lead to in turn is left alone.
pub(super) async fn follow(
    look: &mut Look<'_>,
    pairs: &[Pair],
) -> Result<BTreeMap<usize, Vec<Followed>>, InvestigationError> {
    let mut trails: Vec<Trail> = Vec::new();
    for (of, pair) in pairs.iter().enumerate() {
        let leads = plan::leads(&look.case(pair));
        trails.extend(leads.into_iter().filter_map(|lead| {
            let relation = lead.relation;
            Some(Trail { of, relation, pair: understood(look, pair, &lead)? })
        }));
    }
    if trails.is_empty() {
        return Ok(BTreeMap::new());
    }
    (look.progress)("following where it leads");
    let next = trails.iter().map(|trail| trail.pair.clone()).collect();
    let next = look.measure(next).await?;
    let mut followed: BTreeMap<usize, Vec<Followed>> = BTreeMap::new();
    // A lead names its port, so there is one check for each.
    for (trail, check) in trails.into_iter().zip(look.judge(next, |_| Vec::new())) {
        followed.entry(trail.of).or_default().push(Followed { relation: trail.relation, check });
    }
    Ok(followed)
}

/// What a lead means on the engine. One that means nothing is none.
fn understood(look: &Look<'_>, pair: &Pair, lead: &Lead) -> Option<Pair> {
    let from = match &lead.from {
        Some(word) => resolve::source(word, &look.topology).ok()?,
        None => pair.from.clone(),
    };
    let to = resolve::target(&lead.target, &from, &look.topology).ok()?;
    to.port.is_some().then_some(Pair { from, to })
}
