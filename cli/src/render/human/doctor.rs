//! An engine and its host looked over: the answer, what was looked at, what was found.

use crate::render::{RenderOptions, Verbosity};
use crate::report::Severity;
use crate::report::doctor::{Doctor, Subject};

use super::super::layout::{clean, cut, width};
use super::super::paint;
use super::stages::Row;
use super::{Page, diagnosis, observations, stages};

/// A report as text, with a newline at its end.
#[must_use]
pub fn render(doctor: &Doctor, options: &RenderOptions) -> String {
    let mut page = Page::new(options);
    answer(&mut page, doctor);
    if options.verbosity != Verbosity::Quiet {
        let rows: Vec<Row<'_>> = doctor
            .overview
            .iter()
            .map(|glance| Row { name: name(glance.subject), ok: glance.ok, summary: &glance.summary, detail: "" })
            .collect();
        stages::draw_rows(&mut page, &rows);
        for finding in &doctor.findings {
            page.line("");
            diagnosis::draw(&mut page, &finding.into(), false, options.verbosity == Verbosity::Verbose);
        }
    }
    if options.verbosity == Verbosity::Verbose {
        observations::draw(&mut page, &doctor.observations);
    }
    page.text
}

/// The first line: which engine, and how it is.
fn answer(page: &mut Page, doctor: &Doctor) {
    let count = |severity| doctor.findings.iter().filter(|finding| finding.severity == severity).count();
    let parts: Vec<String> = [(Severity::Error, "ERROR"), (Severity::Warning, "WARNING"), (Severity::Note, "NOTE")]
        .into_iter()
        .map(|(severity, word)| (count(severity), severity, word))
        .filter(|(count, severity, _)| *count > 0 && (*severity != Severity::Note || doctor.is_well()))
        .map(|(count, severity, word)| {
            let plural = if count == 1 { "" } else { "S" };
            page.paint.paint(paint::of_severity(severity), &format!("{count} {word}{plural}"))
        })
        .collect();
    let mut answer = parts.join(", ");
    if doctor.is_well() {
        let well = page.paint.paint(paint::GOOD, "HEALTHY");
        answer = if answer.is_empty() { well } else { format!("{well}, {answer}") };
    }
    let engine = clean(&format!("{} {}", doctor.engine.name, doctor.engine.version));
    let address = cut(&clean(&doctor.engine.address), page.columns.saturating_sub(width(&engine) + 30));
    let line = format!(
        "{} {}   {answer}",
        page.paint.paint(paint::STRONG, &engine),
        page.paint.paint(paint::DIM, &format!("at {address}"))
    );
    page.line(&line);
}

/// What a subject is called.
fn name(subject: Subject) -> &'static str {
    match subject {
        Subject::Engine => "engine",
        Subject::Containers => "containers",
        Subject::Networks => "networks",
        Subject::Addresses => "addresses",
        Subject::Mtu => "mtu",
        Subject::Forwarding => "forwarding",
        Subject::Filter => "filter",
        Subject::Dns => "dns",
        Subject::OtherEngines => "engines",
    }
}
