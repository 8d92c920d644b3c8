//! The engine's own rules in a packet filter: its chains, and what they do for a network.

use dprobe_probes::firewall::{FirewallAction, FirewallFact};
use ipnet::IpNet;

use crate::report::Fix;
use crate::topology::Network;

use super::fixes::{change, command, run};

/// Which of the engine's own rules a packet filter has.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(super) struct EngineRules {
    /// Any chain or table of the engine's.
    pub(super) any: bool,
    /// Those that let packets through.
    pub(super) filtering: bool,
    /// Those that translate addresses.
    pub(super) translating: bool,
    /// Those of Podman, which has its own.
    pub(super) podman: bool,
}

impl EngineRules {
    /// The ones of a reading.
    pub(super) fn of(fact: &FirewallFact) -> Self {
        let docker = |name: &str| name.to_ascii_uppercase().starts_with("DOCKER");
        // With nftables it has tables of its own, `docker-bridges`, that hold everything.
        let native = fact.chains.iter().any(|chain| chain.table.program == "nft" && docker(&chain.table.name));
        let in_table = |table: &str| fact.chains.iter().any(|chain| chain.table.name == table && docker(&chain.name));
        let podman = |name: &str| name.starts_with("NETAVARK") || name.starts_with("CNI-");
        Self {
            any: native || fact.chains.iter().any(|chain| docker(&chain.name) || docker(&chain.table.name)),
            filtering: native || in_table("filter"),
            translating: native || in_table("nat"),
            podman: fact.chains.iter().any(|chain| podman(&chain.name)),
        }
    }
}

/// Whether a rule rewrites the addresses of a range when they leave.
pub(super) fn masquerades(fact: &FirewallFact, range: &IpNet) -> bool {
    fact.rules.iter().any(|rule| {
        let words: Vec<&str> = rule.text.split_whitespace().collect();
        let any_source = !words.iter().any(|word| matches!(*word, "-s" | "saddr"));
        let covers = |word: &&str| word.parse::<IpNet>().is_ok_and(|source| source.contains(range));
        rule.action == FirewallAction::Masquerade && (any_source || words.iter().any(covers))
    })
}

/// The fixes for a network whose masquerading rule is missing.
pub(super) fn put_masquerading_back(network: &Network, range: &IpNet) -> Vec<Fix> {
    let bridge = network.bridge_name().unwrap_or_default();
    let range = range.to_string();
    let rule = ["iptables", "-t", "nat", "-A", "POSTROUTING", "-s", &range, "!", "-o", &bridge, "-j", "MASQUERADE"];
    let by_hand = run("put the rule back, on the engine's host as root", vec![command(&rule)]);
    vec![
        Fix { lasting: false, ..by_hand },
        run("or restart the engine, which makes its rules anew", vec!["systemctl restart docker".to_owned()]),
    ]
}

/// The fixes for rules of the engine that are gone.
pub(super) fn make_rules_anew() -> Vec<Fix> {
    vec![
        run(
            "restart the engine, which makes its rules anew; containers restart by their restart policy",
            vec!["systemctl restart docker".to_owned()],
        ),
        change("for good, let the firewall load before the engine, and flush only its own chains"),
    ]
}
