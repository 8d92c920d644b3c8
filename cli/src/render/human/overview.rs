//! Everything that a source depends on: a line each, then what is wrong with some of them.

use crate::report::{Check, Report, Source, Stage, StageName, Verdict};
use crate::topology::Dependency;

use super::super::RenderOptions;
use super::super::layout::{clean, cut, pad, width};
use super::super::paint;
use super::{Page, block, counts, dialled};

/// Blanks between columns.
const GAP: usize = 2;

/// The narrowest column for where something was found; where it would be narrower, that goes below.
const NARROWEST: usize = 14;

/// Where it was looked for in vain.
const NOTHING: &str = "No connection string and no pair of host and port is in its environment or its arguments, it has no links, \
                       and its compose service waits for no other. Files that it reads, and `secrets` and `configs`, were not \
                       looked into. To name what it is to reach: dprobe check FROM TARGET";

/// A line of the list.
struct Row {
    mark: &'static str,
    style: anstyle::Style,
    target: String,
    word: String,
    took: String,
    found: String,
}

/// The list, and a block for each of them with which something is the matter.
pub(super) fn draw(page: &mut Page, report: &Report, from: &Source, options: &RenderOptions) {
    let asked: Vec<&Check> = report.checks.iter().filter(|check| !check.to.is_infrastructure()).collect();
    head(page, from, &asked);
    let container = from.container.as_ref().and_then(|name| report.topology.containers.get(name));
    let left_out = container.into_iter().flat_map(|known| &known.dependencies).filter(|one| one.left_out.is_some());
    let rows: Vec<Row> =
        report.checks.iter().map(|check| row(check, options.not)).chain(left_out.map(unchecked)).collect();
    draw_rows(page, &rows);
    for check in asked.iter().filter(|check| check.verdict != Verdict::Reachable || !check.diagnoses.is_empty()) {
        page.line("");
        block(page, report, check, options);
    }
    if !asked.is_empty() {
        let line = counts(page, &asked);
        let word = if asked.len() == 1 { "dependency" } else { "dependencies" };
        page.line("");
        page.line(&format!("{} {word}: {line}", asked.len()));
    }
}

/// Who depends on how many, or that nothing was found and where it was looked for.
fn head(page: &mut Page, from: &Source, asked: &[&Check]) {
    let strong = page.paint.paint(paint::STRONG, &cut(&clean(&from.typed), page.columns / 4));
    let arrow = page.paint.paint(paint::DIM, " ──▶ ");
    if asked.is_empty() {
        page.line(&format!("{strong}{arrow}NOTHING FOUND that it depends on"));
        page.prose("  ", 2, 2, paint::PLAIN, NOTHING);
        return;
    }
    let reached = asked.iter().filter(|check| check.verdict == Verdict::Reachable).count();
    let style = paint::of_verdict(if reached == asked.len() { Verdict::Reachable } else { Verdict::Unreachable });
    let word = page.paint.paint(style, &format!("{reached} of {} reachable", asked.len()));
    page.line(&format!("{strong}{arrow}what it depends on   {word}"));
}

fn row(check: &Check, not: bool) -> Row {
    let (mark, style) = match (check.verdict, not && !check.to.is_infrastructure()) {
        (Verdict::Reachable, false) | (Verdict::Unreachable, true) => ("✓", paint::GOOD),
        (Verdict::Inconclusive, _) => ("·", paint::DIM),
        _ => ("✗", paint::BAD),
    };
    let word = match check.verdict {
        Verdict::Reachable => "reachable",
        Verdict::Degraded => "degraded",
        Verdict::Unreachable => "unreachable",
        Verdict::Inconclusive => "inconclusive",
    };
    Row {
        mark,
        style,
        target: clean(&dialled(&check.to)),
        word: word.to_owned(),
        took: took(&check.stages),
        found: clean(&check.to.found_in().unwrap_or_default()),
    }
}

fn unchecked(dependency: &Dependency) -> Row {
    let origins: Vec<String> = dependency.origins.iter().map(crate::topology::Origin::text).collect();
    let why = dependency.left_out.map(crate::topology::LeftOut::text).unwrap_or_default();
    Row {
        mark: "·",
        style: paint::DIM,
        target: clean(&dependency.target),
        word: "not checked".to_owned(),
        took: String::new(),
        found: clean(&format!("{}: {why}", origins.join(", "))),
    }
}

/// How long the last step took that tells a time.
fn took(stages: &[Stage]) -> String {
    let timed = |stage: &&Stage| {
        matches!(stage.stage, StageName::Tcp | StageName::Udp | StageName::Http | StageName::App | StageName::Route)
            && stage.ok == Some(true)
            && (stage.detail.ends_with(" ms") || stage.detail.ends_with(" s"))
    };
    stages.iter().rev().find(timed).map(|stage| stage.detail.clone()).unwrap_or_default()
}

fn draw_rows(page: &mut Page, rows: &[Row]) {
    let widest = |text: fn(&Row) -> &str| rows.iter().map(|row| width(text(row))).max().unwrap_or(0);
    let (words, times) = (widest(|row| &row.word), widest(|row| &row.took));
    let fixed = "  ✓ ".chars().count() + GAP + words + GAP + times + GAP;
    // The targets get what they need, up to half of the line; where they were found is told beside them where it fits.
    let targets = widest(|row| &row.target).min(page.columns / 2).min(page.columns.saturating_sub(fixed));
    let room = page.columns.saturating_sub(fixed + targets);
    for row in rows {
        let mark = page.paint.paint(row.style, row.mark);
        let line = format!(
            "  {mark} {}{:GAP$}{}{:GAP$}{:>times$}",
            pad(&cut(&row.target, targets), targets),
            "",
            pad(&row.word, words),
            "",
            row.took
        );
        if width(&row.found) <= room {
            let found = page.paint.paint(paint::DIM, &row.found);
            page.line(&format!("{line}{:GAP$}{found}", ""));
        } else if room >= NARROWEST && !row.found.contains(": ") {
            let found = page.paint.paint(paint::DIM, &cut(&row.found, room));
            page.line(&format!("{line}{:GAP$}{found}", ""));
        } else {
            page.line(&line);
            page.prose("      ", 6, 6, paint::DIM, &row.found);
        }
    }
}
