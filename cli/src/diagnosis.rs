//! From facts to causes. Pure: observations and topology in, stages, verdict and diagnoses out.
//!
//! A [`Case`] is one check with everything that is known about it. Each [`Cause`] looks at the case and says nothing, or
//! hands back what it found. A cause is one file in `diagnosis/causes/`; nothing else needs to know of it.

mod address;
mod aliases;
mod bridge;
mod case;
pub mod causes;
mod database;
mod dns_fixes;
mod engine_rules;
pub(crate) mod failed_start;
mod filter;
mod fixes;
mod gateway;
mod greetings;
mod listening;
mod lost_network;
mod machine;
mod peers;
mod programs;
mod publishing;
mod reach;
mod secure;
mod servers;
mod srv;
mod stages;
mod start_error;
mod swarm;
#[cfg(test)]
pub(crate) mod tests;
mod topics;
mod verdict;
mod way;

pub use case::{Case, Seen};
pub(crate) use causes::OTHER_HOST;
pub use causes::{Cause, cause, causes};
pub use listening::Listening;
pub use machine::{Condition, Machine, conditions, examine, examine_again};
pub use reach::Reach;
pub(crate) use secure::day;
pub(crate) use servers::{CONTROL, WILDCARD_LABEL};
pub use topics::{Topic, topic, topics};

use causes::Found;
use dprobe_probes::wire::Observation;

use crate::report::{Check, Diagnosis, Followed, Report, Severity, Source, Target, Verdict};
use crate::topology::{EngineFlavor, Topology};

/// Judges one check, with what has come of the checks that it led to.
#[must_use]
pub fn judge(
    from: Source,
    to: Target,
    followed: Vec<Followed>,
    topology: &Topology,
    observations: &[Observation],
) -> Check {
    let (verdict, stages, diagnoses) = {
        let case = Case::new(&from, &to, topology, observations).leading_to(&followed);
        let diagnoses = diagnose(&case);
        (verdict::verdict(&case, &diagnoses), stages::stages(&case), diagnoses)
    };
    Check { from, to, verdict, stages, diagnoses, followed }
}

/// Judges every check of a report anew, from its observations and its topology alone.
#[must_use]
pub fn replay(mut report: Report) -> Report {
    let (topology, observations) = (&report.topology, &report.observations);
    report.checks = report.checks.into_iter().map(|check| judge_again(check, topology, observations)).collect();
    report
}

/// Judges a check anew, those that it led to first. They lead no further, so this is no deeper than a report is.
fn judge_again(check: Check, topology: &Topology, observations: &[Observation]) -> Check {
    let again =
        |followed: Followed| Followed { check: judge_again(followed.check, topology, observations), ..followed };
    let followed = check.followed.into_iter().map(again).collect();
    let judged = judge(check.from, check.to, followed, topology, observations);
    with_patches(judged, &check.diagnoses)
}

/// Takes over the patches of compose files, which can not be made anew: the files are not in the report.
fn with_patches(mut check: Check, before: &[Diagnosis]) -> Check {
    let patched = || before.iter().flat_map(|diagnosis| &diagnosis.fixes).filter(|fix| fix.patch.is_some());
    for fix in check.diagnoses.iter_mut().flat_map(|diagnosis| &mut diagnosis.fixes) {
        if let Some(old) = patched().find(|old| fix.edit.is_some() && old.edit == fix.edit) {
            fix.compose.clone_from(&old.compose);
            fix.patch.clone_from(&old.patch);
        }
    }
    check
}

/// What every cause has to say of a case: errors before warnings before notes, and within each what blocks first before
/// what blocks later.
fn diagnose(case: &Case<'_>) -> Vec<Diagnosis> {
    // Where there is nothing to dial, there is nothing to say of the way.
    let applies = |cause: &&Cause| !case.to.is_unreadable() || cause.code == causes::UNREADABLE;
    let found: Vec<(&Cause, Found)> =
        causes().iter().filter(applies).filter_map(|cause| (cause.find)(case).map(|found| (cause, found))).collect();
    let codes: Vec<&str> = found.iter().map(|(cause, _)| cause.code).collect();
    let stands = |cause: &Cause| !cause.yields_to.iter().any(|better| codes.contains(better));
    let mut found: Vec<Diagnosis> =
        found.into_iter().filter(|(cause, _)| stands(cause)).map(|(cause, found)| found.by(cause.code)).collect();
    found.sort_by_key(|diagnosis| (diagnosis.severity, diagnosis.stage));
    if case.topology.flavor == EngineFlavor::Podman {
        let fixes = found.iter_mut().flat_map(|diagnosis| &mut diagnosis.fixes);
        for command in fixes.flat_map(|fix| &mut fix.commands) {
            // Its command line takes the same words.
            if let Some(words) = command.strip_prefix("docker ") {
                *command = format!("podman {words}");
            }
        }
    }
    found
}

/// Whether a check ended with what people want to see.
#[must_use]
pub fn is_good(check: &Check) -> bool {
    check.verdict == Verdict::Reachable && check.diagnoses.iter().all(|diagnosis| diagnosis.severity != Severity::Error)
}
