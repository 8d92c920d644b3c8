//! How a run ends: its exit code, and the error that ended it early. Scripts rely on the numbers; none is changed.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use dprobe_probes::text::printable;

use crate::report::doctor::Doctor;
use crate::report::{Check, Report, Verdict};

/// The exit codes of `dprobe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything is as expected.
    Expected = 0,
    /// A check failed: the target is not reached, something is wrong on the way, or it is reached against `--not`.
    Failed = 1,
    /// The command line makes no sense, or a file does not.
    Usage = 2,
    /// What was measured does not settle it, or it could not run: no engine, no permission.
    Inconclusive = 3,
    /// `--wait` ran out. The same number as timeout(1).
    WaitedInVain = 124,
    /// Ctrl-C, or a request to terminate. 128 and SIGINT's number, as shells have it.
    Interrupted = 130,
}

impl Exit {
    /// The exit code for a report. `not` expects that nothing is reached. One failed check outweighs an inconclusive one.
    #[must_use]
    pub fn of(report: &Report, not: bool) -> Self {
        // The DNS server and the gateway of a source are shown beside what it depends on, and nobody asked for them.
        let asked: Vec<&Check> = report.checks.iter().filter(|check| !check.to.is_infrastructure()).collect();
        if report.overview.is_some() && asked.is_empty() {
            return Self::Expected;
        }
        let exits = asked.into_iter().map(|check| match (check.verdict, not) {
            (Verdict::Reachable, false) | (Verdict::Unreachable, true) => Self::Expected,
            (Verdict::Unreachable | Verdict::Degraded, false) | (Verdict::Reachable | Verdict::Degraded, true) => {
                Self::Failed
            }
            (Verdict::Inconclusive, _) => Self::Inconclusive,
        });
        let weight = |exit: &Self| match exit {
            Self::Failed => 2,
            Self::Inconclusive => 1,
            _ => 0,
        };
        exits.max_by_key(weight).unwrap_or(Self::Inconclusive)
    }
}

impl Exit {
    /// The exit code for an engine that was looked over: notes are no failure.
    #[must_use]
    pub fn of_doctor(doctor: &Doctor) -> Self {
        if doctor.is_well() { Self::Expected } else { Self::Failed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that ends a run, as a person reads it: what failed, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed and why, without `error:` before it.
    pub message: String,
    /// What to do about it, one line each.
    pub hints: Vec<String>,
}

impl Failure {
    /// A mistake on the command line or in a file.
    #[must_use]
    pub fn usage(error: &dyn Error) -> Self {
        Self { exit: Exit::Usage, message: chain(error), hints: Vec::new() }
    }

    /// Something that kept the run from answering.
    #[must_use]
    pub fn could_not_run(error: &dyn Error) -> Self {
        Self { exit: Exit::Inconclusive, message: chain(error), hints: Vec::new() }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// An error and its sources in one text. Foreign words in it are made printable, line by line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Many errors repeat their source in their own words.
        if !text.contains(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text.lines().map(|line| printable(line.as_bytes(), 1000)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn report(verdicts: &[Verdict]) -> Report {
        let mut report = samples::healthy();
        let check = report.checks[0].clone();
        report.checks =
            verdicts.iter().map(|verdict| crate::report::Check { verdict: *verdict, ..check.clone() }).collect();
        report
    }

    #[test]
    fn the_worst_check_decides() {
        use Verdict::{Degraded, Inconclusive, Reachable, Unreachable};
        for (verdicts, exit, exit_of_not) in [
            (&[Reachable][..], Exit::Expected, Exit::Failed),
            (&[Unreachable], Exit::Failed, Exit::Expected),
            (&[Degraded], Exit::Failed, Exit::Failed),
            (&[Inconclusive], Exit::Inconclusive, Exit::Inconclusive),
            (&[Reachable, Unreachable], Exit::Failed, Exit::Failed),
            (&[Inconclusive, Unreachable], Exit::Failed, Exit::Inconclusive),
            (&[Reachable, Inconclusive], Exit::Inconclusive, Exit::Failed),
            (&[], Exit::Inconclusive, Exit::Inconclusive),
        ] {
            assert_eq!((Exit::of(&report(verdicts), false), Exit::of(&report(verdicts), true)), (exit, exit_of_not));
        }
    }

    #[test]
    fn what_nobody_asked_for_decides_nothing() {
        let mut report = samples::overview();
        assert_eq!(Exit::of(&report, false), Exit::Failed);
        report.checks.retain(|check| check.to.is_infrastructure());
        assert_eq!(Exit::of(&report, false), Exit::Expected, "there was nothing to check");
        assert_eq!(Exit::of(&report, true), Exit::Expected);
    }

    #[test]
    fn an_error_is_told_with_its_sources_and_nothing_raw() {
        #[derive(Debug, thiserror::Error)]
        #[error("failed to ask \x1b[31m")]
        struct Outer(#[source] std::io::Error);
        let failure = Failure::could_not_run(&Outer(std::io::Error::other("no\nway"))).hint("try again");
        assert_eq!(failure.message, "failed to ask \\x1b[31m: no\nway");
        assert_eq!((failure.exit, failure.hints), (Exit::Inconclusive, vec!["try again".to_owned()]));
    }
}
