//! An edited compose file as a unified diff and the commands that apply it.
//!
//! The hunks have no context: passwords stand near everything in a compose file, and a report is passed on. So nothing of
//! the file is shown but lines that change, and those only where they hold nothing but the keys that change.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use super::Edited;
use crate::redact;

/// The word that ends a patch in the command that applies it. No line of a diff is this word.
const END: &str = "END";

/// A change to the user's own compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposePatch {
    /// The file.
    pub file: String,
    /// The complete commands, in order: the first holds the whole diff and applies it, the second has compose take it up.
    pub commands: Vec<String>,
}

/// A unified diff of a file and its edited form, without context, that `patch` takes. None where a line would show
/// anything but what changes, a secret, or what a terminal can not paste.
#[must_use]
pub fn patch(file: &Path, before: &str, edited: &Edited) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    // Where a carriage return stands alone, the diff counts a line that patch(1) does not; where it ends a line, the terminal
    // can not paste it.
    if name.chars().any(char::is_control) || before.contains('\r') {
        return None;
    }
    let diff = TextDiff::from_lines(before, &edited.text);
    for change in diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal) {
        let line = change.value().trim_end_matches('\n');
        if line.chars().any(char::is_control) || redact::line(line) != line {
            return None;
        }
    }
    let mut start = 0;
    for (number, line) in before.split_inclusive('\n').enumerate() {
        let goes = diff
            .iter_all_changes()
            .any(|change| change.tag() == ChangeTag::Delete && change.old_index() == Some(number));
        if goes && !is_shown(line, start, edited) {
            return None;
        }
        start += line.len();
    }
    let text = diff.unified_diff().context_radius(0).header(name, name).to_string();
    (!text.is_empty()).then_some(text)
}

/// Whether a line holds nothing but what may be shown, and a comment at its end.
fn is_shown(line: &str, start: usize, edited: &Edited) -> bool {
    let mut rest = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        if !edited.shown.iter().any(|part| part.contains(&(start + at))) {
            rest.push(c);
        }
    }
    rest.trim().is_empty() || rest.trim_start().starts_with('#')
}

/// The commands that apply a diff to a file and bring the service up with it. `up` is the beginning of the second one.
#[must_use]
pub(super) fn commands(file: &Path, diff: &str, up: &str) -> Option<ComposePatch> {
    let path = file.to_str().filter(|path| !path.chars().any(char::is_control))?;
    let newline = if diff.ends_with('\n') { "" } else { "\n" };
    let apply = format!("patch {} <<'{END}'\n{diff}{newline}{END}", shell_words::quote(path));
    Some(ComposePatch { file: path.to_owned(), commands: vec![apply, up.to_owned()] })
}

/// `docker-compose … up -d SERVICE` for a project, as its labels tell.
#[must_use]
pub(super) fn up(old: bool, project: &str, files: &[PathBuf], service: &str) -> Option<String> {
    let mut words = if old { vec!["docker-compose"] } else { vec!["docker", "compose"] };
    words.extend(["-p", project]);
    for file in files {
        words.extend(["-f", file.to_str()?]);
    }
    words.extend(["up", "-d", service]);
    Some(shell_words::join(words))
}
