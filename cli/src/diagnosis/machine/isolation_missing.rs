//! `isolation-missing`: the rules that keep networks apart are not there.

use dprobe_probes::firewall::{FirewallAction, FirewallFact};

use super::{Condition, Found, Machine, Words, names, network_path};
use crate::diagnosis::engine_rules::EngineRules;
use crate::diagnosis::fixes::{change, run};
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition {
    code: "isolation-missing",
    words: Some(Words {
        summary: "the engine's rules that keep its networks apart are gone from the host's firewall",
        page: r"
Containers on different networks are meant not to reach each other. What keeps them apart are rules of the engine's in the
host's packet filter. Where those are missing, a container can dial the addresses of every other network.

## How dprobe knows

`dprobe doctor` reads the packet filter (as root on the engine's machine, or with `--deep`). The engine's other chains are
there; the chains `DOCKER-ISOLATION-STAGE-1` and `-2` (`DOCKER-INTERNAL` in newer engines) are not, or they lack the rule
that drops what comes from other bridges.

## Why it happens

Somebody deleted them to let two networks talk, or a script that tidies the firewall did. Networks that have to talk do not
need that: a container can be on both.

## How to fix it

The engine makes its rules anew when it starts:

    systemctl restart docker

For containers that should reach each other, `docker network connect NETWORK CONTAINER` puts them on one network.

## How to reproduce it

    docker network create favorites-net
    iptables -F DOCKER-ISOLATION-STAGE-2     (on a machine that may break)
    dprobe doctor

Related: engine-rules-wiped, no-shared-network
",
    }),
    find,
};

/// The last major version of which the rules are known to the letter.
const KNOWN: u32 = 27;

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some((filter, major)) = machine.docker_filter().zip(machine.major()) else { return Vec::new() };
    let rules = EngineRules::of(filter.fact);
    let bridges: Vec<(&str, String)> =
        machine.open_bridges().filter_map(|(key, network)| Some((key, network.bridge_name()?))).collect();
    // Without any rule it is another matter, and one bridge has nothing to be kept from. Native nftables has no such chains.
    let native = filter.fact.chains.iter().any(|chain| chain.table.program == "nft" && chain.table.name.starts_with("docker"));
    if native || !rules.filtering || bridges.len() < 2 {
        return Vec::new();
    }
    let open: Vec<&str> = if major > KNOWN {
        let isolates = |name: &str| name.starts_with("DOCKER-ISOLATION") || name == "DOCKER-INTERNAL";
        let has_chains = filter.fact.chains.iter().any(|chain| isolates(&chain.name));
        bridges.iter().filter(|_| !has_chains).map(|(key, _)| *key).collect()
    } else {
        bridges.iter().filter(|(_, bridge)| !guarded(filter.fact, bridge)).map(|(key, _)| *key).collect()
    };
    if open.is_empty() {
        return Vec::new();
    }
    let because = [filter.id.to_owned()].into_iter().chain(open.iter().map(|key| network_path(key))).collect();
    vec![Found {
        severity: Severity::Warning,
        title: format!("nothing keeps other networks out of {}", names(&open)),
        explanation: "Containers of different networks are kept apart by rules of the engine's in the host's firewall. Its \
                      other rules are there, and these are not: containers reach addresses of networks that they are not on."
            .to_owned(),
        because,
        fixes: vec![
            run("restart the engine, which makes its rules anew; containers restart by their restart policy", vec![
                "systemctl restart docker".to_owned(),
            ]),
            change("for containers that should talk, use `docker network connect` in place of removing rules"),
        ],
    }]
}

/// Whether packets from other bridges to this one are dropped.
fn guarded(filter: &FirewallFact, bridge: &str) -> bool {
    filter.rules.iter().any(|rule| {
        let words: Vec<&str> = rule.text.split_whitespace().collect();
        rule.chain == "DOCKER-ISOLATION-STAGE-2"
            && rule.action == FirewallAction::Drop
            && words.windows(2).any(|pair| pair == ["-o", bridge])
    })
}
