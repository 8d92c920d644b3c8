//! `depends_on:` of a service, with a condition.

use serde_json::{Map, Value};

use super::{Setting, Work};
use crate::compose::snippet::yaml;
use crate::compose::splice::Splice;

impl Work<'_> {
    pub(super) fn wait_for(&mut self, other: &str) -> Option<Setting> {
        let document = self.document;
        let healthy = serde_json::json!({ "condition": "service_healthy" });
        let started = serde_json::json!({ "condition": "service_started" });
        let now = match document.effective(self.service, "depends_on") {
            None => Value::Object(Map::new()),
            Some(id) => document.value_of(id)?,
        };
        let own = self.own("depends_on");
        let mut meant = match &now {
            Value::Object(map) if !map.contains_key("*") => map.clone(),
            Value::Array(list) => {
                list.iter().map(|name| Some((name.as_str()?.to_owned(), started.clone()))).collect::<Option<_>>()?
            }
            _ => return None,
        };
        meant.insert(other.to_owned(), healthy);
        if let (Some((_, value)), Value::Object(_)) = (own, &now) {
            if !document.is_own(value) {
                return None;
            }
            self.splices.push(if let Some((_, wanted)) = document.entry(value, other) {
                document.replaced(document.entry(wanted, "condition")?.1, "service_healthy")
            } else {
                let flow = format!("{}: {{ condition: service_healthy }}", yaml(other));
                let block = [format!("{}:", yaml(other)), format!("{}condition: service_healthy", self.step()?)];
                document.entry_added(value, &flow, &block)?
            });
            // Anything that is said beside the condition stays.
            if let Some(Value::Object(before)) = now.get(other) {
                let mut kept = before.clone();
                kept.insert("condition".to_owned(), Value::from("service_healthy"));
                meant.insert(other.to_owned(), Value::Object(kept));
            }
        } else {
            let step = self.step()?;
            let condition = |value: &Value| value["condition"].as_str().map(|word| format!("condition: {word}"));
            let mut below = Vec::new();
            let mut flow = Vec::new();
            for (name, value) in &meant {
                // A merged entry that says more than its condition is not written down again.
                let condition = condition(value).filter(|_| value.as_object().is_some_and(|map| map.len() == 1))?;
                flow.push(format!("{}: {{ {condition} }}", yaml(name)));
                below.extend([format!("{}:", yaml(name)), format!("{step}{condition}")]);
            }
            if let Some((key, value)) = own {
                let indent = document.indent(key)?;
                let lines: Vec<String> = below.iter().map(|line| format!("{indent}{step}{line}")).collect();
                let with = [vec!["depends_on:".to_owned()], lines].concat().join(document.newline());
                self.splices.push(Splice { at: document.entry_span(key, value), with });
            } else {
                self.add_key("depends_on", &format!("{{ {} }}", flow.join(", ")), &below)?;
            }
        }
        Some(vec![("depends_on", Some(Value::Object(meant)))])
    }
}
