//! `default-bridge-no-dns`: both ends are on the default bridge, where names do not resolve.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{command, connect, dial, new_network_name, run};
use crate::report::{Fix, Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "default-bridge-no-dns",
    summary: "both containers are on the default bridge, where container names do not resolve",
    page: r"
Containers started without `--network` share the engine's default bridge. They reach each other by IP address there, but
not by name: the default bridge is the one bridge network without a resolver for container names.

## How dprobe knows

Source and target are both on the network `bridge` and share no other; the lookup of the name found nothing; and, where
it was tried, the target's IP address answers.

## Why it happens

It is how Docker has been since its first days, kept so for compatibility. Every network made with
`docker network create`, and every network that compose makes, resolves names; the default bridge never does.

## How to fix it

Make a network, and put both on it. The containers need not be recreated:

    docker network create favorites-net
    docker network connect favorites-net web
    docker network connect favorites-net mongodb

For good: start both with `--network favorites-net`, or describe them in one compose file. The IP address works
meanwhile, until the target is recreated and gets another one.

## How to reproduce it

    docker run -d --name mongodb mongo
    docker run -d --name web nginx
    dprobe check web mongodb

Related: no-shared-network, unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target()?;
    let bridge = case.topology.default_bridge()?;
    let by_name = case.to.kind == TargetKind::Container && case.dials_name() && case.from_container();
    // Once the name is answered for, by a link or a hosts entry, the bridge is not to blame.
    let unresolved = if case.measured() { case.name_failed() } else { !linked(case) };
    if !by_name || !unresolved || case.shared_networks() != [bridge] || case.same_namespace() {
        return None;
    }
    let network = new_network_name(case);
    let owner = case.topology.namespace_owner(target);
    let mut commands = vec![command(&["docker", "network", "create", &network])];
    if let Some(source) = case.source() {
        commands.push(connect(&network, case.topology.namespace_owner(source), None));
    }
    commands.push(connect(&network, owner, Some(&case.to.host)));
    let mut because = vec![Case::container_evidence(target)];
    because.extend(case.source().map(Case::container_evidence));
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    let mut fixes = vec![Fix { lasting: false, ..run(format!("make a network and put both on it: {network}"), commands) }];
    let address = case.topology.attachments(target).get(bridge).and_then(|attachment| attachment.ipv4);
    if let (Some(address), Some(port)) = (address, case.to.port) {
        let text = host_port(&address.to_string(), port);
        fixes.push(Fix { lasting: false, ..dial("meanwhile, dial its address, which changes when it is recreated", text) });
    }
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: "containers on the default bridge do not find each other by name".to_owned(),
        explanation: format!(
            "{} and {} were started without `--network` and share only Docker's default network, `{bridge}`. It is the \
             one network on which names are not resolved. On a network of your own they find each other as `{}`.",
            case.from.place, target.name, case.to.host
        ),
        because,
        fixes,
    })
}

/// Whether a legacy link of the source already gives the target this name.
fn linked(case: &Case<'_>) -> bool {
    case.source().is_some_and(|source| {
        source.links.iter().any(|link| link.alias == case.to.host || link.container == case.to.host)
            || source.extra_hosts.iter().any(|entry| entry.split([':', '=']).next() == Some(case.to.host.as_str()))
    })
}
