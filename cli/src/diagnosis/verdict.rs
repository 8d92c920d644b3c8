//! The answer to a check: does the source's process get through at the level that was asked for?

use super::case::Case;
use super::reach::Reach;
use crate::report::{Diagnosis, Severity, StageName, Verdict};

/// The verdict of a case. What was measured decides; an established cause settles what measuring left open.
pub(super) fn verdict(case: &Case<'_>, diagnoses: &[Diagnosis]) -> Verdict {
    // An answer that is an error of the server's own is an answer: what is wrong with it keeps nobody from it.
    let answered = application(case) == Verdict::Degraded;
    let blocks = |diagnosis: &Diagnosis| {
        diagnosis.severity == Severity::Error && !(answered && diagnosis.stage >= StageName::Http)
    };
    let blocked = diagnoses.iter().any(blocks);
    match case.reach() {
        Reach::No => Verdict::Unreachable,
        Reach::Partly => Verdict::Degraded,
        // What is short gets through.
        Reach::Yes if case.loses_long_packets() && application(case) != Verdict::Unreachable => Verdict::Degraded,
        // The slow name is an error of its own, and none that blocks.
        Reach::Slowly => {
            let later = |diagnosis: &Diagnosis| blocks(diagnosis) && diagnosis.stage != StageName::Name;
            match application(case) {
                _ if diagnoses.iter().any(later) => Verdict::Unreachable,
                Verdict::Reachable => Verdict::Degraded,
                worse => worse,
            }
        }
        // The connection stands, and leads to somebody else than the container that publishes the port.
        Reach::Yes if case.answered_by_another() => match application(case) {
            Verdict::Reachable => Verdict::Degraded,
            worse => worse,
        },
        Reach::Yes | Reach::Unknown if blocked => Verdict::Unreachable,
        Reach::Unknown => Verdict::Inconclusive,
        Reach::Yes => application(case),
    }
}

/// Where a URL was given, its answer decides above the transport.
fn application(case: &Case<'_>) -> Verdict {
    let Some(http) = case.own_http() else { return case.greeting_verdict().unwrap_or(Verdict::Reachable) };
    match http.fact.status {
        _ if case.speaks_old_ciphers() => Verdict::Inconclusive,
        _ if http.fact.failure.is_some() => Verdict::Unreachable,
        Some(status) if status >= 500 => Verdict::Degraded,
        _ => Verdict::Reachable,
    }
}
