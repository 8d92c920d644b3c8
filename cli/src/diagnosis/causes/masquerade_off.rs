//! `masquerade-off`: what leaves the network keeps an address that nobody outside can answer.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::engine_rules::{masquerades, put_masquerading_back};
use crate::diagnosis::fixes::{change, command, connect, new_network_name, run};
use crate::report::{Fix, Severity, StageName};
use crate::resolve::HOST;

pub(super) const CAUSE: Cause = Cause {
    code: "masquerade-off",
    summary: "the network's packets leave with the container's own address, which nobody outside can answer",
    page: r"
Container addresses mean nothing outside of their host. So the engine rewrites what leaves a network to come from the host's
address (masquerading, NAT). Without that, packets go out and the answers never find back.

## How dprobe knows

The network through which the source leaves was made with `enable_ip_masquerade=false`; or, read as root on the engine's
machine (or with `--deep`), the host's packet filter has no rule that rewrites the network's addresses. The connect to the
outside gets no answer.

## Why it happens

The option was set on purpose for a routed network whose router knows the way back; the engine was told
`iptables: false` or `ip-masq: false`; or somebody removed the rule.

## How to fix it

Give the container a network that has it:

    docker network create out-net
    docker network connect out-net web

For good: make the network without the option, or teach the LAN's router the way to the network's subnet.

## How to reproduce it

    docker network create -o com.docker.network.bridge.enable_ip_masquerade=false quiet
    docker run -d --name web --network quiet nginx
    dprobe check web https://example.test

Related: engine-rules-wiped, wrong-default-gateway, ip-forward-off
",
    yields_to: &["engine-rules-wiped", "wrong-default-gateway", "ip-forward-off"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (key, network) = case.egress()?;
    if !case.is_kept_inside() || network.internal || network.driver != "bridge" {
        return None;
    }
    let mut because = vec![format!("topology.networks.{key}")];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    let by_option = !network.masquerades();
    if !by_option {
        because.push(unmasked(case)?.to_owned());
    }
    let why = if by_option { "was made with `enable_ip_masquerade=false`" } else { "has no such rule in the host's firewall" };
    let mut fixes: Vec<Fix> = Vec::new();
    if let (Some(source), true) = (case.source(), by_option) {
        let name = new_network_name(case);
        let commands = vec![
            command(&["docker", "network", "create", &name]),
            connect(&name, source, None),
            // With two ways out the engine may keep the one that leads nowhere.
            command(&["docker", "network", "disconnect", key, &source.name]),
        ];
        fixes.push(run(format!("move {} to a network that has it", source.name), commands));
        fixes.push(change(format!("or make {key} anew without `com.docker.network.bridge.enable_ip_masquerade=false`")));
    } else {
        let subnet = network.subnets.iter().find(|subnet| subnet.range.addr().is_ipv4())?;
        fixes.extend(put_masquerading_back(network, &subnet.range));
    }
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("what leaves {key} keeps its own address, so no answer finds back"),
        explanation: format!(
            "The addresses of {key} are known on this host only. What leaves for the outside has to be rewritten to the \
             host's address (masquerading), and {key} {why}. Packets go out, and the answers never come."
        ),
        because,
        fixes,
    })
}

/// The reading of the host's packet filter, where it shows that nothing rewrites the addresses of the source's network.
fn unmasked<'a>(case: &Case<'a>) -> Option<&'a str> {
    let seen = case.firewall_in(HOST).filter(|seen| !seen.fact.truncated)?;
    let (_, network) = case.egress()?;
    let subnet = network.subnets.iter().find(|subnet| subnet.range.addr().is_ipv4())?;
    (!masquerades(seen.fact, &subnet.range)).then_some(seen.id)
}
