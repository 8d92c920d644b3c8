//! Why something can not be explained.

use std::io;

use dprobe_probes::text::printable;

use crate::diagnosis;
use crate::exit::Failure;
use crate::report::SCHEMA;

/// Why something can not be explained. Paths and codes are shown printable.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages show")]
pub enum ExplainError {
    /// No cause has this code.
    #[error("there is no code `{code}`")]
    UnknownCode { code: String, near: Vec<&'static str> },
    /// The file could not be read.
    #[error("failed to read `{path}`")]
    Read { path: String, source: io::Error },
    /// More than a report ever has.
    #[error("`{path}` is too large for a report: {limit_mib} MiB is the limit")]
    TooLarge { path: String, limit_mib: u64 },
    /// Checks and facts whose product no run of dprobe comes near.
    #[error("`{path}` has {checks} checks over {facts} facts, which is more than any report has")]
    TooMuch { path: String, checks: usize, facts: usize },
    /// Nothing, or nothing but blanks.
    #[error("`{path}` is empty")]
    Empty { path: String },
    /// The JSON ends too early.
    #[error("`{path}` ends in the middle of the report: it is truncated")]
    Truncated { path: String },
    /// Not JSON.
    #[error("`{path}` is not JSON")]
    NotJson { path: String, source: serde_json::Error },
    /// JSON without the mark of a report.
    #[error("`{path}` is JSON, and not a report of dprobe: its `schema` is not {SCHEMA}")]
    NotAReport { path: String },
    /// Another version of the report.
    #[error("`{path}` is a {found}, and this dprobe reads {SCHEMA}")]
    OtherSchema { path: String, found: String },
    /// The mark of a report, and something else inside.
    #[error("`{path}` says it is a {schema}, and is not")]
    Damaged { path: String, schema: &'static str, source: serde_json::Error },
}

impl ExplainError {
    /// The error for a code that no cause has, with those that are spelt alike.
    pub(super) fn unknown_code(code: &str) -> Self {
        let lower = code.to_lowercase();
        let mut near: Vec<(f64, &'static str)> = diagnosis::topics()
            .iter()
            .map(|topic| (strsim::jaro_winkler(&lower, topic.code), topic.code))
            .filter(|(likeness, known)| *likeness > 0.85 || (lower.len() > 3 && known.contains(&lower)))
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        let near = near.into_iter().take(3).map(|(_, code)| code).collect();
        Self::UnknownCode { code: printable(code.as_bytes(), 80), near }
    }
}

impl From<&ExplainError> for Failure {
    fn from(error: &ExplainError) -> Self {
        let failure = Self::usage(error);
        match error {
            ExplainError::UnknownCode { near, .. } if !near.is_empty() => {
                failure.hint(format!("did you mean {}?", near.join(" or ")))
            }
            ExplainError::UnknownCode { .. } => failure.hint("dprobe explain --list names them all"),
            ExplainError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                failure.hint("what has a `.` or a `/` in it is a file; dprobe explain --list names the codes")
            }
            ExplainError::Read { .. } | ExplainError::TooLarge { .. } | ExplainError::TooMuch { .. } => failure,
            ExplainError::OtherSchema { .. } => failure.hint("use the version of dprobe that made it, or a newer one"),
            _ => failure.hint("a report is what this makes: dprobe check web mongodb --format json -o report.json"),
        }
    }
}
