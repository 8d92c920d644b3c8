//! `ambiguous-name`: one name leads to different containers.

use dprobe_probes::tcp::TcpOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::reach::Reach;
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Severity, StageName};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "ambiguous-name",
    summary: "several different containers answer to one name, and not all of them serve the port",
    page: r"
Two containers with one alias on one network are both right in the eyes of the resolver. It hands out both addresses, in
changing order, and a program takes the first: it works every other time.

## How dprobe knows

The lookup gave several addresses of one family. They belong to containers that are not replicas of one service, and
some of them do not answer on the port.

## Why it happens

Two compose projects on one external network both have a service `db`, and a service name is an alias on every network
of the service. Or one alias was given twice by hand.

## How to fix it

Use a name that only one container has, such as its own name; or give each an alias of its own.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name one --network favorites-net --network-alias db postgres
    docker run -d --name two --network favorites-net --network-alias db redis

Related: unknown-name, stale-ip
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup()?;
    let owners: Vec<&Container> = {
        let mut owners: Vec<_> = lookup
            .fact
            .answers
            .iter()
            .filter_map(|answer| case.topology.owner_of(answer.address).map(|(owner, _)| owner))
            .collect();
        owners.sort_by(|one, other| one.name.cmp(&other.name));
        owners.dedup_by(|one, other| one.name == other.name);
        owners
    };
    let (first, rest) = owners.split_first()?;
    if rest.is_empty() || rest.iter().all(|other| replicas(first, other)) || case.reach() != Reach::Partly {
        return None;
    }
    let outcome = |container: &Container, good: bool| {
        case.dials().iter().any(|dial| {
            (dial.fact.outcome == TcpOutcome::Connected) == good
                && container.attachments.values().any(|attachment| attachment.has(dial.fact.address))
        })
    };
    let names = |list: Vec<&&Container>| list.iter().map(|container| container.name.clone()).collect::<Vec<_>>().join(", ");
    let (good, bad): (Vec<&&Container>, Vec<&&Container>) = owners.iter().partition(|container| outcome(container, true));
    let name = &case.to.host;
    let mut fixes: Vec<_> = good
        .iter()
        .filter_map(|container| case.to.port.map(|port| (container, port)))
        .map(|(container, port)| {
            dial("use a name that only one container has", crate::diagnosis::address::host_port(&container.name, port))
        })
        .collect();
    fixes.push(change(format!("or take the alias {name} away from {}", names(bad.clone()))));
    let mut because = vec![lookup.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(owners.iter().map(|owner| Case::container_evidence(owner)));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{name} is the name of {} containers", owners.len()),
        explanation: format!(
            "The name {name} belongs to {}. The resolver hands out all their addresses in changing order, and a program \
             takes the first: {} answers on this port, {} does not, so it works only now and then.",
            names(owners.iter().collect()),
            names(good),
            names(bad),
        ),
        because,
        fixes,
    })
}

/// Whether two containers are meant to be alike: replicas of one compose service, or of one image and command.
fn replicas(one: &Container, other: &Container) -> bool {
    match (&one.compose, &other.compose) {
        (Some(one), Some(other)) => one.project == other.project && one.service == other.service,
        _ => one.image == other.image && one.command == other.command,
    }
}
