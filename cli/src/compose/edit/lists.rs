//! `ports:` and `extra_hosts:` of a service.

use serde_json::Value;

use super::{Setting, Work};
use crate::compose::ComposePort;
use crate::compose::document::{Id, Kind};
use crate::compose::snippet::quoted;

impl Work<'_> {
    /// A scalar more in a list of the service, which is made where there is none.
    pub(super) fn add_to_list(&mut self, key: &'static str, item: &str) -> Option<Setting> {
        let document = self.document;
        let mut list = match document.effective(self.service, key).map(|id| document.value_of(id)) {
            None => Vec::new(),
            Some(Some(Value::Array(list))) if !list.contains(&Value::from(item)) => list,
            _ => return None,
        };
        list.push(Value::from(item));
        match self.own(key) {
            Some((_, value)) if document.is_own(value) => self.splices.push(document.item_added(value, &quoted(item))?),
            Some(_) => return None,
            None => {
                let words: Vec<String> = list.iter().map(|item| item.as_str().map(quoted)).collect::<Option<_>>()?;
                let below: Vec<String> = words.iter().map(|word| format!("- {word}")).collect();
                self.add_key(key, &format!("[{}]", words.join(", ")), &below)?;
            }
        }
        Some(vec![(key, Some(Value::Array(list)))])
    }

    pub(super) fn replace_port(&mut self, old: &ComposePort, new: &ComposePort) -> Option<Setting> {
        let document = self.document;
        let (_, value) = self.own("ports").filter(|(_, value)| document.is_own(*value))?;
        let Kind::Sequence { items, .. } = &document.node(value).kind else { return None };
        let is_it = |item: &&Id| document.scalar(**item).and_then(ComposePort::parse) == Some(*old);
        let item = items.iter().find(is_it)?;
        let index = items.iter().position(|one| one == item)?;
        let text = &document.text[document.node(*item).span.clone()];
        let with = if text.starts_with('\'') { format!("'{}'", new.short()) } else { quoted(&new.short()) };
        self.splices.push(document.replaced(*item, with));
        let mut list = document.value_of(value)?;
        list[index] = Value::from(new.short());
        Some(vec![("ports", Some(list))])
    }

    pub(super) fn add_host(&mut self, name: &str, address: &str) -> Option<Setting> {
        let document = self.document;
        let now = document.effective(self.service, "extra_hosts");
        if let Some(Value::Object(mut map)) = now.and_then(|id| document.value_of(id)) {
            let (_, value) = self.own("extra_hosts").filter(|(_, value)| document.is_own(*value))?;
            if map.insert(name.to_owned(), Value::from(address)).is_some() || map.contains_key("*") {
                return None;
            }
            let entry = format!("{}: {}", quoted(name), quoted(address));
            self.splices.push(document.entry_added(value, &entry, std::slice::from_ref(&entry))?);
            return Some(vec![("extra_hosts", Some(Value::Object(map)))]);
        }
        self.add_to_list("extra_hosts", &format!("{name}:{address}"))
    }

    pub(super) fn remove_host(&mut self, name: &str) -> Option<Setting> {
        let document = self.document;
        let (key, value) = self.own("extra_hosts").filter(|(_, value)| document.is_own(*value))?;
        let mut meant = document.value_of(value)?;
        let (index, count) = match &mut meant {
            Value::Array(list) => {
                let is_it = |item: &Value| item.as_str().and_then(|item| item.split([':', '=']).next()) == Some(name);
                let index = list.iter().position(is_it)?;
                list.remove(index);
                (index, list.len())
            }
            Value::Object(map) => {
                let Kind::Mapping { entries, .. } = &document.node(value).kind else { return None };
                let index = entries.iter().position(|(key, _)| document.scalar(*key) == Some(name))?;
                map.remove(name);
                (index, map.len())
            }
            _ => return None,
        };
        if count == 0 {
            // With its last entry the key goes.
            document.indent(key)?;
            self.splices.push(document.lines_removed(&document.entry_span(key, value)));
            return Some(vec![("extra_hosts", None)]);
        }
        let removed = document.item_removed(value, index).or_else(|| document.entry_removed(value, index))?;
        self.splices.push(removed);
        Some(vec![("extra_hosts", Some(meant))])
    }
}
