//! `environment:` of a service, as a mapping or as a list of `NAME=value`.

use serde_json::Value;

use super::{Setting, Work};
use crate::compose::Assignment;
use crate::compose::document::{Id, Kind};
use crate::compose::snippet::{quoted, yaml};

/// The key.
const KEY: &str = "environment";

impl Work<'_> {
    /// Variables set, each in the place of an earlier one of its name. Nothing of the others may be shown.
    pub(super) fn set_variables(&mut self, variables: &[Assignment]) -> Option<Setting> {
        let document = self.document;
        // A `$` would be one of compose's own.
        if variables.iter().any(|one| one.value.contains('$')) {
            return None;
        }
        let Some((_, value)) = document.entry(self.service, KEY) else {
            if document.effective(self.service, KEY).is_some() {
                return None;
            }
            let below: Vec<String> = variables.iter().map(entry).collect();
            self.add_key(KEY, &format!("{{ {} }}", below.join(", ")), &below)?;
            let set = variables.iter().map(|one| (one.name.clone(), Value::from(one.value.as_str()))).collect();
            return Some(vec![(KEY, Some(Value::Object(set)))]);
        };
        if !document.is_own(value) {
            return None;
        }
        let meant = match &document.node(value).kind {
            Kind::Mapping { entries, .. } => self.set_entries(value, entries, variables)?,
            Kind::Sequence { items, .. } => self.set_items(value, items, variables)?,
            _ => return None,
        };
        Some(vec![(KEY, Some(meant))])
    }

    fn set_entries(&mut self, mapping: Id, entries: &[(Id, Id)], variables: &[Assignment]) -> Option<Value> {
        let document = self.document;
        let mut meant = document.value_of(mapping)?;
        let map = meant.as_object_mut()?;
        // What is merged into it is not looked at.
        if map.contains_key("<<") || entries.iter().any(|(key, _)| document.scalar(*key) == Some("<<")) {
            return None;
        }
        let mut added = Vec::new();
        for one in variables {
            match entries.iter().find(|(key, _)| document.scalar(*key) == Some(&one.name)) {
                Some((key, value)) => {
                    self.replace(*value, quoted(&one.value))?;
                    self.shown.push(document.entry_span(*key, *value));
                }
                None => added.push(entry(one)),
            }
            map.insert(one.name.clone(), Value::from(one.value.as_str()));
        }
        if !added.is_empty() {
            self.splices.push(document.entry_added(mapping, &added.join(", "), &added)?);
        }
        Some(meant)
    }

    fn set_items(&mut self, sequence: Id, items: &[Id], variables: &[Assignment]) -> Option<Value> {
        let document = self.document;
        let mut meant = document.value_of(sequence)?;
        let list = meant.as_array_mut()?;
        for one in variables {
            let text = format!("{}={}", one.name, one.value);
            let of_name = |item: &&Id| {
                document.scalar(**item).is_some_and(|item| item.split('=').next() == Some(one.name.as_str()))
            };
            if let Some(at) = items.iter().position(|item| of_name(&item)) {
                self.replace(items[at], quoted(&text))?;
                let span = document.node(items[at]).span.clone();
                self.shown.push(document.line_start(span.start)..span.end);
                *list.get_mut(at)? = Value::from(text);
            } else {
                self.splices.push(document.item_added(sequence, &quoted(&text))?);
                list.push(Value::from(text));
            }
        }
        Some(meant)
    }

    /// Another text in the place of a value, unless that has a variable of compose's in it.
    fn replace(&mut self, value: Id, with: String) -> Option<()> {
        let document = self.document;
        let old = &document.text[document.node(value).span.clone()];
        if !document.is_own(value) || old.contains('$') {
            return None;
        }
        self.splices.push(document.replaced(value, with));
        Some(())
    }
}

/// An entry of a mapping.
fn entry(one: &Assignment) -> String {
    format!("{}: {}", yaml(&one.name), quoted(&one.value))
}
