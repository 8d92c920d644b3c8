//! `link-stale`: a legacy link leads to the address that the other container had when the link was made.

use dprobe_probes::lookup::AnswerSource;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Fix, Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "link-stale",
    summary: "a legacy link still leads to the address of a container that has been made anew",
    page: r"
`--link db:database` on the default bridge is a line in /etc/hosts, written when the container is made. The engine keeps it
right while the linked container is merely restarted. When that one is removed and made anew, the line stays as it was, and
the name leads to an address that is nobody's, or somebody else's.

## How dprobe knows

The source has a link for the name, the name was answered from the hosts file, and the linked container has another address
now.

## Why it happens

Links are a feature of the time before networks had names; Docker calls them legacy. An update of the database, which
removes and makes the container, is all it takes.

## How to fix it

Recreate the container that has the link. A restart is no help: the engine then looks for the container that is gone, and
does not start it.

For good, put both on a network of their own, where names are looked up each time:

    docker network create favorites-net
    docker run -d --name db --network favorites-net postgres
    docker run -d --name web --network favorites-net nginx

## How to reproduce it

    docker run -d --name db postgres
    docker run -d --name web --link db nginx
    docker rm -f db
    docker run -d --name other nginx
    docker run -d --name db postgres

Related: stale-ip, hosts-override, link-env-collision
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup()?;
    let answer = lookup.fact.answers.iter().find(|answer| answer.source == AnswerSource::HostsFile)?;
    let source = case.source()?;
    let host = &case.to.host;
    let link = source.links.iter().find(|link| &link.alias == host || &link.container == host)?;
    let target = case.target().filter(|target| target.name == link.container && target.state.status.has_processes())?;
    let addresses: Vec<_> = target.attachments.values().flat_map(crate::topology::Attachment::addresses).collect();
    let old = answer.address;
    if addresses.is_empty() || addresses.contains(&old) {
        return None;
    }
    let (name, from) = (&target.name, &source.name);
    let new = addresses[0];
    let owner = case.topology.owner_of(old).map_or_else(
        || "which no container has any more".to_owned(),
        |(owner, _)| format!("which belongs to {} now", owner.name),
    );
    let flag = if &link.alias == name { name.clone() } else { format!("{name}:{}", link.alias) };
    let mut fixes = vec![change(format!(
        "remove {from} and make it anew with the same flags (`--link {flag}` is read when a container is made; a restart \
         does not help)"
    ))];
    if let Some(port) = case.to.port {
        fixes.push(Fix {
            lasting: false,
            ..dial("meanwhile, dial the address that it has now", host_port(&new.to_string(), port))
        });
    }
    fixes.push(change(format!(
        "for good, make both anew on a network of their own instead of the link: `docker network create {name}-net`, then \
         `--network {name}-net` for each"
    )));
    let mut because = vec![lookup.id.to_owned(), Case::container_evidence(source), Case::container_evidence(target)];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("the link of {from} sends {host} to {old}, {owner}"),
        explanation: format!(
            "`--link` writes the other container's address into /etc/hosts of {from} once. {name} has been made anew since, \
             and is at {new}; the line in the hosts file still says {old}."
        ),
        because,
        fixes,
    })
}
