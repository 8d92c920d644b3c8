//! A report as text: one file a format. Pure; nothing here decides anything or prints.

pub mod human;
pub mod json;
mod layout;
pub mod markdown;
mod observation;
mod paint;
#[cfg(test)]
pub(crate) mod samples;

use crate::args::{Format, Verbosity};
use crate::report::Report;

/// How a report is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// The columns of the terminal. Fewer than 60 count as 60, more than 100 as 100.
    pub width: usize,
    /// Whether to use colours (SGR sequences, ECMA-48 8.3.117).
    pub color: bool,
    /// How much to tell.
    pub verbosity: Verbosity,
    /// Whether nothing was to be reached (`--not`).
    pub not: bool,
}

impl Default for RenderOptions {
    /// 80 columns without colours.
    fn default() -> Self {
        Self { width: 80, color: false, verbosity: Verbosity::Normal, not: false }
    }
}

/// A report in one of the formats, with a newline at its end.
#[must_use]
pub fn render(report: &Report, format: Format, options: &RenderOptions) -> String {
    match format {
        Format::Human => human::render(report, options),
        Format::Json => json::render(report),
    }
}
