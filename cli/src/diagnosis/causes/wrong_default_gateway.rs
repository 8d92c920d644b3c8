//! `wrong-default-gateway`: of the source's networks, the one that leads nowhere was chosen as the way out.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "wrong-default-gateway",
    summary: "the source is on several networks and leaves through the one that does not lead out",
    page: r"
A container on several networks has one way out: the gateway of one of them. When that network does not lead out, the
container loses the outside, although another of its networks would.

## How dprobe knows

The source's default route leads through a network without masquerading, its connects to the outside get no answer, and
another network of it does lead out.

## Why it happens

Joining a second network can move the default route: the engine picks one gateway by its own order (the name of the
network, on newer engines `gw-priority`), and it does not know which network leads out.

## How to fix it

Take the container off the network that leads nowhere, or make the better one win:

    docker network disconnect quiet web

For good, from Engine 28 on: `docker network connect --gw-priority 1 front web` (`gw_priority: 1` in compose). Before that the
network whose name comes first in the alphabet wins.

## How to reproduce it

    docker network create -o com.docker.network.bridge.enable_ip_masquerade=false a-quiet
    docker network create front && docker run -d --name web --network front nginx
    docker network connect a-quiet web

Related: masquerade-off, internal-network
",
    yields_to: &["ip-forward-off"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (chosen, network) = case.egress()?;
    if network.leads_out() || !case.is_kept_inside() {
        return None;
    }
    let leads_out = |key: &&str| case.topology.networks.get(*key).is_some_and(crate::topology::Network::leads_out);
    let better = case.source_networks().into_iter().find(leads_out)?;
    let source = case.source().map(|source| case.topology.namespace_owner(source))?;
    let routes = case.network_in(&case.from.place)?;
    let mut because = vec![routes.id.to_owned(), format!("topology.networks.{chosen}"), Case::container_evidence(source)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{} leaves through {chosen}, which does not lead out, and not through {better}", source.name),
        explanation: format!(
            "{} is on several networks and has one default gateway, that of {chosen}. {chosen} does not lead to the outside \
             ({}); {better} would.",
            source.name,
            if network.masquerades() { "its driver has no way out" } else { "it was made without masquerading" }
        ),
        because,
        fixes: vec![
            run(
                format!("take {} off {chosen}; it keeps {better}", source.name),
                vec![command(&["docker", "network", "disconnect", chosen, &source.name])],
            ),
            change(format!(
                "to keep both, let {better} win: `docker network connect --gw-priority 1 {better} {}` (Engine 28 and newer), or give \
                 it a name that comes first in the alphabet",
                source.name
            )),
        ],
    })
}
