//! `network-missing`: a container was made for a network that does not exist.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::run;
use crate::diagnosis::lost_network::LostNetwork;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "network-missing",
    summary: "a container could not start, for its network does not exist",
    page: r"
Docker makes no network on the fly. `docker run --network favorites-net` without a `favorites-net` leaves a container
behind that was created and never started; and one whose network was removed while it was stopped does not start again.

## How dprobe knows

The container does not run, it was made for a network, and the engine has no network of that name. Where somebody tried
to start it, the engine noted why it could not: `network favorites-net not found`.

## Why it happens

The step `docker network create` was left out, the name was misspelt, or a clean-up (`docker network rm`,
`docker network prune`) took the network while nothing was running on it.

## How to fix it

Make the network, and start what waits for it:

    docker network create favorites-net
    docker start mongodb

A container that has run on the old network remembers that one by its id, so it has to be taken off and put on again
before the start:

    docker network disconnect favorites-net mongodb
    docker network connect favorites-net mongodb

For good: let compose make the network, or declare it `external: true` there, so that the missing network is told before
anything is started.

## How to reproduce it

    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web nginx
    dprobe check web mongodb

Related: network-recreated, target-not-running, no-shared-network
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lost = LostNetwork::in_case(case);
    let missing = lost.iter().find(|one| !one.made_anew).filter(|_| !case.gets_through())?;
    let (name, network) = (&missing.container.name, missing.network);
    let is_source = case.source().is_some_and(|source| source.name == *name);
    Some(Found {
        severity: Severity::Error,
        stage: if is_source { StageName::Source } else { StageName::Target },
        title: format!("{name} cannot start: its network {network} does not exist"),
        explanation: format!(
            "{name} was made for the network {network}, and the engine has none of that name. Networks are not made on the \
             fly: `docker network create` comes first.{}",
            missing.engine_says()
        ),
        because: lost.iter().map(|one| Case::container_evidence(one.container)).collect(),
        fixes: vec![run(format!("make {network} and start what waits for it"), LostNetwork::all_commands(&lost, case))],
    })
}
