//! `no-shared-network`: source and target are on different networks.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{command, compose_join, connect, new_network_name, run};
use crate::report::{Fix, Severity, SourceKind, StageName, TargetKind};
use crate::topology::{Container, Network, NetworkMode};

pub(super) const CAUSE: Cause = Cause {
    code: "no-shared-network",
    summary: "source and target are on different networks, which the engine keeps apart",
    page: r"
Each Docker network is a world of its own. Containers that share no network can neither resolve each other's names nor
reach each other's addresses, even on one machine.

## How dprobe knows

The engine's account: the set of networks of the one and that of the other have nothing in common. By name, the lookup
finds nothing; by address, packets vanish and the connect times out.

## Why it happens

Each compose project makes a network of its own, so services of two projects do not meet. A container started without
`--network` is on the default bridge, one started with it is not. Or the container was created before the network it
should be on.

## How to fix it

Put one of them on a network of the other; it works at once and nothing is restarted:

    docker network connect favorites-net web

For good: start it with `--network favorites-net`; in compose, let both projects name one network that is declared
`external: true`.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web nginx

Related: default-bridge-no-dns, unknown-name, source-network-none
",
    yields_to: &["network-missing"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    between_services(case).or_else(|| between_containers(case))
}

fn between_containers(case: &Case<'_>) -> Option<Found> {
    let target = case.target()?;
    if case.to.kind != TargetKind::Container
        || !case.from_container()
        || case.same_namespace()
        || case.target_in_host_mode()
        || case.gets_through()
        || !case.shared_networks().is_empty()
        || on_none(case)
        || case.target_networks().is_empty()
    {
        return None;
    }
    // A container that does not run has left its networks as far as addresses go, but not on paper: both accounts matter.
    let source_networks = case.source_networks();
    let mut because: Vec<String> = case.source().map(Case::container_evidence).into_iter().collect();
    because.push(Case::container_evidence(target));
    because.extend(case.lookup().filter(|_| case.name_failed()).map(|seen| seen.id.to_owned()));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let list = |networks: &[&str]| if networks.is_empty() { "no network".to_owned() } else { networks.join(", ") };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{} and {} share no network", case.from.place, target.name),
        explanation: format!(
            "{} is on {}; {} is on {}. Docker keeps networks apart: across them names do not resolve and packets are \
             dropped. Two containers reach each other only on a network that both are on.",
            case.from.place,
            list(&source_networks),
            target.name,
            list(&case.target_networks()),
        ),
        because,
        fixes: fixes(case, target),
    })
}

/// The same where the target is a service of a swarm, wherever its tasks are.
fn between_services(case: &Case<'_>) -> Option<Found> {
    let (name, service) = case.service()?;
    let usable = |key: &&str| case.topology.networks.get(*key).is_some_and(|network| !network.is_ingress());
    let own: Vec<&str> = case.source_networks().into_iter().filter(usable).collect();
    let of_service: Vec<&str> = service.networks.keys().map(String::as_str).filter(usable).collect();
    let meet = own.iter().any(|key| of_service.contains(key));
    if meet || !case.from_container() || case.gets_through() || on_none(case) || !case.lookup().is_some_and(|_| case.name_failed()) {
        return None;
    }
    let from = case.source().and_then(|source| source.task.as_ref()).map_or(case.from.place.as_str(), |task| &task.service);
    let update = |network: &str, service: &str| {
        let words = ["docker", "service", "update", "--network-add", network, service];
        run(format!("put {service} on {network} as well"), vec![command(&words)])
    };
    let overlay = |key: &&&str| case.topology.networks.get(**key).is_some_and(|network| network.driver == "overlay");
    let attachable = |key: &&&str| case.topology.networks.get(**key).is_some_and(Network::is_attachable);
    let mut fixes: Vec<Fix> = Vec::new();
    match case.source() {
        Some(source) if source.task.is_some() => {
            fixes.extend(of_service.first().map(|network| update(network, from)));
        }
        Some(source) => fixes.extend(of_service.iter().find(attachable).map(|network| {
            run(format!("put {} on {network} as well", source.name), vec![connect(network, source, None)])
        })),
        None => {}
    }
    fixes.extend(own.iter().find(overlay).map(|network| update(network, name)));
    let list = |networks: &[&str]| if networks.is_empty() { "no network of its own".to_owned() } else { networks.join(", ") };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{from} and the service {name} share no network"),
        explanation: format!(
            "{from} is on {}; the service {name} is on {}. A service's name is known on its own networks alone; the ports that \
             it publishes on the nodes are for those who come from outside.",
            list(&own),
            list(&of_service),
        ),
        because: vec![format!("topology.swarm.services.{name}"), case.lookup()?.id.to_owned()],
        fixes,
    })
}

/// Whether one of the two has no network at all, which is another fault.
fn on_none(case: &Case<'_>) -> bool {
    let none = |container: &Container| case.topology.namespace_owner(container).network_mode == NetworkMode::None;
    case.source().is_some_and(none)
}

/// The one command that brings them together: the source onto a network of the target, unless only the source is on a
/// network that resolves names.
fn fixes(case: &Case<'_>, target: &Container) -> Vec<Fix> {
    let by_name = case.dials_name();
    let usable = |keys: Vec<&str>| -> Vec<String> {
        let mut keys: Vec<_> = keys
            .into_iter()
            .filter_map(|key| case.topology.networks.get(key).map(|network| (key, network)))
            .filter(|(_, network)| network.is_attachable() && !(by_name && network.is_default_bridge()))
            .collect();
        // A network with a way out first: joining an internal one must not become the source's only hope.
        keys.sort_by_key(|(_, network)| network.internal);
        keys.into_iter().map(|(key, _)| key.to_owned()).collect()
    };
    let target_owner = case.topology.namespace_owner(target);
    let source_owner = case.source().map(|source| case.topology.namespace_owner(source));
    let mut fixes = Vec::new();
    let of_target = usable(case.target_networks());
    if let Some(source) = source_owner.filter(|source| source.network_mode != NetworkMode::None) {
        let network = of_target
            .iter()
            .find(|key| !by_name || target_owner.attachments.get(*key).is_some_and(|own| own.answers_to(&case.to.host)))
            .or(of_target.first());
        if let Some(network) = network {
            let known = target_owner.attachments.get(network).is_some_and(|own| own.answers_to(&case.to.host));
            if known || !by_name {
                fixes.push(
                    run(format!("put {} on {network} as well", source.name), vec![connect(network, source, None)])
                        .with_edit(compose_join(source, network, case.topology)),
                );
            }
        }
    }
    let of_source = usable(case.source_networks());
    if let Some(network) = of_source.first().filter(|_| by_name && (fixes.is_empty() || case.from.kind == SourceKind::Network)) {
        fixes.push(
            run(
                format!("put {} on {network} as well", target_owner.name),
                vec![connect(network, target_owner, Some(&case.to.host))],
            )
            .with_edit(compose_join(target_owner, network, case.topology)),
        );
    }
    if let Some(source) = source_owner.filter(|_| fixes.is_empty()) {
        let network = new_network_name(case);
        fixes.push(run(
            format!("make a network for both: {network}"),
            vec![
                command(&["docker", "network", "create", &network]),
                connect(&network, source, None),
                connect(&network, target_owner, Some(&case.to.host).filter(|_| by_name).map(String::as_str)),
            ],
        ));
    }
    fixes
}
