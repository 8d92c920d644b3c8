//! A change written down as a piece of YAML, for a compose file that dprobe has not seen.

use super::{ComposeChange, ComposeEdit, ComposeNetwork, Declared};

/// The piece of a compose file that a change comes to.
#[must_use]
pub fn snippet(edit: &ComposeEdit) -> String {
    let (body, network) = match &edit.change {
        ComposeChange::SetCommand { argv } => (format!("command: {}", flow_list(argv)), None),
        ComposeChange::JoinNetwork { network, beside } => {
            let names = beside.iter().chain([&network.name]);
            (format!("networks:{}", items(names.map(|name| yaml(name)))), Some(network))
        }
        ComposeChange::LeaveNetworkMode { mode, network } => {
            let name = network.as_ref().map_or("default", |network| network.name.as_str());
            (format!("# instead of network_mode: {mode}\nnetworks:{}", items([yaml(name)])), network.as_ref())
        }
        ComposeChange::Publish { port, instead_of } => {
            let remark = instead_of.map(|old| format!("   # instead of {}", quoted(&old.short()))).unwrap_or_default();
            (format!("ports:{}{remark}", items([quoted(&port.short())])), None)
        }
        ComposeChange::AddExtraHost { name, address } => {
            (format!("extra_hosts:{}", items([quoted(&format!("{name}:{address}"))])), None)
        }
        ComposeChange::RemoveExtraHost { name } => (format!("extra_hosts: []   # without the entry for {name}"), None),
        ComposeChange::SetVariables { variables } => {
            let lines = variables.iter().map(|one| format!("\n  {}: {}", yaml(&one.name), quoted(&one.value)));
            (format!("environment:{}", lines.collect::<String>()), None)
        }
        ComposeChange::WaitUntilHealthy { service, checked } => {
            let remark = if *checked { "" } else { "   # which takes a `healthcheck:` there" };
            (format!("depends_on:\n  {}:\n    condition: service_healthy{remark}", yaml(service)), None)
        }
    };
    let body: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    format!("services:\n  {}:\n{}{}", yaml(&edit.service), body.join("\n"), declaration(network))
}

/// The top-level part that goes with a network.
fn declaration(network: Option<&ComposeNetwork>) -> String {
    match network {
        Some(ComposeNetwork { name, declared: Declared::External }) => {
            format!("\nnetworks:\n  {}:\n    external: true", yaml(name))
        }
        Some(ComposeNetwork { name, declared: Declared::New }) => format!("\nnetworks:\n  {}: {{}}", yaml(name)),
        _ => String::new(),
    }
}

/// A block sequence below a key.
fn items(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().flat_map(|item| ["\n  - ".to_owned(), item]).collect()
}

/// A YAML scalar: as it stands where that is safe, double-quoted otherwise.
#[must_use]
pub fn yaml(text: &str) -> String {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    if plain { text.to_owned() } else { quoted(text) }
}

/// A double-quoted YAML scalar (JSON's strings are YAML's) in which compose finds no variable: it reads `$$` as `$`.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

/// A YAML flow sequence of strings.
#[must_use]
pub fn flow_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_quotes_what_yaml_would_misread() {
        assert_eq!(yaml("web"), "web");
        assert_eq!(yaml("on"), "\"on\"");
        assert_eq!(yaml("8080:80"), "\"8080:80\"");
        assert_eq!(yaml("a: b"), "\"a: b\"");
        assert_eq!(yaml("$HOME"), "\"$$HOME\"");
        assert_eq!(flow_list(&["mongod".into(), "--bind_ip_all".into()]), "[\"mongod\", \"--bind_ip_all\"]");
    }
}
