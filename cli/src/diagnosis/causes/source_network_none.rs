//! `source-network-none`: the source was made without a network.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposeChange;
use crate::diagnosis::fixes::{change, command, compose_edit, compose_network};
use crate::report::{Severity, StageName, TargetKind};
use crate::topology::NetworkMode;

pub(super) const CAUSE: Cause = Cause {
    code: "source-network-none",
    summary: "the source was started with `--network none` and has nothing but loopback",
    page: r"
A container started with `--network none` (`network_mode: none` in compose) has no interface but its own loopback. It
reaches nobody, and nobody reaches it.

## How dprobe knows

The engine says that the container's network mode is `none`, and inside there is no interface but `lo`. Every connect
ends at once with `ENETUNREACH`, every lookup with a temporary failure.

## Why it happens

Somebody wanted a container without network, for a batch job or for safety, and later gave it something to talk to.

## How to fix it

An engine does not connect a `none` container to a network while it keeps that mode:
`container cannot be connected to multiple networks with one of the networks in private (none) mode`. Take it off `none`
first, or recreate it:

    docker network disconnect none web
    docker network connect favorites-net web

For good: leave `--network none` (or `network_mode: none`) out when the container is created.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network none nginx

Related: no-shared-network, internal-network
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source()?;
    if case.topology.namespace_owner(source).network_mode != NetworkMode::None
        || case.to.kind == TargetKind::Loopback
        || case.same_namespace()
        || !case.topology.attachments(source).keys().all(|key| {
            case.topology.networks.get(key).is_none_or(|network| network.driver == "null")
        })
    {
        return None;
    }
    let owner = case.topology.namespace_owner(source);
    let network = case
        .target_networks()
        .into_iter()
        .find(|key| case.topology.networks.get(*key).is_some_and(crate::topology::Network::is_attachable))
        .or_else(|| case.topology.default_bridge())
        .unwrap_or("bridge");
    let mut because = vec![Case::container_evidence(source)];
    because.extend(case.network_in(&case.from.place).map(|seen| seen.id.to_owned()));
    let connect = crate::diagnosis::fixes::run(
        format!("take {} off `none` and put it on {network}", owner.name),
        vec![
            command(&["docker", "network", "disconnect", "none", &owner.name]),
            command(&["docker", "network", "connect", network, &owner.name]),
        ],
    );
    let leave = ComposeChange::LeaveNetworkMode {
        mode: "none".to_owned(),
        network: compose_network(owner, network, case.topology),
    };
    let connect = connect.with_edit(compose_edit(owner, leave));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Source,
        title: format!("{} has no network: it was started with `--network none`", source.name),
        explanation: format!(
            "A container without a network has only its own loopback interface. {} can reach nobody, whatever runs at the \
             other end.",
            source.name
        ),
        because,
        fixes: vec![connect, change(format!("recreate {} without `--network none`", owner.name))],
    })
}
