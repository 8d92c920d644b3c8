//! Where a check leads: what the target itself depends on or sends its clients to, which is checked in turn. One file a kind
//! of lead; to add one, write its file by the shape of its neighbours and name it in the list below.

mod advertised;
mod redirect;
mod upstream;

use crate::diagnosis::Case;
use crate::report::Relation;
use crate::words::{SourceWord, TargetWord};

/// A check that another one leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// How it leads there.
    pub relation: Relation,
    /// Who connects there; none where it is the source of the check itself.
    pub from: Option<SourceWord>,
    /// To what.
    pub target: TargetWord,
}

/// A kind of lead: hands back nothing where the case leads nowhere in its way.
type Finder = fn(&Case<'_>) -> Vec<Lead>;

const FINDERS: &[Finder] = &[upstream::find, redirect::redirect, redirect::token_issuer, advertised::find];

pub use redirect::{issuer, location};

/// The most leads of one check that are followed.
const MAX_LEADS: usize = 8;

/// Where a check leads, each place once.
#[must_use]
pub fn leads(case: &Case<'_>) -> Vec<Lead> {
    let mut leads: Vec<Lead> = Vec::new();
    for lead in FINDERS.iter().flat_map(|find| find(case)) {
        if leads.len() < MAX_LEADS && !leads.contains(&lead) {
            leads.push(lead);
        }
    }
    leads
}
