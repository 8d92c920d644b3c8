//! `networks:` and `network_mode:` of a service, and the top-level `networks:`.

use serde_json::{Map, Value};

use super::{Setting, Work};
use crate::compose::document::Kind;
use crate::compose::snippet::yaml;
use crate::compose::splice::Splice;
use crate::compose::{ComposeNetwork, Declared};

impl Work<'_> {
    pub(super) fn join(&mut self, network: &ComposeNetwork, declared: &[&str]) -> Option<Setting> {
        let document = self.document;
        if document.effective(self.service, "network_mode").is_some() {
            return None;
        }
        let name = network.name.as_str();
        let now = document.effective(self.service, "networks");
        let meant = match now.map(|id| document.value_of(id)) {
            None => Value::from(vec!["default", name]),
            Some(Some(Value::Array(mut list))) if !list.contains(&Value::from(name)) => {
                list.push(Value::from(name));
                Value::Array(list)
            }
            Some(Some(Value::Object(mut map))) if !map.contains_key(name) && !map.contains_key("*") => {
                map.insert(name.to_owned(), Value::Object(Map::new()));
                Value::Object(map)
            }
            _ => return None,
        };
        match self.own("networks") {
            Some((_, value)) if document.is_own(value) => self.splices.push(match document.node(value).kind {
                Kind::Sequence { .. } => document.item_added(value, &yaml(name))?,
                _ => {
                    document.entry_added(value, &format!("{}: {{}}", yaml(name)), &[format!("{}: {{}}", yaml(name))])?
                }
            }),
            // An alias of a list that others use as well: from here on a list of its own.
            Some((_, value)) if matches!(document.node(value).kind, Kind::Alias { .. }) => {
                self.splices.push(document.replaced(value, format!("[{}]", names(&meant)?.join(", "))));
            }
            Some(_) => return None,
            None => {
                let names = names(&meant)?;
                let below: Vec<String> = names.iter().map(|name| format!("- {name}")).collect();
                self.add_key("networks", &format!("[{}]", names.join(", ")), &below)?;
            }
        }
        self.declare(network, declared)?;
        Some(vec![("networks", Some(meant))])
    }

    pub(super) fn leave_mode(
        &mut self,
        mode: &str,
        network: Option<&ComposeNetwork>,
        declared: &[&str],
    ) -> Option<Setting> {
        let document = self.document;
        let (key, value) = self.own("network_mode")?;
        if document.scalar(value) != Some(mode) || document.effective(self.service, "networks").is_some() {
            return None;
        }
        let name = network.map_or("default", |network| network.name.as_str());
        let with = format!("networks: [{}]", yaml(name));
        self.splices.push(Splice { at: document.entry_span(key, value), with });
        if let Some(network) = network {
            self.declare(network, declared)?;
        }
        Some(vec![("network_mode", None), ("networks", Some(Value::from(vec![name])))])
    }

    /// The top-level entry of a network, where it needs one.
    fn declare(&mut self, network: &ComposeNetwork, declared: &[&str]) -> Option<()> {
        let document = self.document;
        let name = network.name.as_str();
        let Some(networks) = document.at(&["networks"]) else {
            if declared.contains(&name) || network.declared == Declared::Already {
                return Some(());
            }
            let step = self.step()?;
            let mut lines = vec!["networks:".to_owned()];
            lines.extend(declaration(network, &step).iter().map(|line| format!("{step}{line}")));
            let services = document.entry(document.root(), "services")?.0;
            let end = document.text.len().saturating_sub(1);
            self.splices.push(document.lines_added(end, document.node(services).span.start, &lines));
            self.wanted.push((name.to_owned(), declaration_value(network)));
            return Some(());
        };
        if let Some((_, value)) = document.entry(networks, name) {
            // Whether an entry that is there already means the same network is plain only where it says so.
            let external = document.effective(value, "external").and_then(|id| document.scalar(id)) == Some("true");
            let own = document.effective(value, "name").and_then(|id| document.scalar(id)) == Some(name);
            let right = match network.declared {
                Declared::Already => true,
                Declared::External => external || own,
                Declared::New => false,
            };
            return right.then_some(());
        }
        if declared.contains(&name) || network.declared == Declared::Already {
            return Some(());
        }
        let step = self.step()?;
        let lines = declaration(network, &step);
        let flow = match network.declared {
            Declared::External => format!("{}: {{ external: true }}", yaml(name)),
            _ => format!("{}: {{}}", yaml(name)),
        };
        if document.is_own(networks) {
            self.splices.push(document.entry_added(networks, &flow, &lines)?);
            self.wanted.push((name.to_owned(), declaration_value(network)));
            return Some(());
        }
        None
    }
}

/// The names in a list or mapping of networks, as YAML; none where the mapping says more than names.
fn names(networks: &Value) -> Option<Vec<String>> {
    match networks {
        Value::Array(list) => list.iter().map(|name| name.as_str().map(yaml)).collect(),
        _ => None,
    }
}

/// The lines of a top-level network.
fn declaration(network: &ComposeNetwork, step: &str) -> Vec<String> {
    let name = yaml(&network.name);
    match network.declared {
        Declared::External => vec![format!("{name}:"), format!("{step}external: true")],
        _ => vec![format!("{name}: {{}}")],
    }
}

fn declaration_value(network: &ComposeNetwork) -> Value {
    match network.declared {
        Declared::External => serde_json::json!({ "external": "true" }),
        _ => Value::Object(Map::new()),
    }
}
