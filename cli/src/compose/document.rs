//! A compose file as a tree that knows where in the text each of its nodes stands.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The deepest nesting and the most nodes that are read. Compose files have a handful of the one and hundreds of the other.
const DEEPEST: usize = 40;
const MOST: usize = 20_000;

/// A node, by its place in [`Document::nodes`].
pub(super) type Id = usize;

/// A text that holds one YAML document whose root is a mapping.
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    nodes: Vec<Node>,
    root: Id,
}

/// A node of the tree.
pub(super) struct Node {
    /// Where it stands in the text, in bytes, without blanks at its end.
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
    /// Whether it has an anchor that an alias refers to, or a tag: it is more than it seems then.
    pub(super) special: bool,
}

/// What a node is.
pub(super) enum Kind {
    /// A scalar; `plain` without quotes.
    Scalar { value: String, plain: bool },
    /// A sequence; `flow` in brackets.
    Sequence { items: Vec<Id>, flow: bool },
    /// A mapping; `flow` in braces.
    Mapping { entries: Vec<(Id, Id)>, flow: bool },
    /// An alias of another node, and the number of its anchor in the order of the text.
    Alias { target: Id, anchor: usize },
}

impl<'a> Document<'a> {
    /// Reads a text; none where it is no YAML, no single document, or no mapping.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut builder = Builder {
            text,
            bytes: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
            events: Parser::new_from_str(text),
            nodes: Vec::new(),
            anchors: HashMap::new(),
        };
        let mut root = None;
        loop {
            match builder.next()? {
                (Event::StreamEnd, _) => break,
                (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::DocumentStart(_), _) if root.is_none() => {
                    let event = builder.next()?;
                    root = Some(builder.node(event, 0)?);
                }
                _ => return None,
            }
        }
        let document = Self { text, nodes: builder.nodes, root: root? };
        matches!(document.node(document.root).kind, Kind::Mapping { .. }).then_some(document)
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The entry of a mapping with this key, as it stands there: what is merged into it (`<<`) does not count.
    pub(super) fn entry(&self, mapping: Id, key: &str) -> Option<(Id, Id)> {
        let Kind::Mapping { entries, .. } = &self.node(mapping).kind else { return None };
        entries.iter().copied().find(|(name, _)| self.scalar(*name) == Some(key))
    }

    /// The node at the end of a way through mappings.
    pub(super) fn at(&self, way: &[&str]) -> Option<Id> {
        way.iter().try_fold(self.root, |id, key| self.entry(id, key).map(|(_, value)| value))
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self, id: Id) -> Option<&str> {
        match &self.node(id).kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// What an alias stands for; any other node itself.
    fn resolved(&self, id: Id) -> Id {
        match self.node(id).kind {
            Kind::Alias { target, .. } => target,
            _ => id,
        }
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    /// The value that a mapping has for a key, its own or one that is merged into it, aliases resolved.
    pub(super) fn effective(&self, mapping: Id, key: &str) -> Option<Id> {
        self.effective_in(self.resolved(mapping), key, 0)
    }

    fn effective_in(&self, mapping: Id, key: &str, depth: usize) -> Option<Id> {
        if depth > DEEPEST {
            return None;
        }
        if let Some((_, value)) = self.entry(mapping, key) {
            return Some(self.resolved(value));
        }
        let merged = self.resolved(self.entry(mapping, "<<")?.1);
        match &self.node(merged).kind {
            Kind::Mapping { .. } => self.effective_in(merged, key, depth + 1),
            Kind::Sequence { items, .. } => {
                items.iter().find_map(|item| self.effective_in(self.resolved(*item), key, depth + 1))
            }
            _ => None,
        }
    }

    /// What the document means, aliases left as references. None where a mapping has a key twice.
    pub(super) fn value(&self) -> Option<Value> {
        self.value_of(self.root)
    }

    pub(super) fn value_of(&self, id: Id) -> Option<Value> {
        Some(match &self.node(id).kind {
            Kind::Scalar { value, plain: true } if matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL") => {
                Value::Null
            }
            Kind::Scalar { value, .. } => Value::from(value.as_str()),
            Kind::Sequence { items, .. } => items.iter().map(|item| self.value_of(*item)).collect::<Option<_>>()?,
            Kind::Alias { anchor, .. } => Value::Object([("*".to_owned(), Value::from(*anchor))].into_iter().collect()),
            Kind::Mapping { entries, .. } => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = self.scalar(*key)?.to_owned();
                    if map.insert(key, self.value_of(*value)?).is_some() {
                        return None;
                    }
                }
                Value::Object(map)
            }
        })
    }
}

struct Builder<'a> {
    text: &'a str,
    /// The byte at which each character begins; the parser counts characters.
    bytes: Vec<usize>,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    nodes: Vec<Node>,
    anchors: HashMap<usize, Id>,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Option<(Event<'a>, saphyr_parser::Span)> {
        self.events.next_event()?.ok()
    }

    /// The byte of a character. Past the end, the end.
    fn byte(&self, character: usize) -> usize {
        self.bytes.get(character).copied().unwrap_or(self.text.len())
    }

    fn add(&mut self, start: usize, end: usize, kind: Kind, anchor: usize, tagged: bool) -> Option<Id> {
        if self.nodes.len() >= MOST || end < start {
            return None;
        }
        let end = start + self.text.get(start..end)?.trim_end().len();
        self.nodes.push(Node { span: start..end, kind, special: tagged });
        let id = self.nodes.len() - 1;
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        Some(id)
    }

    /// The node that begins with this event.
    fn node(&mut self, (event, span): (Event<'a>, saphyr_parser::Span), depth: usize) -> Option<Id> {
        if depth > DEEPEST {
            return None;
        }
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let kind = Kind::Scalar { value: value.into_owned(), plain: style == ScalarStyle::Plain };
                let end = match style {
                    // The parser counts what follows on the line, comments and all, as part of a quoted scalar.
                    ScalarStyle::SingleQuoted => self.after_quote(start, b'\'')?,
                    ScalarStyle::DoubleQuoted => self.after_quote(start, b'"')?,
                    _ => end,
                };
                self.add(start, end, kind, anchor, tag.is_some())
            }
            Event::Alias(anchor) => {
                let target = *self.anchors.get(&anchor)?;
                self.nodes[target].special = true;
                self.add(start, end, Kind::Alias { target, anchor }, 0, false)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                let last = loop {
                    match self.next()? {
                        (Event::SequenceEnd, last) => break last,
                        item => items.push(self.node(item, depth + 1)?),
                    }
                };
                let ends = items.last().map(|item| self.nodes[*item].span.end);
                let (end, flow) = self.collection(start, end, ends, &last, ']')?;
                self.add(start, end, Kind::Sequence { items, flow }, anchor, tag.is_some())
            }
            Event::MappingStart(anchor, tag) => {
                let mut entries = Vec::new();
                let last = loop {
                    match self.next()? {
                        (Event::MappingEnd, last) => break last,
                        key => {
                            let key = self.node(key, depth + 1)?;
                            let value = self.next()?;
                            entries.push((key, self.node(value, depth + 1)?));
                        }
                    }
                };
                let ends =
                    entries.last().map(|(key, value)| self.nodes[*value].span.end.max(self.nodes[*key].span.end));
                let (end, flow) = self.collection(start, end, ends, &last, '}')?;
                self.add(start, end, Kind::Mapping { entries, flow }, anchor, tag.is_some())
            }
            _ => None,
        }
    }

    /// Where a quoted scalar ends: a quote that is doubled, or escaped in double quotes, is part of it.
    fn after_quote(&self, start: usize, quote: u8) -> Option<usize> {
        let text = self.text.as_bytes();
        // The span may begin with an anchor or a tag.
        let mut at = start + text[start..].iter().position(|byte| *byte == quote)? + 1;
        loop {
            match *text.get(at)? {
                b'\\' if quote == b'"' => at += 2,
                byte if byte == quote && quote == b'\'' && text.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    /// Where a collection ends, and whether it is a flow collection: one whose last event stands on its bracket.
    fn collection(
        &self,
        start: usize,
        begun: usize,
        children_end: Option<usize>,
        last: &saphyr_parser::Span,
        bracket: char,
    ) -> Option<(usize, bool)> {
        let at = self.byte(last.start.index());
        let flow = last.start.index() != last.end.index() && self.text[at..].starts_with(bracket);
        if flow { Some((at + 1, true)) } else { Some((children_end?.max(start).max(begun), false)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# c\nx-a: &a { image: x, labels: { a: \"b\" } }\nservices:\n  web:\n    <<: *a\n    command: [a, 'b' ]  # ü\n    \
                        ports:\n    - \"80:80\"   # c\n    networks:\n      inner:\n      outer: {}\n    # hi\n\n  db: { image: \"ü\" }\n";

    fn shown<'a>(document: &Document<'a>, way: &[&str]) -> &'a str {
        &document.text[document.node(document.at(way).expect("a node")).span.clone()]
    }

    #[test]
    fn every_node_knows_its_text() {
        for file in [FILE.to_owned(), FILE.replace('\n', "\r\n")] {
            let document = Document::parse(&file).expect("a document");
            assert_eq!(shown(&document, &["services", "web", "command"]), "[a, 'b' ]");
            assert_eq!(shown(&document, &["services", "web", "networks", "outer"]), "{}");
            assert_eq!(shown(&document, &["services", "db"]), "{ image: \"ü\" }");
            assert_eq!(shown(&document, &["x-a", "labels"]), "{ a: \"b\" }");
            let ports = document.at(&["services", "web", "ports"]).expect("ports");
            assert!(file[..document.node(ports).span.end].ends_with("\"80:80\""));
            let networks = document.at(&["services", "web", "networks"]).expect("networks");
            assert!(file[..document.node(networks).span.end].ends_with("outer: {}"));
            assert!(matches!(document.node(networks).kind, Kind::Mapping { flow: false, .. }));
        }
    }

    #[test]
    fn merged_keys_are_found() {
        let document = Document::parse(FILE).expect("a document");
        let web = document.at(&["services", "web"]).expect("web");
        assert!(document.entry(web, "image").is_none());
        let image = document.effective(web, "image").and_then(|id| document.scalar(id));
        assert_eq!(image, Some("x"));
    }

    #[test]
    fn what_is_no_compose_file_is_refused() {
        let deep = "[".repeat(5000);
        let many = "- a\n".repeat(30_000);
        for text in ["", "- a", "a: b\n---\nc: d\n", "a: [", "\u{feff}", "%", "a: *b", &deep, &many, "a: {{}}: 1"] {
            assert!(Document::parse(text).is_none(), "{text:.20}");
        }
        let twice = Document::parse("a: {b: 1, b: 2}").expect("a document");
        assert!(twice.value().is_none());
    }
}
