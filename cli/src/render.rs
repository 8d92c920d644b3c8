//! A report as text: one file a format. Pure; nothing here decides anything or prints.

pub mod human;
pub mod json;
mod layout;
pub mod markdown;
mod observation;
mod paint;
#[cfg(test)]
pub(crate) mod samples;

use crate::report::Report;
use crate::report::doctor::Doctor;

/// The forms of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, by docs/report.schema.json
    Json,
}

/// How much to tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// The answer alone.
    Quiet,
    /// The answer, the way, the causes and the fixes.
    #[default]
    Normal,
    /// And every observation.
    Verbose,
}

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

/// The same for an engine that was looked over.
#[must_use]
pub fn render_doctor(doctor: &Doctor, format: Format, options: &RenderOptions) -> String {
    match format {
        Format::Human => human::render_doctor(doctor, options),
        Format::Json => json::render(doctor),
    }
}

/// Words with their meanings in two columns, with a newline at the end.
#[must_use]
pub fn glossary(items: &[(&str, &str)], options: &RenderOptions) -> String {
    let left = items.iter().map(|(word, _)| layout::width(word)).max().unwrap_or(0) + 2;
    let columns = options.width.clamp(60, 100).saturating_sub(left);
    let blanks = " ".repeat(left);
    let mut text = String::new();
    for (word, meaning) in items {
        let word = paint::Paint(options.color).paint(paint::CODE, word) + &" ".repeat(left - layout::width(word));
        for (n, line) in layout::wrap(meaning, 0, columns).iter().enumerate() {
            text.push_str(if n == 0 { &word } else { &blanks });
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
