//! Text in columns: widths, wrapping, cutting. Widths are those of a terminal (UAX #11), not counts of characters.

use dprobe_probes::text::printable;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The longest foreign text that is drawn, in characters.
const LONGEST: usize = 4000;

/// Foreign text that a terminal may see, on one line.
pub(super) fn clean(text: &str) -> String {
    printable(text.as_bytes(), LONGEST)
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text with blanks up to a number of columns.
pub(super) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A text cut to a number of columns, with `…` where something was cut.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = take(text, columns.saturating_sub(1)).to_owned();
    out.push('…');
    out
}

/// The longest beginning of a text that takes at most so many columns.
fn take(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > columns
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Prose, made clean, in lines of at most `columns`; `first` columns of the first line are taken already.
///
/// What stands between backticks stays on one line where it fits on one, for it may be pasted. A word longer than a line
/// is broken.
pub(super) fn wrap(text: &str, first: usize, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut room = columns.saturating_sub(first);
    for word in words(text, columns) {
        let mut word = word.as_str();
        let needed = width(word) + usize::from(!line.is_empty());
        if width(&line) + needed > room && !(line.is_empty() && lines.is_empty() && first == 0) {
            lines.push(std::mem::take(&mut line));
            room = columns;
        }
        while width(word) > columns {
            let part = take(word, columns.max(2));
            lines.push(part.to_owned());
            word = &word[part.len()..];
            room = columns;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The words of a text; what stands between backticks is one word where it is not wider than `columns`.
fn words(text: &str, columns: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace().map(clean) {
        match words.last_mut().filter(|last| open && width(last) + 1 + width(&word) <= columns) {
            Some(last) => {
                last.push(' ');
                last.push_str(&word);
            }
            None => words.push(word.clone()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prose_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 0, 8), ["one two", "three"]);
        assert_eq!(wrap("one two three", 5, 8), ["one", "two", "three"]);
        assert_eq!(wrap("one two three", 6, 8), ["", "one two", "three"]);
        assert_eq!(wrap("", 0, 8), [""]);
        assert_eq!(wrap("abcdefghij k", 0, 4), ["abcd", "efgh", "ij k"]);
    }

    #[test]
    fn what_may_be_pasted_stays_together() {
        assert_eq!(wrap("run it as `mongod --bind_ip_all` now", 0, 24), ["run it as", "`mongod --bind_ip_all`", "now"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("数据库"), 6);
        assert_eq!(cut("数据库", 5), "数据…");
        assert_eq!(wrap("数据库 数据库", 0, 7), ["数据库", "数据库"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_nothing_is_lost(text in "\\PC{0,120}|[a-z` ]{0,120}", columns in 4usize..40) {
            let lines = wrap(&text, 0, columns);
            for line in &lines {
                prop_assert!(width(line) <= columns, "{line:?}");
            }
            let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let cleaned: String = text.split_whitespace().map(clean).collect();
            prop_assert_eq!(squeezed(&lines.concat()), squeezed(&cleaned));
        }
    }
}
