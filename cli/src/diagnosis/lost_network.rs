//! Networks that a stopped container was made for and that the engine does not have any more: it cannot be started.

use super::case::Case;
use super::fixes::command;
use crate::topology::{Attachment, Container, Status, Topology};

/// A container that does not run, and the network that keeps it from being started.
#[derive(Debug, Clone, Copy)]
pub(super) struct LostNetwork<'a> {
    pub(super) container: &'a Container,
    /// The name of the network.
    pub(super) network: &'a str,
    attachment: &'a Attachment,
    /// Whether the engine has another network of that name.
    pub(super) made_anew: bool,
}

impl<'a> LostNetwork<'a> {
    /// What a container has lost, if anything. The engine looks networks up by the id that it noted when the container was
    /// first started; before that, by name.
    pub(super) fn of(container: &'a Container, topology: &'a Topology) -> Option<Self> {
        if !matches!(container.state.status, Status::Created | Status::Exited | Status::Dead) {
            return None;
        }
        container.attachments.iter().find_map(|(name, attachment)| {
            // Some engines put the name in the place of the id.
            let noted = attachment.network_id.len() == 64 && attachment.network_id != *name;
            let made_anew = match topology.networks.get(name) {
                // The default bridge is made anew with each start of the engine, which looks it up by name; networks of a
                // swarm come to a machine with the first container that needs them.
                Some(network)
                    if !network.is_attachable() || network.is_default_bridge() || network.scope == "swarm" =>
                {
                    return None;
                }
                Some(network) if noted && network.id != attachment.network_id => true,
                Some(_) => return None,
                // It may have been given by the beginning of its id.
                None if topology.networks.values().any(|network| network.id.starts_with(name)) => return None,
                None if matches!(name.as_str(), "bridge" | "host" | "none" | "podman") => return None,
                None => false,
            };
            Some(Self { container, network: name, attachment, made_anew })
        })
    }

    /// What target and source of a case have lost, the target first.
    pub(super) fn in_case(case: &Case<'a>) -> Vec<Self> {
        let target = case.target().map(|target| case.topology.namespace_owner(target));
        let source = case.source().map(|source| case.topology.namespace_owner(source));
        let mut found: Vec<Self> =
            [target, source].into_iter().flatten().filter_map(|one| Self::of(one, case.topology)).collect();
        found.dedup_by(|one, other| one.container.name == other.container.name);
        found
    }

    /// The commands that put the container on the network of that name and start it.
    pub(super) fn commands(&self) -> Vec<String> {
        let name = self.container.name.as_str();
        let mut commands = Vec::new();
        if self.attachment.network_id.len() == 64 {
            let mut connect = vec!["docker", "network", "connect"];
            let own = [name, self.container.short_id(), &self.container.hostname];
            for alias in self.attachment.names.iter().filter(|alias| !own.contains(&alias.as_str())) {
                connect.extend(["--alias", alias]);
            }
            connect.extend([self.network, name]);
            commands.push(command(&["docker", "network", "disconnect", self.network, name]));
            commands.push(command(&connect));
        }
        commands.push(command(&["docker", "start", name]));
        commands
    }

    /// The commands for all that was lost in a case: networks made first, then what is on them; and a running source put
    /// where the target will be.
    pub(super) fn all_commands(lost: &[Self], case: &Case<'_>) -> Vec<String> {
        let mut commands = Vec::new();
        for one in lost.iter().filter(|one| !one.made_anew) {
            let create = command(&["docker", "network", "create", one.network]);
            if !commands.contains(&create) {
                commands.push(create);
            }
        }
        commands.extend(lost.iter().flat_map(Self::commands));
        let shared = case.shared_networks();
        if let (Some(source), Some(first), true) = (case.source(), lost.first(), shared.is_empty() && !case.from_host())
        {
            let source = case.topology.namespace_owner(source);
            if source.name != first.container.name {
                commands.push(command(&["docker", "network", "connect", first.network, &source.name]));
            }
        }
        commands
    }

    /// What the engine said when it was to be started, in a sentence.
    pub(super) fn engine_says(&self) -> String {
        let error = self.container.state.error.trim_end_matches('.');
        if error.is_empty() { String::new() } else { format!(" The engine says: {error}.") }
    }
}
