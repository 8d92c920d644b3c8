//! `other-engine`: several engines answer on this machine, side by side.

use super::{Condition, Found, Machine, names};
use crate::diagnosis::fixes::change;
use crate::report::Severity;
use crate::topology::OtherEngine;

pub(super) const CONDITION: Condition = Condition { code: "other-engine", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    // Who asks an engine on another machine knows that there is another one.
    if machine.other_engines.is_empty() || machine.topology.remote.is_some() {
        return Vec::new();
    }
    let told = |other: &OtherEngine| {
        let by = other.context.as_ref().map_or_else(String::new, |context| format!(", context `{context}`"));
        format!("{} ({}{by}: {} containers)", other.address, other.version, other.containers)
    };
    vec![Found {
        severity: Severity::Note,
        title: "other engines answer on this machine as well".to_owned(),
        explanation: format!(
            "This report is of {}. Beside it there is {}. Each has containers, networks and names of its own, and what one \
             knows means nothing to the other.",
            machine.engine.address,
            names(machine.other_engines.iter().map(told))
        ),
        because: vec!["other_engines".to_owned()],
        fixes: vec![change("where a container seems to be missing, `docker context ls` shows which engine `docker` talks to")],
    }]
}
