//! The checks that a check led to, below its own steps.

use crate::report::{Check, Diagnosis, Relation, Severity, StageName, Verdict};

use super::{Page, answer, stages};

/// Blanks before such a check.
const INDENT: usize = 4;

/// Draws them, each with its steps. Of one that is well the answer is enough, unless it stands below one that is not.
pub(super) fn draw(page: &mut Page, check: &Check, verbose: bool) {
    let well = check.verdict == Verdict::Reachable;
    page.indented(INDENT, |page| {
        for followed in &check.followed {
            answer(page, &followed.check, false, word(followed.relation));
            if verbose || !well || followed.check.verdict != Verdict::Reachable {
                stages::draw(page, &followed.check);
            }
        }
    });
}

/// What they found, each thing once, and no warnings or notes, which would be about something that nobody asked for. What is
/// wrong with their source is told as what is wrong with the target that led to them.
pub(super) fn diagnoses(check: &Check) -> impl Iterator<Item = &Diagnosis> {
    let all = || check.followed.iter().flat_map(|followed| &followed.check.diagnoses);
    let serious = |one: &&Diagnosis| one.severity == Severity::Error && one.stage != StageName::Source;
    all()
        .enumerate()
        .filter(move |(at, one)| !all().take(*at).any(|earlier| same(earlier, one)))
        .map(|(_, one)| one)
        .filter(serious)
}

fn same(one: &Diagnosis, other: &Diagnosis) -> bool {
    (&one.code, &one.title, &one.fixes) == (&other.code, &other.title, &other.fixes)
}

/// How it was led to, where the names do not show it.
fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Upstream => "",
        Relation::Advertised => "advertised",
        Relation::Redirect => "redirected to",
        Relation::Issuer => "issuer",
    }
}
