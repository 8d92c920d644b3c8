//! Small changes to the text of a document: an item more, an item less, a key more.

use std::ops::Range;

use super::document::{Document, Id, Kind};

/// A replacement of a part of a text. An empty part is an insertion.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: Range<usize>,
    pub(super) with: String,
}

/// The text with all replacements made; none where two of them meet.
pub(super) fn apply(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let mut out = String::with_capacity(text.len() + 200);
    let mut done = 0;
    for splice in &splices {
        out.push_str(text.get(done..splice.at.start)?);
        out.push_str(&splice.with);
        done = splice.at.end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

impl Document<'_> {
    /// Where the line of a byte begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |before| before + 1)
    }

    /// Where the line after that of a byte begins; the end of the text where there is none.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |end| at + end + 1)
    }

    /// The line end that the text uses.
    pub(super) fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// What stands before a node on its line.
    pub(super) fn before(&self, id: Id) -> &str {
        let start = self.node(id).span.start;
        &self.text[self.line_start(start)..start]
    }

    /// The blanks before a node that is the first on its line.
    pub(super) fn indent(&self, id: Id) -> Option<&str> {
        Some(self.before(id)).filter(|before| before.bytes().all(|byte| byte == b' '))
    }

    /// Whether a node may be changed where it stands, without changing what others refer to.
    pub(super) fn is_own(&self, id: Id) -> bool {
        let node = self.node(id);
        let anchored = self.text[node.span.clone()].starts_with(['&', '!']);
        !node.special && !anchored && !matches!(node.kind, Kind::Alias { .. })
    }

    /// Lines put after the line of `after`; before the line of `before` where the former is the last one and is not closed,
    /// for it would be a changed line itself then.
    pub(super) fn lines_added(&self, after: usize, before: usize, lines: &[String]) -> Splice {
        let newline = self.newline();
        let end = self.line_end(after);
        let open = end == self.text.len() && !self.text.ends_with('\n');
        let at = if open { self.line_start(before) } else { end };
        Splice { at: at..at, with: format!("{}{newline}", lines.join(newline)) }
    }

    /// Another text in the place of a node.
    pub(super) fn replaced(&self, id: Id, with: impl Into<String>) -> Splice {
        Splice { at: self.node(id).span.clone(), with: with.into() }
    }

    /// One more item at the end of a sequence.
    pub(super) fn item_added(&self, sequence: Id, item: &str) -> Option<Splice> {
        let Kind::Sequence { items, flow } = &self.node(sequence).kind else { return None };
        match items.last() {
            Some(last) if *flow => {
                let end = self.node(*last).span.end;
                Some(Splice { at: end..end, with: format!(", {item}") })
            }
            None => Some(self.replaced(sequence, format!("[{item}]"))),
            Some(last) => {
                let dash = self.dash(*last)?;
                let first = self.node(items[0]).span.start;
                self.dash(items[0])?;
                Some(self.lines_added(self.node(*last).span.end, first, &[format!("{dash}{item}")]))
            }
        }
    }

    /// What stands before an item of a block sequence: blanks, the dash, blanks.
    pub(super) fn dash(&self, item: Id) -> Option<&str> {
        let before = self.before(item);
        let after = before.trim_start_matches(' ').strip_prefix('-')?;
        (!after.is_empty() && after.bytes().all(|byte| byte == b' ')).then_some(before)
    }

    /// One item less in a sequence that has others.
    pub(super) fn item_removed(&self, sequence: Id, index: usize) -> Option<Splice> {
        let Kind::Sequence { items, flow } = &self.node(sequence).kind else { return None };
        let spans: Vec<Range<usize>> = items.iter().map(|item| self.node(*item).span.clone()).collect();
        if *flow {
            return without(&spans, index);
        }
        self.dash(items[index])?;
        Some(self.lines_removed(&spans[index]))
    }

    /// One entry less in a mapping that has others.
    pub(super) fn entry_removed(&self, mapping: Id, index: usize) -> Option<Splice> {
        let Kind::Mapping { entries, flow } = &self.node(mapping).kind else { return None };
        let spans: Vec<Range<usize>> = entries.iter().map(|(key, value)| self.entry_span(*key, *value)).collect();
        if *flow {
            return without(&spans, index);
        }
        self.indent(entries[index].0)?;
        Some(self.lines_removed(&spans[index]))
    }

    /// The lines of a part of the text taken away.
    pub(super) fn lines_removed(&self, part: &Range<usize>) -> Splice {
        Splice { at: self.line_start(part.start)..self.line_end(part.end), with: String::new() }
    }

    /// From a key to the end of its value.
    pub(super) fn entry_span(&self, key: Id, value: Id) -> Range<usize> {
        let (key, value) = (&self.node(key).span, &self.node(value).span);
        key.start..value.end.max(key.end)
    }

    /// One more entry at the end of a mapping: `flow` where it stands between braces, else `block`, whose lines are
    /// indented like the other keys.
    pub(super) fn entry_added(&self, mapping: Id, flow: &str, block: &[String]) -> Option<Splice> {
        let Kind::Mapping { entries, flow: in_braces } = &self.node(mapping).kind else { return None };
        let Some((key, value)) = entries.last() else { return Some(self.replaced(mapping, format!("{{ {flow} }}"))) };
        let end = self.entry_span(*key, *value).end;
        if *in_braces {
            return Some(Splice { at: end..end, with: format!(", {flow}") });
        }
        let first = entries.first()?.0;
        let indent = self.indent(first)?;
        let lines: Vec<String> = block.iter().map(|line| format!("{indent}{line}")).collect();
        Some(self.lines_added(end, self.node(first).span.start, &lines))
    }
}

/// One part less in a list with commas.
fn without(spans: &[Range<usize>], index: usize) -> Option<Splice> {
    let gone = spans.get(index)?;
    let at = match (index.checked_sub(1).map(|before| &spans[before]), spans.get(index + 1)) {
        (_, Some(next)) => gone.start..next.start,
        (Some(before), None) => before.end..gone.end,
        (None, None) => return None,
    };
    Some(Splice { at, with: String::new() })
}
