//! `dprobe explain`: a code at length, all codes, or a report judged anew. Needs no engine.

mod error;
mod file;

use std::path::Path;

use crate::args::{ExplainArgs, Subject};
use crate::diagnosis::{self, Topic};
use crate::exit::Exit;
use crate::render::Format;
use crate::render::{RenderOptions, glossary, markdown, render, render_doctor};

pub use error::ExplainError;
pub use file::{Document, LONGEST, document, read, report};

/// Explains. Hands back the text, and for a report the exit code that the check had deserved.
///
/// # Errors
/// [`ExplainError`] when there is no such code, and when the file is no report.
pub fn explain(args: &ExplainArgs, options: &RenderOptions) -> Result<(String, Exit), ExplainError> {
    let Subject::Word(word) = &args.subject else { return Ok((list(args.format, options), Exit::Expected)) };
    let path = Path::new(word);
    let text = word.to_string_lossy();
    if text.contains(['/', '.']) || path.is_file() {
        return Ok(match file::read(path)? {
            Document::Report(report) => {
                let report = diagnosis::replay(report);
                (render(&report, args.format, options), Exit::of(&report, args.not))
            }
            Document::Doctor(doctor) => {
                let doctor = diagnosis::examine_again(doctor);
                (render_doctor(&doctor, args.format, options), Exit::of_doctor(&doctor))
            }
        });
    }
    // Codes are lower case, as they are printed; a shout is understood all the same.
    let topic = diagnosis::topic(&text.to_lowercase()).ok_or_else(|| ExplainError::unknown_code(&text))?;
    Ok((page(&topic, args.format, options), Exit::Expected))
}

/// The page of one code.
fn page(topic: &Topic, format: Format, options: &RenderOptions) -> String {
    match format {
        Format::Human => {
            let page = topic.page.trim_matches('\n');
            markdown::render(&format!("# {}\n\n{}\n\n{page}\n", topic.code, topic.summary), options)
        }
        Format::Json => json(&serde_json::json!({
            "code": topic.code,
            "summary": topic.summary,
            "page": topic.page.trim_matches('\n'),
        })),
    }
}

/// All codes, each with its summary.
fn list(format: Format, options: &RenderOptions) -> String {
    let topics = diagnosis::topics();
    match format {
        Format::Human => {
            let items: Vec<(&str, &str)> = topics.iter().map(|topic| (topic.code, topic.summary)).collect();
            glossary(&items, options)
        }
        Format::Json => json(
            &topics
                .iter()
                .map(|topic| serde_json::json!({ "code": topic.code, "summary": topic.summary }))
                .collect::<Vec<_>>()
                .into(),
        ),
    }
}

fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
