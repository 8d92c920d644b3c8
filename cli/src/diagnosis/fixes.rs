//! The fixes that several causes share, and how commands are written.

use super::case::Case;
use crate::report::Fix;
use crate::topology::{Container, Topology};

/// A command as a shell takes it: each word quoted where it has to be.
pub(super) fn command(words: &[&str]) -> String {
    shell_words::join(words)
}

/// A fix that is one or more commands. What they attach to a network is gone when the container is recreated; anything
/// else lasts as long as it has to.
pub(super) fn run(title: impl Into<String>, commands: Vec<String>) -> Fix {
    let lasting = !commands.iter().any(|command| command.starts_with("docker network connect"));
    Fix { title: title.into(), commands, lasting, ..Fix::default() }
}

/// A fix that is a change of a program, a file or a URL, told in words.
pub(super) fn change(title: impl Into<String>) -> Fix {
    Fix { title: title.into(), lasting: true, ..Fix::default() }
}

/// A fix that is another address to dial.
pub(super) fn dial(title: impl Into<String>, address: impl Into<String>) -> Fix {
    Fix { title: title.into(), dial: Some(address.into()), lasting: true, ..Fix::default() }
}

impl Fix {
    /// The same fix with a piece of compose file beside it.
    pub(super) fn with_compose(mut self, compose: Option<String>) -> Self {
        self.compose = compose;
        self
    }
}

/// A piece of compose file for one service, where the container is a compose service: `body` is indented below its name.
pub(super) fn compose_service(container: &Container, body: &str) -> Option<String> {
    let service = &container.compose.as_ref()?.service;
    let body: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    Some(format!("services:\n  {}:\n{}", yaml(service), body.join("\n")))
}

/// A YAML scalar: as it stands where that is safe, double-quoted otherwise. JSON's strings are YAML's.
pub(super) fn yaml(text: &str) -> String {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off" | "true" | "false" | "null");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// A YAML flow sequence of strings.
pub(super) fn yaml_list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string().replace("\",\"", "\", \"")
}

/// `docker network connect`, with an alias where the container would not be found under `name` otherwise.
pub(super) fn connect(network: &str, container: &Container, name: Option<&str>) -> String {
    match name.filter(|name| !name.eq_ignore_ascii_case(&container.name)) {
        Some(alias) => command(&["docker", "network", "connect", "--alias", alias, network, &container.name]),
        None => command(&["docker", "network", "connect", network, &container.name]),
    }
}

/// A name for a network to be made, that no network has yet.
pub(super) fn new_network_name(case: &Case<'_>) -> String {
    let source = case.source().map_or("app", |container| container.name.as_str());
    let target = case.target().map_or(source, |container| container.name.as_str());
    let first = [format!("{target}-net"), format!("{source}-{target}-net")];
    // There are fewer networks than this, so one of the numbers is free.
    let numbered = (2..=case.topology.networks.len() + 2).map(|number| format!("{target}-net-{number}"));
    let mut names = first.into_iter().chain(numbered);
    names.find(|name| !case.topology.networks.contains_key(name)).unwrap_or_default()
}

/// The compose change that puts a service on a network that exists already: `external` unless it is of its own project.
pub(super) fn compose_join(container: &Container, network: &str, topology: &Topology) -> Option<String> {
    let compose = container.compose.as_ref()?;
    let known = topology.networks.get(network);
    let own = known.filter(|network| network.compose_project.as_deref() == Some(compose.project.as_str()));
    if let Some(name) = own.and_then(|network| network.compose_network.as_deref()) {
        return compose_service(
            container,
            &format!("networks:\n  - {}\n  - {}", own_network(container, topology), yaml(name)),
        );
    }
    let service = compose_service(
        container,
        &format!("networks:\n  - {}\n  - {}", own_network(container, topology), yaml(network)),
    )?;
    Some(format!("{service}\nnetworks:\n  {}:\n    external: true", yaml(network)))
}

/// The network that a compose service is on already, by the compose file's name for it. Naming another network takes a
/// service off `default`, so it has to be named as well.
fn own_network(container: &Container, topology: &Topology) -> String {
    container
        .attachments
        .keys()
        .filter_map(|key| topology.networks.get(key))
        .find_map(|network| network.compose_network.clone())
        .map_or_else(|| "default".to_owned(), |name| yaml(&name))
}

/// The last lines of a container's log as part of an explanation: nothing where there are none.
pub(super) fn log_tail(container: &Container) -> String {
    let Some(lines) = container.last_log.as_ref().filter(|lines| !lines.is_empty()) else { return String::new() };
    let last: Vec<&str> = lines.iter().rev().take(3).rev().map(String::as_str).collect();
    format!(" Its last log lines: {}", last.join(" | "))
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
        assert_eq!(yaml_list(&["mongod".into(), "--bind_ip_all".into()]), "[\"mongod\", \"--bind_ip_all\"]");
    }

    #[test]
    fn commands_are_quoted_for_a_shell() {
        assert_eq!(command(&["docker", "start", "it's"]), r"docker start 'it'\''s'");
    }
}
