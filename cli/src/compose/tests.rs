//! Edits of compose files: the smallest change, in whatever style the file is written, or none.

mod places;
mod properties;

use std::path::Path;

use super::Assignment;
use super::{ComposeChange, ComposeEdit, ComposeNetwork, ComposePort, Declared, edit, patch};
use crate::topology::Protocol;

fn of_web(change: ComposeChange) -> ComposeEdit {
    ComposeEdit { project: "app".to_owned(), service: "web".to_owned(), change }
}

fn join(name: &str, declared: Declared) -> ComposeEdit {
    let network = ComposeNetwork { name: name.to_owned(), declared };
    of_web(ComposeChange::JoinNetwork { network, beside: vec!["default".to_owned()] })
}

fn command(argv: &[&str]) -> ComposeEdit {
    of_web(ComposeChange::SetCommand { argv: argv.iter().map(ToString::to_string).collect() })
}

fn publish(host_port: u16, container_port: u16) -> ComposeEdit {
    let port = ComposePort::new(host_port, container_port, Protocol::Tcp);
    of_web(ComposeChange::Publish { port, instead_of: None })
}

fn republish(old: &str, new: &str) -> ComposeEdit {
    let port = |text| ComposePort::parse(text).expect("a port");
    of_web(ComposeChange::Publish { port: port(new), instead_of: Some(port(old)) })
}

fn add_host() -> ComposeEdit {
    let (name, address) = ("host.docker.internal".to_owned(), "host-gateway".to_owned());
    of_web(ComposeChange::AddExtraHost { name, address })
}

fn remove_host(name: &str) -> ComposeEdit {
    of_web(ComposeChange::RemoveExtraHost { name: name.to_owned() })
}

fn wait_for(service: &str) -> ComposeEdit {
    of_web(ComposeChange::WaitUntilHealthy { service: service.to_owned(), checked: true })
}

/// The diff that an edit comes to.
fn diff(text: &str, change: &ComposeEdit) -> Option<String> {
    let edited = edit(text, change)?;
    let diff = patch(Path::new("/app/compose.yml"), text, &edited)?;
    Some(diff.strip_prefix("--- compose.yml\n+++ compose.yml\n").expect("its head").to_owned())
}

/// A service `web` with these lines, and one beside it.
fn web(lines: &str) -> String {
    let lines: String = lines.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    format!("services:\n  web:\n    image: nginx\n{lines}  db:\n    image: postgres\n")
}
