//! `engine-rules-wiped`: the engine's own firewall rules are gone, all of them or those of one table.

use super::{Condition, Found, Machine};
use crate::diagnosis::engine_rules::{EngineRules, make_rules_anew, masquerades};
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition { code: "engine-rules-wiped", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let makes_rules = machine.settings.daemon.map(|daemon| daemon.makes_rules);
    let Some(filter) = machine.docker_filter().filter(|_| makes_rules != Some(false)) else { return Vec::new() };
    let rules = EngineRules::of(filter.fact);
    if machine.bridges().next().is_none() || (rules.filtering && rules.translating) {
        return Vec::new();
    }
    // An engine that was told to make none, and whose admin has made them in its place, looks like this.
    let by_somebody_else =
        || machine.open_bridges().filter_map(|(_, one)| one.v4_range()).all(|range| masquerades(filter.fact, &range));
    let severity = match makes_rules {
        Some(_) => Severity::Error,
        None if !rules.any && by_somebody_else() => Severity::Note,
        None => Severity::Warning,
    };
    let gone = match (rules.filtering, rules.translating) {
        (false, true) => "those that let packets through are not there",
        (true, false) => "those that translate addresses are not there",
        _ => "none of them is there",
    };
    let told = if makes_rules.is_some() {
        ""
    } else {
        ", or the engine was told not to make any (`iptables: false`), which cannot be seen from here"
    };
    vec![Found {
        severity,
        title: "the engine's rules are gone from the host's firewall".to_owned(),
        explanation: format!(
            "The engine lets containers out, publishes their ports and keeps networks apart with rules of its own in the \
             host's firewall, and {gone}. Something has cleared the firewall since the engine started (`iptables -F`, a \
             reload of firewalld or nftables){told}."
        ),
        because: vec![filter.id.to_owned()],
        fixes: make_rules_anew(),
    }]
}
