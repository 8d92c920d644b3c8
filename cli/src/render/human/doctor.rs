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
    // Notes count for nothing beside something serious.
    let counted = [(Severity::Error, "ERROR"), (Severity::Warning, "WARNING"), (Severity::Note, "NOTE")]
        .map(|(severity, word)| (count(severity), paint::of_severity(severity), word));
    let counted = if doctor.is_well() { &counted[2..] } else { &counted[..2] };
    let well = doctor.is_well().then(|| (paint::GOOD, "HEALTHY".to_owned()));
    let parts: Vec<(anstyle::Style, String)> = well
        .into_iter()
        .chain(counted.iter().filter(|(count, ..)| *count > 0).map(|(count, style, word)| {
            let plural = if *count == 1 { "" } else { "S" };
            (*style, format!("{count} {word}{plural}"))
        }))
        .collect();
    let taken: usize = parts.iter().map(|(_, words)| words.len() + ", ".len()).sum();
    let answer: Vec<String> = parts.iter().map(|(style, words)| page.paint.paint(*style, words)).collect();
    let engine = clean(&format!("{} {}", doctor.engine.name, doctor.engine.version));
    let room = page.columns.saturating_sub(width(&engine) + " at ".len() + "   ".len() + taken);
    let address = cut(&clean(&doctor.engine.address), room);
    let line = format!(
        "{} {}   {}",
        page.paint.paint(paint::STRONG, &engine),
        page.paint.paint(paint::DIM, &format!("at {address}")),
        answer.join(", ")
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
