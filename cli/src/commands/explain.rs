//! `dprobe explain`: a code at length, all codes, or a report judged anew. Needs no engine.

mod error;
mod file;

use std::path::Path;

use crate::args::{ExplainArgs, Subject};
use crate::diagnosis::{self, Cause};
use crate::exit::Exit;
use crate::render::Format;
use crate::render::{RenderOptions, glossary, markdown, render};

pub use error::ExplainError;
pub use file::{LONGEST, read, report};

/// Explains. Hands back the text, and for a report the exit code that the check had deserved.
///
/// # Errors
/// [`ExplainError`] when there is no such code, and when the file is no report.
pub fn explain(args: &ExplainArgs, options: &RenderOptions) -> Result<(String, Exit), ExplainError> {
    let Subject::Word(word) = &args.subject else { return Ok((list(args.format, options), Exit::Expected)) };
    let path = Path::new(word);
    let text = word.to_string_lossy();
    if text.contains(['/', '.']) || path.is_file() {
        let report = diagnosis::replay(file::read(path)?);
        return Ok((render(&report, args.format, options), Exit::of(&report, args.not)));
    }
    // Codes are lower case, as they are printed; a shout is understood all the same.
    let cause = diagnosis::cause(&text.to_lowercase()).ok_or_else(|| ExplainError::unknown_code(&text))?;
    Ok((page(cause, args.format, options), Exit::Expected))
}

/// The page of one cause.
fn page(cause: &Cause, format: Format, options: &RenderOptions) -> String {
    match format {
        Format::Human => {
            let page = cause.page.trim_matches('\n');
            markdown::render(&format!("# {}\n\n{}\n\n{page}\n", cause.code, cause.summary), options)
        }
        Format::Json => json(&serde_json::json!({
            "code": cause.code,
            "summary": cause.summary,
            "page": cause.page.trim_matches('\n'),
        })),
    }
}

/// All codes, each with its summary.
fn list(format: Format, options: &RenderOptions) -> String {
    let mut causes: Vec<&Cause> = diagnosis::causes().iter().collect();
    causes.sort_by_key(|cause| cause.code);
    match format {
        Format::Human => {
            let items: Vec<(&str, &str)> = causes.iter().map(|cause| (cause.code, cause.summary)).collect();
            glossary(&items, options)
        }
        Format::Json => json(
            &causes
                .iter()
                .map(|cause| serde_json::json!({ "code": cause.code, "summary": cause.summary }))
                .collect::<Vec<_>>()
                .into(),
        ),
    }
}

fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
