//! The fixes that several causes share, and how commands are written.

use super::case::Case;
use crate::compose::{self, Assignment, ComposeChange, ComposeEdit, ComposeNetwork, ComposePort, Declared};
use crate::report::Fix;
use crate::topology::{ComposeService, Container, PublishedPort, Topology};

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

/// The fixes that turn a switch of the kernel on by which the host passes packets on.
pub(super) fn forward(switch: &str) -> Vec<Fix> {
    let now = run("turn it on, on the engine's host as root", vec![format!("sysctl -w {switch}=1")]);
    let at_every_start = vec![
        format!("echo '{switch} = 1' > /etc/sysctl.d/99-docker-{}.conf", switch.rsplit('.').next().unwrap_or(switch)),
        "sysctl --system".to_owned(),
    ];
    vec![Fix { lasting: false, ..now }, run("for good, have it set at every start", at_every_start)]
}

/// A fix that is another address to dial.
pub(super) fn dial(title: impl Into<String>, address: impl Into<String>) -> Fix {
    Fix { title: title.into(), dial: Some(address.into()), lasting: true, ..Fix::default() }
}

impl Fix {
    /// The same fix with a change of the compose file beside it: as a snippet, until somebody finds the file.
    pub(super) fn with_edit(mut self, edit: Option<ComposeEdit>) -> Self {
        self.compose = edit.as_ref().map(compose::snippet);
        self.edit = edit;
        self
    }
}

impl Fix {
    /// The same fix with a piece of compose file beside it, for changes that [`ComposeChange`] has no word for.
    pub(super) fn with_compose(mut self, compose: Option<String>) -> Self {
        self.compose = compose;
        self
    }
}

/// A piece of compose file for one service, for changes that [`ComposeChange`] has no word for: `body` is indented below
/// its name.
pub(super) fn compose_service(container: &Container, body: &str) -> Option<String> {
    let service = &container.compose.as_ref()?.service;
    let body: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    Some(format!("services:\n  {}:\n{}", compose::yaml(service), body.join("\n")))
}

/// A change of the compose file for a container's service, where it is one.
pub(super) fn compose_edit(container: &Container, change: ComposeChange) -> Option<ComposeEdit> {
    let ComposeService { project, service, .. } = container.compose.as_ref()?;
    Some(ComposeEdit { project: project.clone(), service: service.clone(), change })
}

/// A fix that is other values of variables, for a container that has to be recreated with them.
pub(super) fn set_variables(container: &Container, title: String, variables: &[(&str, &str)]) -> Fix {
    let assignment = |(name, value): &(&str, &str)| Assignment { name: (*name).to_owned(), value: (*value).to_owned() };
    let variables = variables.iter().map(assignment).collect();
    change(title).with_edit(compose_edit(container, ComposeChange::SetVariables { variables }))
}

/// A line more below the `ports:` of a container's service.
pub(super) fn compose_publish(container: &Container, port: ComposePort) -> Option<ComposeEdit> {
    compose_edit(container, ComposeChange::Publish { port, instead_of: None })
}

/// A line of `ports:` in the place of another one.
pub(super) fn compose_republish(container: &Container, old: &PublishedPort, port: ComposePort) -> Option<ComposeEdit> {
    compose_edit(container, ComposeChange::Publish { port, instead_of: ComposePort::of(old) })
}

/// The name of the host below `extra_hosts:`.
pub(super) fn compose_host(container: &Container, name: &str) -> Option<ComposeEdit> {
    let change = ComposeChange::AddExtraHost { name: name.to_owned(), address: "host-gateway".to_owned() };
    compose_edit(container, change)
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

/// The compose change that puts a service on a network that exists already.
pub(super) fn compose_join(container: &Container, network: &str, topology: &Topology) -> Option<ComposeEdit> {
    let network = compose_network(container, network, topology)?;
    compose_edit(container, ComposeChange::JoinNetwork { network, beside: own_networks(container, topology) })
}

/// A network as the compose file of a container names it: `external` unless it is of its own project. The default bridge
/// has no place in a compose file.
pub(super) fn compose_network(container: &Container, network: &str, topology: &Topology) -> Option<ComposeNetwork> {
    let project = &container.compose.as_ref()?.project;
    let known = topology.networks.get(network)?;
    if known.is_default_bridge() {
        return None;
    }
    let own = known.compose_network.as_ref().filter(|_| known.compose_project.as_ref() == Some(project));
    Some(match own {
        Some(name) => ComposeNetwork { name: name.clone(), declared: Declared::Already },
        None => ComposeNetwork { name: known.name.clone(), declared: Declared::External },
    })
}

/// The networks that a compose service is on already, by the compose file's names for them. Naming another network takes
/// a service off `default`, so they have to be named as well.
pub(super) fn own_networks(container: &Container, topology: &Topology) -> Vec<String> {
    let networks = container.attachments.keys().filter_map(|key| topology.networks.get(key));
    let names: Vec<String> = networks.filter_map(|network| network.compose_network.clone()).collect();
    if names.is_empty() { vec!["default".to_owned()] } else { names }
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
    fn commands_are_quoted_for_a_shell() {
        assert_eq!(command(&["docker", "start", "it's"]), r"docker start 'it'\''s'");
    }
}
