//! Every observation, one after the other, for `-v`.

use dprobe_probes::wire::Observation;

use super::super::layout::{clean, cut, pad, width};
use super::super::{observation, paint};
use super::Page;

/// The widest column for a place and for an id; longer ones are cut.
const PLACE: usize = 16;
const ID: usize = 8;

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
        let columns = width(&before);
        let before = page.paint.paint(paint::DIM, &before);
        page.prose(&before, columns, columns, paint::PLAIN, &observation::outcome(&seen.fact));
    }
}

fn kind(seen: &Observation) -> String {
    observation::kind(&seen.fact).to_owned()
}

fn place(seen: &Observation) -> String {
    cut(&clean(&seen.place), PLACE)
}

fn id(seen: &Observation) -> String {
    cut(&clean(&seen.id), ID)
}

fn time(seen: &Observation) -> String {
    observation::milliseconds(seen.took_ms)
}
