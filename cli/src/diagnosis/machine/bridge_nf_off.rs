//! `bridge-nf-off`: iptables does not see what stays on one bridge.

use super::{Condition, Found, Machine, Words, names, network_path};
use crate::diagnosis::fixes::{change, run};
use crate::report::{Fix, Severity};

pub(super) const CONDITION: Condition = Condition {
    code: "bridge-nf-off",
    words: Some(Words {
        summary: "firewall rules do not apply between containers of one bridge (bridge-nf-call-iptables is 0)",
        page: r"
Packets between two containers on one network stay on its bridge. Whether the host's iptables rules see them is a switch of
the kernel, `net.bridge.bridge-nf-call-iptables`. With 0, rules in `DOCKER-USER` or `FORWARD` apply to what enters and leaves
the bridge, and not to what stays on it.

## How dprobe knows

`dprobe doctor` reads the switch in the host's network namespace: it is there, and 0. Where a network was made with
`enable_icc=false`, that is a warning, for its containers talk to each other all the same. Otherwise it is a note: newer
engines leave the switch off unless they need it.

## Why it happens

The kernel's module `br_netfilter` was loaded by something else than the engine, or a file below `/etc/sysctl.d/` turns the
switch off because virtual machines on other bridges need it so.

## How to fix it

Only where rules are meant to apply between containers of one network:

    sysctl -w net.bridge.bridge-nf-call-iptables=1

For good: `net.bridge.bridge-nf-call-iptables = 1` in a file below `/etc/sysctl.d/`, with `br_netfilter` in
`/etc/modules-load.d/`.

## How to reproduce it

    docker network create -o com.docker.network.bridge.enable_icc=false quiet
    sysctl -w net.bridge.bridge-nf-call-iptables=0     (on a machine that may break)
    dprobe doctor

Related: icc-disabled, firewall-drop
",
    }),
    find,
};

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(host) = machine.router().filter(|host| host.fact.bridge_nf_iptables == Some(false)) else { return Vec::new() };
    let quiet: Vec<&str> =
        machine.bridges().filter(|(_, network)| !network.lets_containers_talk()).map(|(key, _)| key).collect();
    let turn_on = Fix {
        lasting: false,
        ..run(
            "have iptables see them, on the engine's host as root",
            vec!["sysctl -w net.bridge.bridge-nf-call-iptables=1".to_owned()],
        )
    };
    let for_good = change("for good, set it in a file below /etc/sysctl.d/, and load br_netfilter at start");
    let because = [host.id.to_owned()].into_iter().chain(quiet.iter().map(|key| network_path(key))).collect();
    let switch = "net.bridge.bridge-nf-call-iptables is 0, so the host's rules do not see packets that stay on one bridge";
    vec![if quiet.is_empty() {
        Found {
            severity: Severity::Note,
            title: "firewall rules do not apply between containers of one network".to_owned(),
            explanation: format!(
                "{switch}. Rules in DOCKER-USER do not keep containers of one network from each other; nothing else depends \
                 on it."
            ),
            because,
            fixes: vec![turn_on],
        }
    } else {
        Found {
            severity: Severity::Warning,
            title: format!("containers on {} talk to each other, and were meant not to", names(&quiet)),
            explanation: format!(
                "A network that was made with `enable_icc=false` keeps its containers apart by a rule of iptables. But \
                 {switch}: that rule catches nothing."
            ),
            because,
            fixes: vec![turn_on, for_good],
        }
    }]
}
