//! `address-pools-small`: few ranges of addresses are left for more networks.

use super::address_pools_exhausted::{Free, fixes};
use super::{Condition, Found, Machine, Words};
use crate::report::Severity;

pub(super) const CONDITION: Condition = Condition {
    code: "address-pools-small",
    words: Some(Words {
        summary: "few address ranges are left for more networks",
        page: r#"
A network that is made without a subnet gets one out of the engine's address pools. There are 31 to begin with, and only a
few of this engine's are left. When the last one is taken, `docker network create` and `docker compose up` fail.

## How dprobe knows

`dprobe doctor` counts the ranges of the engine's pools that overlap neither a network of the engine's nor a route of its
host. Three or fewer are few.

## Why it happens

Each compose project makes a network of its own, and those of projects that were never taken down stay.

## How to fix it

Remove networks that no container uses, with `docker network rm`; `docker network ls --filter dangling=true` lists them. For
good, many small ranges in place of few large ones, in `daemon.json`, and a restart of the engine:

    "default-address-pools": [{ "base": "10.123.0.0/16", "size": 24 }]

## How to reproduce it

    dockerd --default-address-pool base=10.77.0.0/22,size=24
    docker network create favorites-net
    dprobe doctor

Related: address-pools-exhausted, subnet-overlap
"#,
    }),
    find,
};

/// So many free ranges are few.
const FEW: usize = 3;

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(free) = Free::of(machine).filter(|free| (1..=FEW).contains(&free.count)) else { return Vec::new() };
    let host = machine.host();
    vec![Found {
        severity: Severity::Note,
        title: format!("{} more networks can be made, then address ranges run out", free.count),
        explanation: format!(
            "{}. When the last one is taken, `docker network create` and `docker compose up` of further projects fail with \
             `could not find an available, non-overlapping IPv4 address pool`.",
            free.words()
        ),
        because: host.iter().map(|host| host.id.to_owned()).chain(["topology.networks".to_owned()]).collect(),
        fixes: fixes(machine),
    }]
}
