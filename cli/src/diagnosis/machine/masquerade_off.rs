//! `masquerade-off`: what leaves a network keeps an address that nobody outside can answer.

use super::{Condition, Found, Machine, network_path};
use crate::diagnosis::engine_rules::{EngineRules, masquerades, put_masquerading_back};
use crate::diagnosis::fixes::change;
use crate::report::Severity;
use crate::topology::Network;

pub(super) const CONDITION: Condition = Condition { code: "masquerade-off", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    machine.open_bridges().filter_map(|(key, network)| of_network(machine, key, network)).collect()
}

fn of_network(machine: &Machine<'_>, key: &str, network: &Network) -> Option<Found> {
    // A network that is routed has a router that knows the way back.
    if machine.is_podman() || network.gateway_mode() == Some("routed") {
        return None;
    }
    if !network.masquerades() {
        return Some(Found {
            severity: Severity::Note,
            title: format!("what leaves {key} keeps its own address"),
            explanation: format!(
                "{key} was made with `enable_ip_masquerade=false`. The outside finds an answer back to its containers only \
                 where a router knows the way to {}.",
                network.v4_range().map_or_else(|| "its subnet".to_owned(), |range| range.to_string())
            ),
            because: vec![network_path(key)],
            fixes: vec![change(format!(
                "unless that is on purpose, make {key} anew without `com.docker.network.bridge.enable_ip_masquerade=false`"
            ))],
        });
    }
    let filter = machine.docker_filter()?;
    let range = network.v4_range()?;
    if !EngineRules::of(filter.fact).translating || masquerades(filter.fact, &range) {
        return None;
    }
    Some(Found {
        severity: Severity::Warning,
        title: format!("the rule that gives what leaves {key} the host's address is gone"),
        explanation: format!(
            "The addresses of {key} ({range}) are known on this host only. What leaves for the outside has to be rewritten to \
             the host's address (masquerading), and the rule for that is not in the host's firewall, although others of the \
             engine's are. Packets go out, and the answers never come."
        ),
        because: vec![filter.id.to_owned(), network_path(key)],
        fixes: put_masquerading_back(network, &range),
    })
}
