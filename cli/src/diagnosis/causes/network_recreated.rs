//! `network-recreated`: a network was removed and made anew, and a stopped container still means the old one.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::run;
use crate::diagnosis::lost_network::LostNetwork;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "network-recreated",
    summary: "a stopped container remembers a network that was made anew since, and cannot start",
    page: r"
A container remembers its networks by their ids. A network that is removed and created again has the same name and another
id, and a container that was stopped meanwhile does not start: `network 3f2a… not found`.

## How dprobe knows

The container does not run; the engine knows no network with the id that the container noted, and has another network of
that very name.

## Why it happens

`docker network rm` and `docker network create`, often with other options or another subnet, while the container was
stopped; `docker compose down` and `up` of the project that makes the network, while a container of another project was
stopped.

## How to fix it

Take the container off the old network and put it on the new one; both have the same name, so it looks odd and works:

    docker network disconnect favorites-net mongodb
    docker network connect favorites-net mongodb
    docker start mongodb

For good: recreate the container (`docker compose up -d` does, or `docker rm` and `docker run`).

## How to reproduce it

    docker run -d --name mongodb --network favorites-net mongo && docker stop mongodb
    docker network rm favorites-net && docker network create favorites-net
    docker start mongodb

Related: network-missing, target-not-running
",
    yields_to: &["network-missing"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lost = LostNetwork::in_case(case);
    let stale = lost.first().filter(|one| one.made_anew && !case.gets_through())?;
    let (name, network) = (&stale.container.name, stale.network);
    let is_source = case.source().is_some_and(|source| source.name == *name);
    let mut because: Vec<String> = lost.iter().map(|one| Case::container_evidence(one.container)).collect();
    because.push(format!("topology.networks.{network}"));
    Some(Found {
        severity: Severity::Error,
        stage: if is_source { StageName::Source } else { StageName::Target },
        title: format!("{name} cannot start: it means a network {network} that was removed and made anew"),
        explanation: format!(
            "A container remembers its network by the network's id. {network} was removed and created again while {name} was \
             stopped: it has the same name, but another id, and the old one is not found.{}",
            stale.engine_says()
        ),
        because,
        fixes: vec![run(format!("put it on the new {network} and start it"), LostNetwork::all_commands(&lost, case))],
    })
}
