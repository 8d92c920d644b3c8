//! The smallest change to the text of a compose file that comes to what is wanted.
//!
//! Nothing is written anew but what changes, so formatting and comments stay. What came out is read again, and handed back
//! only where it means what the file meant before plus the change: whatever a rare form of YAML does to an edit, the result
//! is right or there is none.

mod depends_on;
mod environment;
mod lists;
mod networks;

use std::ops::Range;

use serde_json::{Map, Value};

use super::document::{Document, Id, Kind};
use super::snippet::{flow_list, quoted};
use super::splice::{Splice, apply};
use super::{ComposeChange, ComposeEdit};
use crate::redact;

/// A compose file with a change made to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// The parts of the old text that may be shown: the keys that change, with their values.
    pub(super) shown: Vec<Range<usize>>,
}

/// Makes the change to the text of a compose file; none where that is not possible, or where anything is in doubt.
#[must_use]
pub fn edit(text: &str, edit: &ComposeEdit) -> Option<Edited> {
    edit_in(&Document::parse(text)?, edit, &[])
}

/// Makes the change to the one of several files that are merged (`-f a.yml -f b.yml`) which has the key already, the last
/// of them; where none has it, to the last file that has the service. Returns its place among the files.
#[must_use]
pub fn edit_one_of(texts: &[String], edit: &ComposeEdit) -> Option<(usize, Edited)> {
    let documents: Vec<Document<'_>> = texts.iter().map(|text| Document::parse(text)).collect::<Option<_>>()?;
    let service = |document: &Document<'_>| document.at(&["services", &edit.service]);
    let key = key_of(&edit.change);
    let has_key = |document: &Document<'_>| service(document).is_some_and(|id| document.entry(id, key).is_some());
    let chosen =
        documents.iter().rposition(has_key).or_else(|| documents.iter().rposition(|one| service(one).is_some()))?;
    // What another file declares is declared.
    let mut declared = Vec::new();
    for (_, document) in documents.iter().enumerate().filter(|(index, _)| *index != chosen) {
        if let Some(Kind::Mapping { entries, .. }) = document.at(&["networks"]).map(|id| &document.node(id).kind) {
            declared.extend(entries.iter().filter_map(|(key, _)| document.scalar(*key)));
        }
        let elsewhere = service(document).is_some_and(|id| document.effective(id, key).is_some());
        if elsewhere && !is_merged(&edit.change) {
            return None;
        }
    }
    edit_in(&documents[chosen], edit, &declared).map(|edited| (chosen, edited))
}

/// Whether a change made to one of several files holds whatever the others say of the key: lists are joined, and the last
/// `command:` wins. An entry of another file can be neither taken away nor replaced from this one.
fn is_merged(change: &ComposeChange) -> bool {
    matches!(
        change,
        ComposeChange::JoinNetwork { .. }
            | ComposeChange::SetCommand { .. }
            | ComposeChange::SetVariables { .. }
            | ComposeChange::AddExtraHost { .. }
            | ComposeChange::Publish { instead_of: None, .. }
    )
}

/// The key of the service that a change is about.
fn key_of(change: &ComposeChange) -> &'static str {
    match change {
        ComposeChange::SetCommand { .. } => "command",
        ComposeChange::JoinNetwork { .. } => "networks",
        ComposeChange::LeaveNetworkMode { .. } => "network_mode",
        ComposeChange::Publish { .. } => "ports",
        ComposeChange::AddExtraHost { .. } | ComposeChange::RemoveExtraHost { .. } => "extra_hosts",
        ComposeChange::WaitUntilHealthy { .. } => "depends_on",
        ComposeChange::SetVariables { .. } => "environment",
    }
}

fn edit_in(document: &Document<'_>, edit: &ComposeEdit, declared: &[&str]) -> Option<Edited> {
    let service = document.at(&["services", &edit.service])?;
    if !document.is_own(service) {
        return None;
    }
    let key = key_of(&edit.change);
    // What a service inherits from another one is not seen here.
    if document.entry(service, "extends").is_some() && document.entry(service, key).is_none() {
        return None;
    }
    let mut work = Work { document, service, splices: Vec::new(), shown: Vec::new(), wanted: Vec::new() };
    let set: Setting = match &edit.change {
        ComposeChange::SetCommand { argv } => work.set_command(argv)?,
        ComposeChange::JoinNetwork { network, .. } => work.join(network, declared)?,
        ComposeChange::LeaveNetworkMode { mode, network } => work.leave_mode(mode, network.as_ref(), declared)?,
        ComposeChange::Publish { port, instead_of: None } => work.add_to_list(key, &port.short())?,
        ComposeChange::Publish { port, instead_of: Some(old) } => work.replace_port(old, port)?,
        ComposeChange::AddExtraHost { name, address } => work.add_host(name, address)?,
        ComposeChange::RemoveExtraHost { name } => work.remove_host(name)?,
        ComposeChange::WaitUntilHealthy { service, checked: true } => work.wait_for(service)?,
        ComposeChange::WaitUntilHealthy { checked: false, .. } => return None,
        ComposeChange::SetVariables { variables } => work.set_variables(variables)?,
    };
    let mut wanted = document.value()?;
    let mine = wanted.get_mut("services")?.get_mut(&edit.service)?.as_object_mut()?;
    for (key, value) in set {
        match value {
            Some(value) => mine.insert(key.to_owned(), value),
            None => mine.remove(key),
        };
    }
    for (name, value) in work.wanted {
        let networks = wanted.as_object_mut()?.entry("networks").or_insert_with(|| Value::Object(Map::new()));
        networks.as_object_mut()?.insert(name, value);
    }
    let text = apply(document.text, work.splices)?;
    let mut meant = Document::parse(&text)?.value()?;
    if key != "command" {
        sort(&mut meant, &edit.service, key);
        sort(&mut wanted, &edit.service, key);
    }
    (meant == wanted && text != document.text).then_some(Edited { text, shown: work.shown })
}

/// Sorts a list of a service, for the order of networks, ports and hosts means nothing.
fn sort(value: &mut Value, service: &str, key: &str) {
    let list = value.get_mut("services").and_then(|all| all.get_mut(service)?.get_mut(key)?.as_array_mut());
    if let Some(list) = list {
        list.sort_by_cached_key(Value::to_string);
    }
}

/// What keys of the service are to mean; none for keys that go.
type Setting = Vec<(&'static str, Option<Value>)>;

/// An edit in the making.
struct Work<'a> {
    document: &'a Document<'a>,
    service: Id,
    splices: Vec<Splice>,
    shown: Vec<Range<usize>>,
    /// Top-level networks to be declared.
    wanted: Vec<(String, Value)>,
}

impl Work<'_> {
    /// The service's own entry for a key, which may be shown from now on.
    fn own(&mut self, key: &str) -> Option<(Id, Id)> {
        let (name, value) = self.document.entry(self.service, key)?;
        self.shown.push(self.document.entry_span(name, value));
        Some((name, value))
    }

    /// A key more in the service: in braces, or in lines of which the further ones are indented by one step.
    fn add_key(&mut self, key: &str, flow: &str, below: &[String]) -> Option<()> {
        let step = self.step()?;
        let mut lines = vec![if below.is_empty() { format!("{key}: {flow}") } else { format!("{key}:") }];
        lines.extend(below.iter().map(|line| format!("{step}{line}")));
        self.splices.push(self.document.entry_added(self.service, &format!("{key}: {flow}"), &lines)?);
        Some(())
    }

    /// How far the keys of a service stand right of its name.
    fn step(&self) -> Option<String> {
        let document = self.document;
        let Kind::Mapping { entries, .. } = &document.node(self.service).kind else { return None };
        let first = document.indent(entries.first()?.0).map_or(4, str::len);
        let services = document.at(&["services"])?;
        let Kind::Mapping { entries, .. } = &document.node(services).kind else { return None };
        let name = document.indent(entries.first()?.0).map_or(2, str::len);
        Some(" ".repeat(first.saturating_sub(name).clamp(2, 8)))
    }

    fn set_command(&mut self, argv: &[String]) -> Option<Setting> {
        // A mask is no password, and what `entrypoint:` adds is not seen.
        if argv.iter().any(|word| word.contains(redact::MASK))
            || self.document.effective(self.service, "entrypoint").is_some()
        {
            return None;
        }
        let meant = Value::from(argv.iter().map(|word| word.replace('$', "$$")).collect::<Vec<_>>());
        match self.own("command") {
            None => self.add_key("command", &flow_list(argv), &[])?,
            Some((_, value)) => {
                let document = self.document;
                if document.node(value).special || document.text[document.node(value).span.clone()].contains('$') {
                    return None;
                }
                self.splices.push(match &document.node(value).kind {
                    Kind::Sequence { items, flow } if document.is_own(value) && !items.is_empty() => {
                        // What stays the same stays as it was written.
                        let written = |word: &String| {
                            let same = items.iter().find(|item| document.scalar(**item) == Some(word));
                            same.map_or_else(
                                || quoted(word),
                                |item| document.text[document.node(*item).span.clone()].to_owned(),
                            )
                        };
                        let words: Vec<String> = argv.iter().map(written).collect();
                        if *flow {
                            document.replaced(value, format!("[{}]", words.join(", ")))
                        } else {
                            let dash = document.dash(items[0])?;
                            let start = document.node(items[0]).span.start - dash.len();
                            let lines = words.iter().map(|word| format!("{dash}{word}")).collect::<Vec<_>>();
                            let end = document.node(value).span.end;
                            Splice { at: start..end, with: lines.join(document.newline()) }
                        }
                    }
                    _ => document.replaced(value, flow_list(argv)),
                });
            }
        }
        Some(vec![("command", Some(meant))])
    }
}
