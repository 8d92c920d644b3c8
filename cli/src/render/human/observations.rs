//! Every observation, a line each, for `-v`.

use dprobe_probes::wire::Observation;

use super::super::layout::{clean, cut, pad, width};
use super::super::{observation, paint};
use super::Page;

/// The widest column for an id or a place; longer ones are cut.
const WIDEST: usize = 20;

pub(super) fn draw(page: &mut Page, observations: &[Observation]) {
    page.line("");
    let title = page.paint.paint(paint::STRONG, "observations");
    page.line(&title);
    if observations.is_empty() {
        page.line("  none");
    }
    let column =
        |text: fn(&Observation) -> String| observations.iter().map(|seen| width(&text(seen))).max().unwrap_or(0);
    let (kinds, places, ids, times) = (column(kind), column(place), column(id), column(time));
    for seen in observations {
        let before = format!(
            "  {}  {}  {}  {:>times$}  ",
            pad(&kind(seen), kinds),
            pad(&place(seen), places),
            pad(&id(seen), ids),
            time(seen)
        );
        let outcome = clean(&observation::outcome(&seen.fact));
        let outcome = cut(&outcome, page.columns.saturating_sub(width(&before)));
        let line = format!("{}{outcome}", page.paint.paint(paint::DIM, &before));
        page.line(&line);
    }
}

fn kind(seen: &Observation) -> String {
    observation::kind(&seen.fact).to_owned()
}

fn place(seen: &Observation) -> String {
    cut(&clean(&seen.place), WIDEST)
}

fn id(seen: &Observation) -> String {
    cut(&clean(&seen.id), WIDEST)
}

fn time(seen: &Observation) -> String {
    observation::milliseconds(seen.took_ms)
}
