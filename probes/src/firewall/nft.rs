//! The output of `nft -a list ruleset` (nft(8)): tables, chains and rules as nested blocks, each rule on a line of its own
//! with its handle at the end.

use super::{FirewallAction, FirewallChain, FirewallFact, FirewallRule, FirewallTable, MAX_TEXT};
use crate::text::printable;

/// The tables that `iptables-nft` keeps in the same place, and tells of better itself.
const IPTABLES: [&str; 5] = ["filter", "nat", "mangle", "raw", "security"];

/// What the reader stands in.
enum Block {
    Table,
    Chain,
    /// A set, a map, a counter object: nothing of interest.
    Other,
}

/// Adds what `nft` printed. Where `iptables` has been read, its tables are left out here.
pub(crate) fn parse(output: &str, iptables_read: bool, into: &mut FirewallFact) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut table: Option<FirewallTable> = None;
    let mut chain = String::new();
    for line in output.lines() {
        let (line, handle) = with_handle(line.trim());
        let words: Vec<&str> = line.split_whitespace().collect();
        if line == "}" {
            blocks.pop();
            continue;
        }
        match (blocks.last(), words.as_slice()) {
            (None, ["table", family, name, "{"]) => {
                table = table_of(family, name, iptables_read);
                blocks.push(Block::Table);
            }
            (Some(Block::Table), ["chain", name, "{"]) => {
                chain = printable(name.as_bytes(), MAX_TEXT);
                if let Some(table) = &table {
                    into.add_chain(bare_chain(table, &chain));
                }
                blocks.push(Block::Chain);
            }
            (Some(Block::Chain), ["type", _, "hook", hook, ..]) if table.is_some() => {
                if let Some(chain) = into.chains.last_mut() {
                    chain.hook = Some(printable(hook.as_bytes(), MAX_TEXT));
                    chain.drops = line.contains("policy drop");
                }
            }
            (Some(Block::Chain), [_, ..]) => {
                if let (Some(table), Some(handle)) = (&table, handle) {
                    rule(table, &chain, line, handle, into);
                }
            }
            _ if line.ends_with('{') => blocks.push(Block::Other),
            _ => {}
        }
    }
}

fn table_of(family: &str, name: &str, iptables_read: bool) -> Option<FirewallTable> {
    let theirs = iptables_read && matches!(family, "ip" | "ip6") && IPTABLES.contains(&name);
    (!theirs).then(|| FirewallTable {
        program: "nft".to_owned(),
        family: Some(printable(family.as_bytes(), MAX_TEXT)),
        name: printable(name.as_bytes(), MAX_TEXT),
    })
}

fn bare_chain(table: &FirewallTable, name: &str) -> FirewallChain {
    let (table, name) = (table.clone(), name.to_owned());
    FirewallChain { table, name, hook: None, drops: false, packets: None, caught: 0, rules: 0 }
}

/// A line without its `# handle N`, and N.
fn with_handle(line: &str) -> (&str, Option<u64>) {
    match line.rsplit_once("# handle ") {
        Some((rest, handle)) => (rest.trim_end(), handle.parse().ok()),
        None => (line, None),
    }
}

fn rule(table: &FirewallTable, chain: &str, text: &str, handle: u64, into: &mut FirewallFact) {
    into.count_rule(table, chain);
    let words: Vec<&str> = text.split_whitespace().collect();
    let action = if words.contains(&"drop") {
        FirewallAction::Drop
    } else if words.contains(&"reject") {
        FirewallAction::Reject
    } else if words.contains(&"masquerade") || words.contains(&"snat") {
        FirewallAction::Masquerade
    } else {
        return;
    };
    let packets =
        words.windows(3).find(|three| three[..2] == ["counter", "packets"]).and_then(|three| three[2].parse().ok());
    into.add_rule(FirewallRule {
        table: table.clone(),
        chain: chain.to_owned(),
        text: printable(without_counts(&words).as_bytes(), MAX_TEXT),
        action,
        packets,
        caught: 0,
        handle: Some(handle),
    });
}

/// A rule without what changes from reading to reading: `counter packets 7 bytes 420` is `counter`.
fn without_counts(words: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let [word, after @ ..] = rest {
        kept.push(word);
        rest = match (*word, after) {
            ("counter", ["packets", _, "bytes", _, after @ ..]) => after,
            _ => after,
        };
    }
    kept.join(" ")
}
