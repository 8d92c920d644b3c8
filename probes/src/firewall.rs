//! The rules of a namespace's packet filter (netfilter), as far as they refuse packets or rewrite where packets come from,
//! with how many packets each has caught.
//!
//! They are read with the programs of the host, `iptables-save` and `nft`, because those know every form in which a kernel
//! holds rules. Reading takes root in that namespace.

use serde::{Deserialize, Serialize};

pub(crate) mod nft;
#[cfg(feature = "filter")]
mod read;
pub(crate) mod save;
#[cfg(test)]
mod tests;

#[cfg(feature = "filter")]
pub use read::read;

/// The most rules and the most chains that are kept of one namespace.
const MAX_KEPT: usize = 2048;
/// The longest that is kept of the text of one rule, in characters.
const MAX_TEXT: usize = 400;

/// What the packet filter of a namespace holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FirewallFact {
    /// The programs that were asked and answered, such as `iptables-nft-save`.
    pub readers: Vec<String>,
    /// Every chain.
    pub chains: Vec<FirewallChain>,
    /// The rules that refuse packets or rewrite their source; others are left out.
    pub rules: Vec<FirewallRule>,
    /// The connect that was tried while the counters were watched; what they rose by is in `caught`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<WatchedDial>,
    /// Whether there were more rules or chains than are kept.
    #[serde(default)]
    pub truncated: bool,
}

/// The connect during which counters were watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchedDial {
    /// Where it was made.
    pub from: String,
    /// The host as it was dialled.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The transport.
    pub protocol: crate::listeners::Protocol,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FirewallChain {
    /// The table it is in.
    pub table: FirewallTable,
    /// Its name.
    pub name: String,
    /// The hook that packets come from, in lower case, for a base chain: `forward`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Whether packets that no rule decides on are dropped.
    #[serde(default)]
    pub drops: bool,
    /// How many packets met with that policy; none where it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// By how much `packets` rose while a connect was tried.
    #[serde(default)]
    pub caught: u64,
    /// How many rules it has.
    pub rules: u32,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FirewallRule {
    /// The table it is in.
    pub table: FirewallTable,
    /// The chain it is in.
    pub chain: String,
    /// The rule in the words of its program, without the chain: `-s 172.18.0.0/16 -p tcp -j DROP`.
    pub text: String,
    /// What it does to a packet.
    pub action: FirewallAction,
    /// How many packets it has caught; none where it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// By how much `packets` rose while a connect was tried.
    #[serde(default)]
    pub caught: u64,
    /// The handle by which `nft` deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<u64>,
}

/// A table of the packet filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FirewallTable {
    /// The program that changes its rules, by its name on the command line: `iptables`, `iptables-legacy`, `ip6tables`, `nft`.
    pub program: String,
    /// The family, for `nft` alone: `ip`, `ip6`, `inet`, `bridge`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Its name: `filter`, `nat`, …
    pub name: String,
}

/// What a rule does to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FirewallAction {
    /// It is dropped without a word.
    Drop,
    /// It is dropped, and its sender is told: by a RST, or by an ICMP message.
    Reject,
    /// Its source address is rewritten (`MASQUERADE`, `SNAT`).
    Masquerade,
}

impl FirewallTable {
    /// Whether it holds rules for IPv4 packets.
    #[must_use]
    pub fn is_v4(&self) -> bool {
        match self.family.as_deref() {
            Some(family) => matches!(family, "ip" | "inet" | "bridge"),
            None => !self.program.starts_with("ip6"),
        }
    }
}

impl FirewallFact {
    /// The same, with what each counter rose by since an earlier reading of the same namespace. A rule that was not there
    /// before has caught what it counts.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        // Equal rules may stand in one chain twice; they are told apart by their order.
        let mut left: Vec<&FirewallRule> = earlier.rules.iter().collect();
        for rule in &mut self.rules {
            let same = left.iter().position(|before| {
                before.table == rule.table
                    && before.chain == rule.chain
                    && before.text == rule.text
                    && before.handle == rule.handle
            });
            let before = same.and_then(|at| left.remove(at).packets).unwrap_or_default();
            rule.caught = rule.packets.unwrap_or_default().saturating_sub(before);
        }
        for chain in &mut self.chains {
            let before = earlier.chains.iter().find(|before| before.table == chain.table && before.name == chain.name);
            let packets = before.and_then(|before| before.packets).unwrap_or_default();
            chain.caught = chain.packets.unwrap_or_default().saturating_sub(packets);
        }
        self
    }

    fn add_chain(&mut self, chain: FirewallChain) {
        if self.chains.len() < MAX_KEPT {
            self.chains.push(chain);
        } else {
            self.truncated = true;
        }
    }

    fn add_rule(&mut self, rule: FirewallRule) {
        if self.rules.len() < MAX_KEPT {
            self.rules.push(rule);
        } else {
            self.truncated = true;
        }
    }

    /// Counts a rule of a chain that was declared before.
    fn count_rule(&mut self, table: &FirewallTable, chain: &str) {
        if let Some(chain) = self.chains.iter_mut().rev().find(|known| &known.table == table && known.name == chain) {
            chain.rules += 1;
        }
    }
}
