//! The output of `iptables-save -c` and `ip6tables-save -c` (iptables-save(8)): a `*table` line, a `:CHAIN POLICY [n:n]` line
//! a chain, a `[packets:bytes] -A CHAIN …` line a rule.

use super::{FirewallAction, FirewallChain, FirewallFact, FirewallRule, FirewallTable, MAX_TEXT};
use crate::text::printable;

/// The chains that packets enter by themselves.
const BASE_CHAINS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/// Adds what a program printed. `program` is the one that changes these rules, such as `iptables`.
pub(crate) fn parse(output: &str, program: &str, into: &mut FirewallFact) {
    let mut table = FirewallTable { program: program.to_owned(), family: None, name: String::new() };
    for line in output.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table.name = printable(name.trim().as_bytes(), MAX_TEXT);
        } else if let Some(rest) = line.strip_prefix(':') {
            let mut words = rest.split_whitespace();
            let (Some(name), Some(policy)) = (words.next(), words.next()) else { continue };
            let base = BASE_CHAINS.contains(&name);
            into.add_chain(FirewallChain {
                table: table.clone(),
                name: printable(name.as_bytes(), MAX_TEXT),
                hook: base.then(|| name.to_ascii_lowercase()),
                drops: policy == "DROP",
                packets: words.next().and_then(counters).filter(|_| base),
                caught: 0,
                rules: 0,
            });
        } else if let Some((packets, rest)) = counted(line) {
            let Some((chain, text)) = rest.strip_prefix("-A ").and_then(|rest| rest.split_once(' ')) else { continue };
            into.count_rule(&table, chain);
            let Some(action) = action(text) else { continue };
            into.add_rule(FirewallRule {
                table: table.clone(),
                chain: printable(chain.as_bytes(), MAX_TEXT),
                text: printable(text.as_bytes(), MAX_TEXT),
                action,
                packets,
                caught: 0,
                handle: None,
            });
        }
    }
}

/// A rule's counter and the rest of its line. Without `-c` there is no counter.
fn counted(line: &str) -> Option<(Option<u64>, &str)> {
    match line.strip_prefix('[') {
        Some(_) => line.split_once(' ').map(|(counter, rest)| (counters(counter), rest)),
        None => line.starts_with("-A ").then_some((None, line)),
    }
}

/// The packets of `[packets:bytes]`.
fn counters(text: &str) -> Option<u64> {
    text.strip_prefix('[')?.split_once(':')?.0.parse().ok()
}

/// What a rule does, where that is of interest here.
fn action(text: &str) -> Option<FirewallAction> {
    let mut words = text.split_whitespace();
    words.find(|word| matches!(*word, "-j" | "--jump"))?;
    match words.next()? {
        "DROP" => Some(FirewallAction::Drop),
        "REJECT" => Some(FirewallAction::Reject),
        "MASQUERADE" | "SNAT" => Some(FirewallAction::Masquerade),
        _ => None,
    }
}
