//! Another name for a container, where the one that it is dialled by will not do.

use super::address::host_port;
use super::case::Case;
use super::fixes::{change, command, compose_service};
use crate::compose::{flow_list, yaml};
use crate::report::Fix;
use crate::topology::{Attachment, Container};

/// The fix that gives the target a further name and has it dialled by that one; where it has the name already, that one is
/// dialled. None where the target is no container on a network with names.
pub(super) fn second_name(case: &Case<'_>, name: &str, title: String) -> Option<Fix> {
    let target = case.target()?;
    let network = case.shared_networks().into_iter().find(|key| Some(*key) != case.topology.default_bridge())?;
    let attachment = target.attachments.get(network)?;
    if attachment.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Some(Fix { dial: url(case, name), ..change(format!("use its other name, {name}")) });
    }
    let aliases: Vec<&str> = aliases(target, attachment).collect();
    let mut compose: Vec<String> = aliases.iter().map(|&alias| alias.to_owned()).collect();
    compose.push(name.to_owned());
    let in_compose = case.topology.networks.get(network).and_then(|network| network.compose_network.clone());
    let in_compose = in_compose.unwrap_or_else(|| "default".to_owned());
    let compose =
        compose_service(target, &format!("networks:\n  {}:\n    aliases: {}", yaml(&in_compose), flow_list(&compose)));
    let mut connect = vec!["docker", "network", "connect"];
    for alias in aliases.iter().copied().chain([name]) {
        connect.extend(["--alias", alias]);
    }
    connect.extend([network, &target.name]);
    let commands = vec![command(&["docker", "network", "disconnect", network, &target.name]), command(&connect)];
    Some(Fix { title, commands, dial: url(case, name), lasting: false, ..Fix::default() }.with_compose(compose))
}

/// The aliases that it would lose when it is taken off the network: all but its own name and its short id.
fn aliases<'a>(target: &'a Container, attachment: &'a Attachment) -> impl Iterator<Item = &'a str> {
    let own = |name: &&str| *name != target.name && !target.id.starts_with(*name);
    attachment.names.iter().map(String::as_str).filter(own)
}

/// The URL that was given, with another host; for what is no URL, host and port.
pub(super) fn url(case: &Case<'_>, host: &str) -> Option<String> {
    let at = host_port(host, case.to.port?);
    let Some((scheme, rest)) = case.to.url.as_deref().and_then(|url| url.split_once("://")) else { return Some(at) };
    let tail = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    Some(format!("{scheme}://{at}{tail}"))
}
