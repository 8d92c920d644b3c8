//! Colours, and their absence.

use anstyle::{AnsiColor, Style};

use crate::report::{Severity, Verdict};

/// What is as it is.
pub(super) const PLAIN: Style = Style::new();
/// What went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What did not.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// What stands out.
pub(super) const STRONG: Style = Style::new().bold();
/// What stands back.
pub(super) const DIM: Style = Style::new().dimmed();
/// What can be typed.
pub(super) const CODE: Style = AnsiColor::Cyan.on_default();

/// Styles text, or leaves it alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// A text in a style. The text holds no styles itself.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The style of an answer.
pub(super) fn of_verdict(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Reachable => AnsiColor::Green,
        Verdict::Unreachable => AnsiColor::Red,
        Verdict::Degraded | Verdict::Inconclusive => AnsiColor::Yellow,
    };
    color.on_default().bold()
}

/// The style of a finding.
pub(super) fn of_severity(severity: Severity) -> Style {
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    color.on_default().bold()
}
