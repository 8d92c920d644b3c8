//! The way from source to target, a line a step.

use crate::report::{Check, SourceKind, Stage, StageName};

use super::super::layout::{clean, pad, width, wrap};
use super::super::paint;
use super::Page;

/// Blanks, mark and blank before the name of a step.
const MARGIN: usize = 4;

/// Blanks between columns.
const GAP: usize = 2;

/// The narrowest column of findings; where it would be narrower, details go below them.
const NARROWEST: usize = 28;

/// A line: what it is of, how that is, and what was seen.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) ok: Option<bool>,
    pub(super) summary: &'a str,
    pub(super) detail: &'a str,
}

pub(super) fn draw(page: &mut Page, check: &Check) {
    let stand_in = stand_in(check);
    let row = |stage| {
        let Stage { stage, ok, summary, detail, .. }: &Stage = stage;
        Row { name: name(*stage), ok: *ok, summary, detail }
    };
    let rows: Vec<Row<'_>> = stand_in.iter().chain(&check.stages).map(row).collect();
    draw_rows(page, &rows);
}

/// Lines in columns.
pub(super) fn draw_rows(page: &mut Page, rows: &[Row<'_>]) {
    let names = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let left = MARGIN + names.max(6) + GAP;
    let room = page.columns.saturating_sub(left);
    let details = rows.iter().map(|row| width(&clean(row.detail))).max().unwrap_or(0);
    // The findings get what they need, as long as the details fit beside them.
    let needed = rows.iter().map(|row| width(&clean(row.summary))).filter(|needed| *needed <= room).max();
    let beside = room.saturating_sub(details + GAP);
    let column = (beside >= NARROWEST && details > 0).then(|| needed.unwrap_or(beside).min(beside));
    for row in rows {
        draw_row(page, row, left, column);
    }
}

/// That a fresh agent stood in for the source, where no step says so.
fn stand_in(check: &Check) -> Option<Stage> {
    let told = check.stages.iter().any(|stage| stage.stage == StageName::Source);
    (check.from.stand_in && !told).then(|| Stage {
        stage: StageName::Source,
        ok: None,
        summary: match (&check.from.kind, &check.from.network) {
            (SourceKind::Network, Some(network)) => {
                format!("{} has no task on this node; measured from {network}", check.from.typed)
            }
            _ => format!("{} does not run; measured from its networks", check.from.place),
        },
        detail: String::new(),
        probes: Vec::new(),
    })
}

/// One line. `column` is the width of the findings where details stand beside them.
fn draw_row(page: &mut Page, row: &Row<'_>, left: usize, column: Option<usize>) {
    let (mark, style) = match row.ok {
        Some(true) => ("✓", paint::GOOD),
        Some(false) => ("✗", paint::BAD),
        None => ("·", paint::DIM),
    };
    let head = pad(row.name, left - MARGIN);
    let head = format!("  {} {head}", page.paint.paint(style, mark));
    let detail = clean(row.detail);
    let columns = match column {
        Some(column) if !detail.is_empty() => column,
        _ => page.columns.saturating_sub(left),
    };
    let mut lines = wrap(row.summary, 0, columns).into_iter();
    let first = lines.next().unwrap_or_default();
    match column {
        Some(column) if !detail.is_empty() => {
            let detail = page.paint.paint(paint::DIM, &detail);
            page.line(&format!("{head}{}{:GAP$}{detail}", pad(&first, column), ""));
        }
        _ => page.line(&format!("{head}{first}")),
    }
    for line in lines {
        page.line(&format!("{:left$}{line}", ""));
    }
    if column.is_none() && !detail.is_empty() {
        page.prose(&" ".repeat(left), left, left, paint::DIM, &detail);
    }
}

/// The name of a step in the report.
pub(super) fn name(stage: StageName) -> &'static str {
    match stage {
        StageName::Source => "source",
        StageName::Name => "name",
        StageName::Route => "route",
        StageName::Target => "target",
        StageName::Tcp => "tcp",
        StageName::Udp => "udp",
        StageName::Listen => "listen",
        StageName::Tls => "tls",
        StageName::Http => "http",
        StageName::App => "app",
    }
}
