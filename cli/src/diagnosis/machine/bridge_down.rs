//! `bridge-down`: the bridge under a network is down, has lost its address, or is gone.

use super::{Condition, Found, Machine, names, network_path};
use crate::diagnosis::bridge::BridgeFault;
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition { code: "bridge-down", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    // Podman makes a bridge when the first container needs it.
    let Some(host) = machine.router().filter(|_| !machine.is_podman()) else { return Vec::new() };
    let of_network = |(key, network): (&str, &crate::topology::Network)| {
        let fault = BridgeFault::of(network, host.fact)?;
        let (bridge, what) = (network.bridge_name()?, fault.words());
        let users = machine.running_on(key);
        let whom = if users.is_empty() { "no container runs on it now".to_owned() } else { format!("{} are on it", names(&users)) };
        let whom = if users.len() == 1 { format!("{} is on it", users[0]) } else { whom };
        Some(Found {
            severity: if users.is_empty() { Severity::Warning } else { Severity::Error },
            title: format!("the bridge of {key} on the host ({bridge}) {what}"),
            explanation: format!(
                "Everything that leaves a container on {key} goes through the bridge {bridge} on the host, and that {what}; \
                 {whom}. Usually a network manager of the host has taken it for an interface of its own."
            ),
            because: vec![host.id.to_owned(), network_path(key)],
            fixes: fault.fixes(&bridge),
        })
    };
    machine.bridges().filter_map(of_network).collect()
}
