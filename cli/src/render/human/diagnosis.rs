//! A cause with its explanation and its fixes; and what is said where there is none.

use crate::compose::ComposePatch;
use crate::report::doctor::Finding;
use crate::report::{Check, Diagnosis, Fix, Report, Severity, Verdict};

use super::super::layout::{clean, width};
use super::super::paint;
use super::{Page, followed, stages};

/// Blanks before an explanation and before `fix:`.
const INDENT: usize = 2;

/// Blanks before the further lines of a title, which an explanation follows.
const UNDER_TITLE: usize = 4;

/// Blanks before what belongs to a fix.
const UNDER_FIX: usize = 7;

/// Blanks before what is to be pasted.
const PASTE: usize = 9;

/// What is drawn of a diagnosis of a check or of a finding of a doctor.
pub(super) struct Told<'a> {
    code: &'a str,
    severity: Severity,
    title: &'a str,
    explanation: &'a str,
    because: &'a [String],
    fixes: Vec<&'a Fix>,
}

impl<'a> Told<'a> {
    /// A diagnosis of a check, without the fixes that are drawn with the cause that it was followed to.
    pub(super) fn of(check: &'a Check, diagnosis: &'a Diagnosis) -> Self {
        let mut told = Self::from(diagnosis);
        told.fixes.retain(|fix| !followed::diagnoses(check).any(|inner| inner.fixes.contains(fix)));
        told
    }
}

impl<'a> From<&'a Diagnosis> for Told<'a> {
    fn from(diagnosis: &'a Diagnosis) -> Self {
        let Diagnosis { code, severity, stage: _, title, explanation, because, fixes } = diagnosis;
        Self { code, severity: *severity, title, explanation, because, fixes: fixes.iter().collect() }
    }
}

impl<'a> From<&'a Finding> for Told<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { code, severity, title, explanation, because, fixes } = finding;
        Self { code, severity: *severity, title, explanation, because, fixes: fixes.iter().collect() }
    }
}

/// `as_expected`: nobody wants it repaired (`--not`).
pub(super) fn draw(page: &mut Page, diagnosis: &Told<'_>, as_expected: bool, with_evidence: bool) {
    let severity = if as_expected { Severity::Note } else { diagnosis.severity };
    let word = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let code = clean(diagnosis.code);
    let label = format!("{word}[{code}]: ");
    let columns = width(&label);
    let label = page.paint.paint(paint::of_severity(severity), label.trim_end()) + " ";
    page.prose(&label, columns, UNDER_TITLE, paint::STRONG, diagnosis.title);
    if !diagnosis.explanation.is_empty() {
        page.prose("  ", INDENT, INDENT, paint::PLAIN, diagnosis.explanation);
    }
    if with_evidence && !diagnosis.because.is_empty() {
        page.prose("  because: ", 11, 11, paint::DIM, &diagnosis.because.join(", "));
    }
    for fix in diagnosis.fixes.iter().copied().filter(|_| !as_expected) {
        draw_fix(page, fix);
    }
    let more = format!("more: dprobe explain {}", shell_words::quote(&code));
    let more = page.paint.paint(paint::DIM, &more);
    page.line(&format!("  {more}"));
}

fn draw_fix(page: &mut Page, fix: &Fix) {
    let label = format!("  {} ", page.paint.paint(paint::GOOD, "fix:"));
    page.prose(&label, UNDER_FIX, UNDER_FIX, paint::PLAIN, &fix.title);
    for command in &fix.commands {
        paste(page, &clean(command));
    }
    if let Some(argv) = &fix.argv {
        let line = shell_words::join(argv.iter().map(|argument| clean(argument)));
        // The title often says it already.
        if !fix.title.contains(&line) {
            paste(page, &line);
        }
    }
    if let Some(dial) = fix.dial.as_deref().filter(|dial| !fix.title.contains(*dial)) {
        labelled(page, "dial:", &[dial]);
    }
    if !fix.lasting {
        // What the engine was told is gone with the container; what the host was told, with the next start of its firewall.
        let by_engine = fix.commands.iter().all(|command| command.starts_with("docker "));
        let end = if by_engine { "(does not survive a recreate)" } else { "(does not survive a restart)" };
        let remark = page.paint.paint(paint::DIM, end);
        page.line(&format!("{:UNDER_FIX$}{remark}", ""));
    }
    if let Some(patch) = &fix.patch {
        draw_patch(page, patch);
    } else if let Some(compose) = fix.compose.as_deref().filter(|compose| !fix.title.contains(*compose)) {
        let lines: Vec<&str> = compose.lines().filter(|line| !line.trim().is_empty()).collect();
        labelled(page, "compose:", &lines);
    }
}

/// The commands that change the compose file. They begin at the margin, for a diff that is indented is a shell's no more.
fn draw_patch(page: &mut Page, patch: &ComposePatch) {
    let file = clean(&patch.file);
    page.line(&format!("{:UNDER_FIX$}compose: to change {file} accordingly, paste", ""));
    for command in &patch.commands {
        for line in command.lines() {
            let style = match line.as_bytes() {
                [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => paint::STRONG,
                [b'-', ..] => paint::BAD,
                [b'+', ..] => paint::GOOD,
                [b'@', ..] => paint::DIM,
                _ => paint::CODE,
            };
            let line = page.paint.paint(style, &clean(line));
            page.text.push_str(&line);
            page.text.push('\n');
        }
    }
}

/// Something to paste on a line of its own, however long it is: a terminal may break it, we do not.
fn paste(page: &mut Page, text: &str) {
    let text = page.paint.paint(paint::CODE, text);
    page.line(&format!("{:PASTE$}{text}", ""));
}

/// A label with one line beside it, or with several below it.
fn labelled(page: &mut Page, label: &str, lines: &[&str]) {
    if let [line] = lines {
        let line = page.paint.paint(paint::CODE, &clean(line.trim()));
        page.line(&format!("{:UNDER_FIX$}{label} {line}", ""));
    } else {
        page.line(&format!("{:UNDER_FIX$}{label}", ""));
        for line in lines {
            paste(page, &clean(line));
        }
    }
}

/// What is said where no cause was found: what was measured, that the cause is open, and how to hand on the facts.
pub(super) fn draw_unknown(page: &mut Page, report: &Report, check: &Check) {
    let failed: Vec<String> = check
        .stages
        .iter()
        .filter(|stage| stage.ok == Some(false))
        .map(|stage| match stage.detail.as_str() {
            "" => format!("`{}: {}`", stages::name(stage.stage), stage.summary),
            detail => format!("`{}: {} ({detail})`", stages::name(stage.stage), stage.summary),
        })
        .collect();
    let measured = failed.join("; ");
    let text = match check.verdict {
        Verdict::Unreachable if failed.is_empty() => {
            "the connection fails, and dprobe has not found out why. The cause is not established.".to_owned()
        }
        Verdict::Unreachable => format!(
            "dprobe measured {measured}. None of the causes that dprobe {} knows explains that, so the cause is not \
             established.",
            report.dprobe
        ),
        _ if failed.is_empty() => "what was measured does not show whether the connection works.".to_owned(),
        _ => format!("dprobe measured {measured}. That does not show whether the connection works."),
    };
    let title = if check.verdict == Verdict::Unreachable { "unknown cause: " } else { "not settled: " };
    let label = page.paint.paint(paint::of_verdict(check.verdict), title.trim_end()) + " ";
    page.prose(&label, title.len(), INDENT, paint::PLAIN, &text);
    page.prose("  ", INDENT, INDENT, paint::PLAIN, "To show it to somebody, attach the file that this makes:");
    let from = clean(&check.from.typed);
    let to = clean(&check.to.typed);
    let command = ["dprobe", "check", &from, &to, "--format", "json", "-o", "report.json"];
    let command = page.paint.paint(paint::CODE, &shell_words::join(command));
    page.line(&format!("    {command}"));
}
