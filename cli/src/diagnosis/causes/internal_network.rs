//! `internal-network`: the source's networks lead nowhere but to each other.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::{ComposeChange, ComposeNetwork, Declared};
use crate::diagnosis::fixes::{change, command, compose_edit, connect, new_network_name, own_networks, run};
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "internal-network",
    summary: "every network of the source is internal, so nothing outside of them can be reached",
    page: r"
A network made with `--internal` (`internal: true` in compose) connects its containers with each other and with nobody
else: no default route, no way out. A container that is only on internal networks reaches its peers and nothing beyond.

## How dprobe knows

Every network of the source is marked internal by the engine, and the target belongs to none of the engine's networks.
Inside there is no default route, and lookups of outside names fail.

## Why it happens

Internal networks are a good way to keep a database away from the internet. They are too narrow for a program that calls
an API outside.

## How to fix it

Give the container a second network that leads out; it keeps the internal one:

    docker network connect bridge web

For good: add a normal network to it, in compose below `networks:`, or take `internal: true` away.

## How to reproduce it

    docker network create --internal inside
    docker run -d --name web --network inside nginx
    dprobe check web https://api.example.test

Related: source-network-none, no-shared-network
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let networks = case.source_networks();
    let is_internal = |key: &&str| case.topology.networks.get(*key).is_some_and(|network| network.internal);
    if networks.is_empty()
        || !networks.iter().all(is_internal)
        || !beyond(case)
        || case.gets_through()
        // A name of one word is a container's that is misspelt, not one of the outside.
        || (case.to.kind == TargetKind::Name && !case.to.host.contains('.'))
    {
        return None;
    }
    let list = networks.join(", ");
    let mut because: Vec<String> = networks.iter().map(|network| format!("topology.networks.{network}")).collect();
    because.extend(case.network_in(&case.from.place).map(|seen| seen.id.to_owned()));
    because.extend(case.lookup().filter(|_| case.name_failed()).map(|seen| seen.id.to_owned()));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let source = case.source().map(|source| case.topology.namespace_owner(source));
    let mut fixes = source.map(|source| ways_out(case, source)).unwrap_or_default();
    if fixes.is_empty() {
        fixes.push(change(format!("recreate {list} without `--internal`")));
    }
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{} has no way out: its network is internal", case.from.place),
        explanation: format!(
            "{} is only on {list}, which was made `internal`. Containers on an internal network reach each other and \
             nothing else, so {} can not be reached from there.",
            case.from.place,
            case.address_text()
        ),
        because,
        fixes,
    })
}

/// A second network for the source: the default bridge at once, one of its own for good.
fn ways_out(case: &Case<'_>, source: &Container) -> Vec<Fix> {
    let bridge = case.topology.default_bridge().unwrap_or("bridge");
    let now = run(format!("give {} a second network that leads out", source.name), vec![connect(bridge, source, None)]);
    let name = new_network_name(case);
    let network = ComposeNetwork { name: name.clone(), declared: Declared::New };
    let beside = own_networks(source, case.topology);
    let for_good = match compose_edit(source, ComposeChange::JoinNetwork { network, beside }) {
        Some(edit) => change("for good, add a normal network to the service").with_edit(Some(edit)),
        None => run(
            "or give it one of its own",
            vec![command(&["docker", "network", "create", &name]), connect(&name, source, None)],
        ),
    };
    vec![now, for_good]
}

/// Whether the target lies beyond the source's own networks: outside of the engine, or an address of the host that is on
/// none of them, as `host-gateway` is.
fn beyond(case: &Case<'_>) -> bool {
    let own = case.source_networks();
    let on_link = |address: &std::net::IpAddr| case.topology.network_of(*address).is_some_and(|key| own.contains(&key));
    let dialled = case.dialled_addresses();
    case.to_outside() || (case.to.kind == TargetKind::Host && !dialled.is_empty() && !dialled.iter().any(on_link))
}
