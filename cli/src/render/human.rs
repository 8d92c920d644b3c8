//! A report for people: the answer first, the evidence under it, the fix last.
//!
//! ```text
//! web ──▶ mongodb:27017   UNREACHABLE
//!   ✓ name    mongodb → 172.18.0.2                     favorites-net, 0.4 ms
//!   ✗ listen  mongodb listens on 127.0.0.1:27017 only
//!     …a check that this one led to, in the same form…
//!
//! error[bind-loopback]: mongod accepts connections from inside its own container only
//!   …why…
//!   fix: start it with `mongod --bind_ip_all`
//!   more: dprobe explain bind-loopback
//! ```

mod diagnosis;
mod doctor;
mod followed;
mod observations;
mod overview;
mod stages;
#[cfg(test)]
mod tests;

use crate::render::Verbosity;
use crate::report::{Check, PortOrigin, Report, Severity, Target, TargetKind, Verdict};
use crate::topology::Protocol;

use super::RenderOptions;
use super::layout::{clean, cut, width, wrap};
use super::paint::{self, Paint};
pub use doctor::render as render_doctor;

/// The page that a report is drawn on.
struct Page {
    paint: Paint,
    /// The columns of a line, behind its indent.
    columns: usize,
    /// Blanks before every line.
    indent: usize,
    /// What has been drawn.
    text: String,
}

impl Page {
    /// An empty one.
    fn new(options: &RenderOptions) -> Self {
        Self {
            paint: Paint(options.color),
            columns: options.width.clamp(60, 100),
            indent: 0,
            text: String::with_capacity(2048),
        }
    }

    /// Adds a line.
    fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', self.indent));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Draws with so many more blanks before every line.
    fn indented(&mut self, by: usize, draw: impl FnOnce(&mut Self)) {
        self.indent += by;
        self.columns = self.columns.saturating_sub(by);
        draw(self);
        self.indent -= by;
        self.columns += by;
    }

    /// Adds prose after `label`, which is drawn already and takes `label_columns`; further lines are indented.
    fn prose(&mut self, label: &str, label_columns: usize, indent: usize, style: anstyle::Style, text: &str) {
        let columns = self.columns.saturating_sub(indent);
        for (n, line) in wrap(text, label_columns.saturating_sub(indent), columns).iter().enumerate() {
            let line = self.paint.paint(style, line);
            if n == 0 { self.line(&format!("{label}{line}")) } else { self.line(&format!("{:indent$}{line}", "")) }
        }
    }
}

/// A report as text, with a newline at its end.
#[must_use]
pub fn render(report: &Report, options: &RenderOptions) -> String {
    let mut page = Page::new(options);
    if let Some(from) = report.overview.as_ref().filter(|_| options.verbosity != Verbosity::Quiet) {
        overview::draw(&mut page, report, from, options);
        if options.verbosity == Verbosity::Verbose {
            observations::draw(&mut page, &report.observations);
        }
        return page.text;
    }
    for (n, check) in report.checks.iter().enumerate() {
        if n > 0 && options.verbosity != Verbosity::Quiet {
            page.line("");
        }
        block(&mut page, report, check, options);
    }
    if options.verbosity != Verbosity::Quiet && report.checks.len() != 1 {
        summary(&mut page, report);
    }
    if options.verbosity == Verbosity::Verbose {
        observations::draw(&mut page, &report.observations);
    }
    page.text
}

/// Everything about one check.
fn block(page: &mut Page, report: &Report, check: &Check, options: &RenderOptions) {
    answer(page, check, options.not, "");
    if options.verbosity == Verbosity::Quiet {
        return;
    }
    if let Some(found) = check.to.found_in() {
        page.prose("  ", 2, 2, paint::DIM, &format!("found in {found}"));
    }
    stages::draw(page, check);
    let verbose = options.verbosity == Verbosity::Verbose;
    followed::draw(page, check, verbose);
    let as_expected = options.not && check.verdict == Verdict::Unreachable;
    for diagnosis in &check.diagnoses {
        page.line("");
        // Who wants it closed wants to know why it is, and not how to open it.
        diagnosis::draw(page, &diagnosis::Told::of(check, diagnosis), as_expected, verbose);
    }
    for diagnosis in followed::diagnoses(check) {
        page.line("");
        diagnosis::draw(page, &diagnosis.into(), as_expected, verbose);
    }
    let explained = check.diagnoses.iter().any(|diagnosis| diagnosis.severity == Severity::Error);
    if !explained && !as_expected && matches!(check.verdict, Verdict::Unreachable | Verdict::Inconclusive) {
        page.line("");
        diagnosis::draw_unknown(page, report, check);
    }
}

/// The first line: who, to what, and the answer, with a remark behind it.
fn answer(page: &mut Page, check: &Check, not: bool, note: &str) {
    let (word, remark) = match (check.verdict, not) {
        (Verdict::Reachable, false) => ("REACHABLE", ""),
        (Verdict::Reachable, true) => ("REACHABLE", ", and should not be"),
        (Verdict::Degraded, false) => ("DEGRADED", ""),
        (Verdict::Degraded, true) => ("DEGRADED", ", and should not be reached"),
        (Verdict::Unreachable, false) => ("UNREACHABLE", ""),
        (Verdict::Unreachable, true) => ("UNREACHABLE", ", as expected"),
        (Verdict::Inconclusive, _) => ("INCONCLUSIVE", ""),
    };
    let note = if note.is_empty() { String::new() } else { format!("   {note}") };
    let taken = "   ".len() + word.len() + remark.len() + width(&note);
    let arrow = " ──▶ ";
    let from = cut(&clean(&check.from.typed), page.columns / 3);
    let to = cut(&clean(&dialled(&check.to)), page.columns.saturating_sub(width(&from) + width(arrow) + taken));
    let line = format!(
        "{}{}{}   {}{remark}{}",
        page.paint.paint(paint::STRONG, &from),
        page.paint.paint(paint::DIM, arrow),
        page.paint.paint(paint::STRONG, &to),
        page.paint.paint(paint::of_verdict(check.verdict), word),
        page.paint.paint(paint::DIM, &note),
    );
    page.line(&line);
}

/// A target with the port that is dialled, as one would type it.
fn dialled(to: &Target) -> String {
    if let Some(url) = &to.url {
        return url.clone();
    }
    let typed = to.typed.strip_suffix("/tcp").or(to.typed.strip_suffix("/udp")).unwrap_or(&to.typed);
    let host_and_port = match (to.port, to.port_origin) {
        // A container seen from the host: what is dialled is the host's own port for it.
        (Some(port), Some(PortOrigin::Published)) => format!("{typed} ({}:{port})", to.host),
        (Some(port), origin) if origin != Some(PortOrigin::Typed) => {
            let bare_v6 = to.kind != TargetKind::Name && typed.contains(':') && !typed.starts_with('[');
            if bare_v6 { format!("[{typed}]:{port}") } else { format!("{typed}:{port}") }
        }
        _ => typed.to_owned(),
    };
    if to.protocol == Protocol::Udp { format!("{host_and_port}/udp") } else { host_and_port }
}

/// The line under several checks.
fn summary(page: &mut Page, report: &Report) {
    if report.checks.is_empty() {
        page.line("no checks");
        return;
    }
    let line = counts(page, &report.checks.iter().collect::<Vec<_>>());
    page.line("");
    page.line(&format!("{} checks: {line}", report.checks.len()));
}

/// How many checks came to which answer.
fn counts(page: &Page, checks: &[&Check]) -> String {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let parts: Vec<String> = [
        (Verdict::Reachable, "reachable"),
        (Verdict::Degraded, "degraded"),
        (Verdict::Unreachable, "unreachable"),
        (Verdict::Inconclusive, "inconclusive"),
    ]
    .into_iter()
    .filter(|(verdict, _)| count(*verdict) > 0)
    .map(|(verdict, word)| page.paint.paint(paint::of_verdict(verdict), &format!("{} {word}", count(verdict))))
    .collect();
    parts.join(", ")
}
