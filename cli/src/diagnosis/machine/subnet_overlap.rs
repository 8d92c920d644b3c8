//! `subnet-overlap`: a network covers addresses of another network, or of a place that the host has a route to.

use dprobe_probes::network::Route;
use ipnet::IpNet;

use super::address_pools_exhausted::{overlap, pools};
use super::{Condition, Found, Machine, names, network_path};
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Fix, Severity};
use crate::topology::{AddressPool, Network};

pub(super) const CONDITION: Condition = Condition { code: "subnet-overlap", words: None, find };

/// What keeps it from happening again.
const FOR_GOOD: &str = "for good, set `default-address-pools` in daemon.json to ranges that nobody else uses";

/// Routes that cover more than this are no networks of somebody's: VPNs that take everything split the default route in two.
const WIDEST: u8 = 8;

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let mut found = between_networks(machine);
    // Where the networks do not hang on this host, its routes say nothing of them.
    let Some(host) = machine.router() else { return found };
    let bridges: Vec<String> = machine.bridges().filter_map(|(_, network)| network.bridge_name()).collect();
    let foreign = host.fact.routes.iter().filter(|route| !bridges.contains(&route.interface));
    for (route, range) in foreign.filter_map(|route| Some((route, range(route)?))) {
        let covers = |network: &Network| network.subnets.iter().map(|subnet| subnet.range).find(|one| overlap(one, &range));
        let hit = machine.bridges().filter_map(|(key, network)| Some((key, network, covers(network)?)));
        let (chosen, given): (Vec<Hit<'_>>, Vec<Hit<'_>>) = hit.partition(|hit| is_chosen(machine, hit, range));
        for (severity, hits) in [(Severity::Warning, chosen), (Severity::Note, given)] {
            if !hits.is_empty() {
                found.push(with_route(machine, host.id, severity, &hits, (route, range)));
            }
        }
    }
    found
}

/// A network, by its key, and the subnet of it that a route has addresses in common with.
type Hit<'a> = (&'a str, &'a Network, IpNet);

/// Where a route leads, unless that is nearly everywhere.
fn range(route: &Route) -> Option<IpNet> {
    let range = IpNet::new(route.destination.address, route.destination.prefix).ok()?.trunc();
    (range.prefix_len() >= WIDEST).then_some(range)
}

/// Whether the engine chose the subnet, or it covers all that the route leads to. A piece of the company's range that was
/// given to a network on purpose is another matter.
fn is_chosen(machine: &Machine<'_>, (_, _, subnet): &Hit<'_>, range: IpNet) -> bool {
    let from_pool = |pool: &AddressPool| pool.base.contains(subnet) && pool.size == subnet.prefix_len();
    range.prefix_len() >= subnet.prefix_len() || pools(machine.settings).iter().any(from_pool)
}

fn with_route(
    machine: &Machine<'_>,
    host: &str,
    severity: Severity,
    hits: &[Hit<'_>],
    (route, range): (&Route, IpNet),
) -> Found {
    let all = names(hits.iter().map(|(key, _, subnet)| format!("{key} ({subnet})")));
    let (noun, verb) = if hits.len() == 1 { ("network", "covers") } else { ("networks", "cover") };
    let effect = if hits.iter().all(|(_, _, subnet)| range.prefix_len() < subnet.prefix_len()) {
        "What is meant for these addresses there ends on Docker's bridge, where nobody has them"
    } else {
        "Either the host does not reach that place, or it does not reach the containers"
    };
    let fixes = match hits {
        [(key, network, _)] => fixes(machine, key, network),
        _ => vec![change(format!(
            "make these networks anew with ranges that nobody else uses (`docker network create --subnet …`), and {FOR_GOOD}"
        ))],
    };
    Found {
        severity,
        title: format!("the Docker {noun} {all} {verb} addresses that are reached through {}", route.interface),
        explanation: format!(
            "The host has a route to {range} through {}, and some of the same addresses are Docker's. {effect}. That goes for \
             the host and for every container.",
            route.interface
        ),
        because: [host.to_owned()].into_iter().chain(hits.iter().map(|(key, ..)| network_path(key))).collect(),
        fixes,
    }
}

/// Networks with addresses in common.
fn between_networks(machine: &Machine<'_>) -> Vec<Found> {
    let bridges: Vec<(&str, &Network)> = machine.bridges().collect();
    let mut found = Vec::new();
    for (at, (key, network)) in bridges.iter().enumerate() {
        for (other, theirs) in &bridges[at + 1..] {
            let ranges = network.subnets.iter().flat_map(|own| theirs.subnets.iter().map(move |their| (own.range, their.range)));
            let Some((own, their)) = ranges.into_iter().find(|(own, their)| overlap(own, their)) else { continue };
            found.push(Found {
                severity: Severity::Warning,
                title: format!("the networks {key} ({own}) and {other} ({their}) have addresses in common"),
                explanation: "The host has one way to an address. Containers of one of the two networks are reached, those of \
                              the other are not, and answers go astray."
                    .to_owned(),
                because: vec![network_path(key), network_path(other)],
                fixes: fixes(machine, other, theirs),
            });
        }
    }
    found
}

fn fixes(machine: &Machine<'_>, key: &str, network: &Network) -> Vec<Fix> {
    if network.is_default_bridge() {
        return vec![change("give the default bridge another range: `\"bip\": \"10.123.0.1/24\"` in daemon.json, and restart the engine"), change(FOR_GOOD)];
    }
    let containers = machine.topology.containers.values();
    let users: Vec<&str> =
        containers.filter(|one| one.attachments.contains_key(key)).map(|one| one.name.as_str()).collect();
    let mut commands: Vec<String> =
        users.iter().map(|name| command(&["docker", "network", "disconnect", "-f", key, name])).collect();
    commands.push(command(&["docker", "network", "rm", key]));
    let title = if users.is_empty() {
        format!("remove {key}, which nobody uses")
    } else {
        format!("take {} off {key} and remove it", names(&users))
    };
    vec![
        run(title, commands),
        change(format!("make {key} anew with a range that nobody else uses (`docker network create --subnet …`)")),
        change(FOR_GOOD),
    ]
}
