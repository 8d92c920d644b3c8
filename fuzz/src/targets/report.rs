//! A file that says it is a report.

use dprobe::commands::explain::{Document, document};
use dprobe::diagnosis;
use dprobe::render::{Format, RenderOptions, Verbosity, render, render_doctor};

use crate::check;

/// What `dprobe explain FILE` shows of it.
pub(super) fn explain(data: &[u8]) {
    match document(data, "x.json".to_owned()) {
        Ok(Document::Report(report)) => {
            let report = diagnosis::replay(report);
            assert_eq!(diagnosis::replay(report.clone()), report, "judged twice, it comes to something else");
            drawn(&|format, options| render(&report, format, options));
            check::comes_back(&report);
        }
        Ok(Document::Doctor(doctor)) => {
            let doctor = diagnosis::examine_again(doctor);
            assert_eq!(diagnosis::examine_again(doctor.clone()), doctor, "judged twice, it comes to something else");
            drawn(&|format, options| render_doctor(&doctor, format, options));
            check::comes_back(&doctor);
        }
        Err(error) => check::printable(&error.to_string()),
    }
}

fn drawn(draw: &dyn Fn(Format, &RenderOptions) -> String) {
    let options = |verbosity, color| RenderOptions { verbosity, color, ..RenderOptions::default() };
    for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
        check::printable_lines(&draw(Format::Human, &options(verbosity, false)));
    }
    check::printable_lines(&without_colors(&draw(Format::Human, &options(Verbosity::Verbose, true))));
    let json = draw(Format::Json, &options(Verbosity::Normal, false));
    check::printable_lines(&json);
    assert!(json.ends_with('\n'));
}

/// A text without the SGR sequences (ECMA-48, 8.3.117) that colour it.
fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        plain.push_str(part[end..].strip_prefix('m').expect("nothing but colours"));
    }
    plain
}
