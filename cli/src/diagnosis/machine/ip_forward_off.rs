//! `ip-forward-off`: the host does not forward packets, so no container gets out.

use super::{Condition, Found, Machine, names};
use crate::diagnosis::fixes::forward;
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition { code: "ip-forward-off", words: None, find };

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(host) = machine.router().filter(|host| host.fact.ip_forward == Some(false)) else { return Vec::new() };
    let networks: Vec<&str> = machine.open_bridges().map(|(key, _)| key).collect();
    if networks.is_empty() {
        return Vec::new();
    }
    vec![Found {
        severity: Severity::Error,
        title: "the host does not forward packets, so no container gets out".to_owned(),
        explanation: format!(
            "To leave its network, a container needs the host as a router, and the host's kernel was told not to be one: \
             net.ipv4.ip_forward is 0. That concerns {}. Containers on one bridge still reach each other.",
            names(networks)
        ),
        because: vec![host.id.to_owned()],
        fixes: forward("net.ipv4.ip_forward"),
    }]
}
