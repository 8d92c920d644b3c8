//! `engine-makes-no-rules`: the engine was told to leave the host's packet filter alone.

use super::{Condition, Found, Machine, Words};
use crate::diagnosis::engine_rules::EngineRules;
use crate::diagnosis::fixes::change;
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition {
    code: "engine-makes-no-rules",
    words: Some(Words {
        summary: "the engine was told to make no firewall rules (iptables: false), so somebody else has to",
        page: r#"
Docker normally writes rules into the host's packet filter: they let containers out, publish their ports and keep networks
apart. This engine was told not to. Everything that those rules do is left to whoever looks after the host's firewall.

## How dprobe knows

`dprobe doctor` finds `"iptables": false` in the engine's `daemon.json`, or `--iptables=false` among the arguments of its
process. That takes the right to read them, on the engine's own machine.

## Why it happens

Somebody wanted the host's firewall to be the only place for rules, often because published ports pass by ufw. Published
ports still answer then, through a small proxy of the engine's that shows every client as the network's gateway. What
leaves a container keeps an address that nobody outside can answer, unless a rule rewrites it.

## How to fix it

Let the engine make its rules: take `iptables` out of `daemon.json` and

    systemctl restart docker

To restrict published ports all the same, put rules into the chain `DOCKER-USER`, which is there for that. Or go on without,
and write the rules yourself, one for each network:

    iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE

## How to reproduce it

    dockerd --iptables=false
    docker run -d --name web nginx
    dprobe doctor

Related: engine-rules-wiped, masquerade-off
"#,
    }),
    find,
};

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let told_not_to = machine.settings.daemon.is_some_and(|daemon| !daemon.makes_rules);
    // What is left of a time before may still do.
    let has_rules = machine.docker_filter().is_some_and(|filter| EngineRules::of(filter.fact).any);
    if !told_not_to || has_rules {
        return Vec::new();
    }
    let mut because = vec!["settings.daemon.makes_rules".to_owned()];
    because.extend(machine.filter().map(|filter| filter.id.to_owned()));
    vec![Found {
        severity: Severity::Note,
        title: "the engine was told to make no firewall rules".to_owned(),
        explanation: "With `iptables: false` the engine neither lets containers out nor keeps its networks apart; published \
                      ports go through its proxy alone. That works where somebody else makes such rules, and only there."
            .to_owned(),
        because,
        fixes: vec![change(
            "take `iptables` out of daemon.json and restart the engine, unless the host's own firewall does all of that",
        )],
    }]
}
