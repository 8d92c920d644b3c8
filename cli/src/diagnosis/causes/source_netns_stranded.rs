//! `source-netns-stranded`: the source sits in the network namespace that another container has left behind.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Fix, Severity, StageName};
use crate::topology::{Container, NetworkMode};

pub(super) const CAUSE: Cause = Cause {
    code: "source-netns-stranded",
    summary: "the container whose network the source shares was restarted, and the source kept the dead one",
    page: r"
With `--network container:vpn` (in compose `network_mode: service:vpn`) a container has no network of its own; it uses that
of `vpn`. When `vpn` is restarted it gets a new network namespace. The other container stays in the old one, in which
nothing is left but loopback: no name resolves, no address can be reached, and it does not notice.

## How dprobe knows

The source shares the network of another container, and in the namespace that it is really in there is no interface but
`lo`, while the other container has addresses. Without agents: it has been running since before the other was started.

## Why it happens

A VPN container was restarted, updated by a tool, or brought back by its restart policy or health check. The engine
restarts nobody who depends on it.

## How to fix it

    docker restart web

joins the network of `vpn` as it is now. Where `vpn` was made anew, as `docker compose up` does after a change, its id is
another one, and the dependent has to be made anew as well: `docker compose up -d --force-recreate web`.

For good, in compose (2.17 and later) restart the dependent together with it:

    services:
      web:
        network_mode: service:vpn
        depends_on:
          vpn:
            condition: service_started
            restart: true

## How to reproduce it

    docker run -d --name vpn busybox sleep infinity
    docker run -d --name web --network container:vpn nginx
    docker restart vpn

Related: source-network-none, source-not-running
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source().filter(|source| source.state.status.has_processes())?;
    let NetworkMode::Container(of) = &source.network_mode else { return None };
    let owner = case.topology.namespace_owner(source);
    let gone = matches!(owner.network_mode, NetworkMode::Container(_));
    let evidence = stranded(case, source, owner, gone)?;
    let name = &source.name;
    let short = of.get(..12).unwrap_or(of);
    let other = if gone { format!("container {short}") } else { owner.name.clone() };
    let (happened, fix) = if gone {
        ("was removed", recreate(source))
    } else if owner.state.status.has_processes() {
        let commands = restarts(case, source);
        ("was restarted", run(format!("restart {name}, so that it joins the network of {other} as it is now"), commands))
    } else {
        let mut commands = vec![command(&["docker", "start", &owner.name])];
        commands.extend(restarts(case, source));
        ("has ended", run(format!("start {other}, then restart {name}, so that it joins its network anew"), commands))
    };
    let mut because = vec![Case::container_evidence(source)];
    because.extend((!gone).then(|| Case::container_evidence(owner)));
    because.extend(evidence);
    let depends = source.compose.as_ref().zip(owner.compose.as_ref()).filter(|_| !gone).map(|(_, owner)| {
        format!("depends_on:\n  {}:\n    condition: service_started\n    restart: true", owner.service)
    });
    let compose = depends.and_then(|depends| crate::diagnosis::fixes::compose_service(source, &depends));
    Some(Found {
        severity: if case.gets_through() { Severity::Warning } else { Severity::Error },
        stage: StageName::Source,
        title: format!("{name} is left in a dead network: {other}, whose network it shares, {happened}"),
        explanation: format!(
            "{name} has no network of its own (`--network container:{}`). When {other} {happened}, its network went, and {name} \
             stayed behind in what was left of it: a loopback interface and nothing else. No name and no address can be \
             reached from there.",
            if gone { short } else { &owner.name }
        ),
        because,
        fixes: vec![fix.with_compose(compose)],
    })
}

/// Whether the source is in a namespace that is not the owner's, with the observation that tells.
fn stranded(case: &Case<'_>, source: &Container, owner: &Container, gone: bool) -> Option<Vec<String>> {
    if !gone && matches!(owner.network_mode, NetworkMode::None | NetworkMode::Host) {
        return None;
    }
    let has_address = owner.attachments.values().any(|attachment| attachment.addresses().next().is_some());
    let runs = owner.state.status.has_processes();
    if !gone && runs && !has_address {
        return None;
    }
    match case.network_in(&case.from.place) {
        Some(seen) => {
            let alone = seen.fact.interfaces.iter().all(|interface| interface.loopback);
            alone.then(|| vec![seen.id.to_owned()])
        }
        // The two ages are read moments apart.
        None if !gone && runs => (source.state.up_s? > owner.state.up_s? + 1.0).then(Vec::new),
        None => None,
    }
}

/// A restart of every container between the owner and the source, the nearest to the owner first.
fn restarts(case: &Case<'_>, source: &Container) -> Vec<String> {
    let mut names = vec![source.name.clone()];
    let mut current = source;
    while let NetworkMode::Container(of) = &current.network_mode {
        let next = case.topology.containers.values().find(|other| &other.id == of || &other.name == of);
        match next {
            Some(next) if matches!(next.network_mode, NetworkMode::Container(_)) && !names.contains(&next.name) => {
                names.push(next.name.clone());
                current = next;
            }
            _ => break,
        }
    }
    names.iter().rev().map(|name| command(&["docker", "restart", name])).collect()
}

/// The id that it was made with means nothing any more, so no restart helps.
fn recreate(source: &Container) -> Fix {
    match &source.compose {
        Some(compose) => change(format!(
            "recreate it: `docker compose up -d --force-recreate {}` in the folder of project {}",
            compose.service, compose.project
        )),
        None => change(format!(
            "recreate {} with `--network container:` and the name of the container that took its place",
            source.name
        )),
    }
}
