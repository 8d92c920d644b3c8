//! `unknown-name`: nothing on the source's networks is called so.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::gateway::reload;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;
use crate::topology::{Container, TASKS};

pub(super) const CAUSE: Cause = Cause {
    code: "unknown-name",
    summary: "no container, service or alias on the source's networks has this name",
    page: r"
Docker's resolver knows the containers of a network by their name, their compose service, their aliases and their short
id. It knows no image names, no project names, and no name of a container that does not run.

## How dprobe knows

The lookup found nothing, and none of the names that the engine has for the source's networks is the one that was asked
for. A name that comes close (other separators, a letter more or less, the image of a running container) is the proof.
A name with dots that is like none of them is left to the outside world's DNS.

## Why it happens

A misspelt name; `project_db_1` where newer compose versions write `project-db-1`; the project or the image used as a
name; an alias that was given on another network. Or the container was removed: an nginx that found the name when it started
goes on without it, and answers 502.

## How to fix it

Use the name that works from there: dprobe prints it. To make a further name work:

    docker network disconnect favorites-net mongodb
    docker network connect --alias db favorites-net mongodb

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network favorites-net nginx

and then `dprobe check web mongdb:27017`.

Related: default-bridge-no-dns, no-shared-network, target-not-running
",
    yields_to: &["overlay-gossip-blocked", "other-engine"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let failed = case.lookup().filter(|_| case.name_failed());
    if !case.dials_name() || !case.from_container() || (case.measured() && failed.is_none()) {
        return None;
    }
    if case.target_in_host_mode() {
        return in_host_mode(case, failed?.id);
    }
    if let Some(nginx) = case.nginx_that_found_name() {
        return Some(gone(case, failed?.id, nginx));
    }
    let known = names(case);
    let heard = case.heard_names();
    let name = &case.to.host;
    let asked = known.iter().map(|(known, _)| *known).chain(heard.iter().copied()).any(|one| one.eq_ignore_ascii_case(name));
    let (near, note): (Vec<String>, _) = match case.to.kind {
        // The container exists and can be seen from here, but not by this name.
        TargetKind::Container => {
            let target = case.target().filter(|target| target.state.status.has_processes())?;
            let shared = case.shared_networks();
            if asked || shared.is_empty() || shared.iter().all(|network| Some(*network) == case.topology.default_bridge()) {
                return None;
            }
            (own_names(case, target), format!("{} is on the same network, but not by that name.", target.name))
        }
        TargetKind::Name if !asked => {
            let near = alike(case, &known, &heard);
            if near.is_empty() && name.contains('.') {
                return None;
            }
            (near, String::new())
        }
        _ => return None,
    };
    let mut fixes: Vec<Fix> = near.iter().take(2).map(|name| suggestion(case, name)).collect();
    let list = listed(&known, &heard);
    if fixes.is_empty() {
        fixes.push(change(format!("start a container of that name on a network of {}, or use one of its names", case.from.place)));
    }
    let meant = match near.first() {
        Some(near) => format!(": did you mean {near}?"),
        None => String::new(),
    };
    // What a worker does not know may be the whole reason: a service whose tasks do not run.
    let blind = case.topology.swarm.as_ref().is_some_and(|swarm| !swarm.manager);
    let worker = if blind && case.on_overlay() {
        "This engine is a worker of a swarm and knows no services; on a manager dprobe can tell more.".to_owned()
    } else {
        String::new()
    };
    let mut because: Vec<String> = failed.map(|seen| seen.id.to_owned()).into_iter().collect();
    because.extend(case.source_networks().iter().map(|network| format!("topology.networks.{network}")));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("nothing that {} can see is called {name}{meant}", case.from.place),
        explanation: [
            format!("No container, service or alias on the networks of {} has the name {name}.", case.from.place),
            note,
            list,
            worker,
            case.dns_left_out().trim_start().to_owned(),
        ]
        .into_iter()
        .filter(|sentence| !sentence.is_empty())
        .collect::<Vec<_>>()
        .join(" "),
        because,
        fixes,
    })
}

/// Every name that resolves from the source, with its container.
fn names<'a>(case: &Case<'a>) -> Vec<(&'a str, &'a Container)> {
    let networks = case.source_networks();
    case.topology
        .containers
        .values()
        .filter(|container| container.state.status.has_processes())
        .flat_map(|container| {
            networks
                .iter()
                .filter(|network| Some(**network) != case.topology.default_bridge())
                .filter_map(|network| container.attachments.get(*network))
                .flat_map(|attachment| &attachment.names)
                .map(move |name| (name.as_str(), container))
        })
        .collect()
}

/// The names by which the source finds a container, the friendliest first.
fn own_names(case: &Case<'_>, target: &Container) -> Vec<String> {
    let shared = case.shared_networks();
    let owner = case.topology.namespace_owner(target);
    let mut names: Vec<String> = shared
        .iter()
        .filter_map(|network| owner.attachments.get(*network))
        .flat_map(|attachment| attachment.names.iter().cloned())
        .filter(|name| name != owner.short_id())
        .collect();
    let service = owner.compose.as_ref().map(|compose| compose.service.clone());
    names.sort_by_key(|name| (Some(name) != service.as_ref(), *name != owner.name, name.clone()));
    names.dedup();
    names
}

/// The resolvable names that may be meant: of a like spelling, or of a container whose image, service or project is
/// called so.
fn alike(case: &Case<'_>, known: &[(&str, &Container)], heard: &[&str]) -> Vec<String> {
    let wanted = case.to.host.as_str();
    // Nobody who looks for somebody else means himself.
    let others = || known.iter().filter(|(_, of)| Some(&of.name) != case.from.container.as_ref());
    let names = others().filter(|(name, of)| is_friendly(name, of)).map(|(name, _)| *name).chain(heard.iter().copied());
    let mut near = resolve::near(wanted, names.map(str::to_owned));
    let by_origin = others().filter(|(_, container)| {
        container.image_name() == wanted
            || container.compose.as_ref().is_some_and(|compose| compose.project == wanted || compose.service == wanted)
    });
    for (_, container) in by_origin {
        if !near.contains(&container.name) {
            near.push(container.name.clone());
        }
    }
    // Elsewhere on the engine a near name is worth a word, too, but only where nothing nearer is.
    if near.is_empty() {
        near = resolve::near(wanted, case.topology.containers.keys().filter(|name| Some(*name) != case.from.container.as_ref()).cloned());
    }
    near
}

fn suggestion(case: &Case<'_>, name: &str) -> Fix {
    let address = case.to.port.map_or_else(|| name.to_owned(), |port| host_port(name, port));
    dial("use the name that works from there", address)
}

/// The names that do work, in a sentence.
fn listed(known: &[(&str, &Container)], heard: &[&str]) -> String {
    let mut names: Vec<&str> = known.iter().filter(|(name, of)| is_friendly(name, of)).map(|(name, _)| *name).collect();
    names.extend(heard);
    names.sort_unstable();
    names.dedup();
    match names.len() {
        0 => "No container there has a name that could be used.".to_owned(),
        1..=8 => format!("These names work from there: {}.", names.join(", ")),
        more => format!("These names work from there, among {more}: {}.", names[..8].join(", ")),
    }
}

/// Whether a name is one that people use: no id, and not that of one task where its service has a name.
fn is_friendly(name: &str, of: &Container) -> bool {
    let of_task = of.task.is_some() && (name == of.name || name.starts_with(TASKS));
    name != of.short_id() && !of_task
}

/// A name that an nginx found when it started is spelt as it should be, whatever is called alike.
fn gone(case: &Case<'_>, lookup: &str, nginx: &Container) -> Found {
    let name = &case.to.host;
    let compose = nginx.compose.as_ref().map(|compose| {
        let word = if compose.version.starts_with("1.") { "docker-compose" } else { "docker compose" };
        format!(" (`{word} -p {} up -d`)", compose.project)
    });
    let how = compose.unwrap_or_else(|| " (`docker run --name …`), on a network that both are on".to_owned());
    Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("nothing that {} can see is called {name} any more", nginx.name),
        explanation: format!(
            "nginx looked {name} up when it started, so it was there then. Now no container, service or alias on the networks \
             of {} has that name: it was removed, or taken off the network.",
            nginx.name
        ),
        because: vec![lookup.to_owned(), format!("{}.reverse_proxy", Case::container_evidence(nginx))],
        fixes: vec![change(format!(
            "make {name} again{how}, then have {} look its name up anew: `{}`",
            nginx.name,
            reload(nginx)
        ))],
    }
}

/// A target in host mode is on no network of the engine, so no resolver knows it. The way to it is the way to the host.
fn in_host_mode(case: &Case<'_>, lookup: &str) -> Option<Found> {
    let target = case.target()?;
    let gateway = resolve::gateway_of(case.from, case.topology)?.to_string();
    let address = case.to.port.map_or_else(|| gateway.clone(), |port| host_port(&gateway, port));
    let now = Fix { lasting: false, ..dial("dial the host by the gateway of the network", address) };
    let entry = format!("host.docker.internal:{}", resolve::HOST_GATEWAY);
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{} uses the host's network and has no name on others", target.name),
        explanation: format!(
            "{} was started with `--network host`: its ports are ports of the host, and Docker's resolver does not know it. \
             From {} it is reached where the host is reached.",
            target.name, case.from.place
        ),
        because: vec![lookup.to_owned(), Case::container_evidence(target)],
        fixes: vec![
            now,
            change(format!("recreate {} with `--add-host {entry}` and dial host.docker.internal", case.from.place)),
        ],
    })
}
