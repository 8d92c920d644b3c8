//! Which container, service or network a word names, and which names come close to it.

use super::ResolveError;
use crate::report::Source;
use crate::topology::{Container, TASKS, TaskLabels, Topology};

/// The container that a word names: by the resolver of a network it shares with `seen_from`, by a link of it, by its
/// name, by its id or a prefix of it, by its compose service (the source's own project first), by an alias anywhere.
pub(super) fn container<'a>(
    word: &str,
    seen_from: Option<&Source>,
    topology: &'a Topology,
) -> Result<&'a Container, ResolveError> {
    let source = seen_from.and_then(|source| source.container.as_ref()).and_then(|name| topology.containers.get(name));
    let networks = seen_from.map(|source| super::source_networks(source, topology)).unwrap_or_default();
    let attached = attached_on(word, &networks, topology);
    if let Some(found) = attached.iter().find(|container| container.state.status.has_processes()) {
        return Ok(found);
    }
    let linked =
        source.and_then(|source| source.links.iter().find(|link| link.alias == word || link.container == word));
    if let Some(found) = linked.and_then(|link| topology.containers.get(&link.container)) {
        return Ok(found);
    }
    if let Some(found) = topology.containers.get(word) {
        return Ok(found);
    }
    // It had this name on a network of the source until it stopped, which makes it likelier than any running one elsewhere.
    if let Some(found) = attached.first() {
        return Ok(found);
    }
    let by_id: Vec<_> = topology.containers.values().filter(|container| is_id(word, container)).collect();
    match by_id.as_slice() {
        [] => {}
        [found] => return Ok(found),
        many => return Err(ambiguous(word, many)),
    }
    let project = source.and_then(|source| source.compose.as_ref()).map(|compose| compose.project.as_str());
    let mut services: Vec<_> = topology
        .containers
        .values()
        .filter(|container| container.compose.as_ref().is_some_and(|compose| compose.service == word))
        .collect();
    let in_project =
        |container: &&Container| container.compose.as_ref().map(|compose| compose.project.as_str()) == project;
    if services.iter().any(in_project) {
        services.retain(in_project);
    }
    if let Some(found) = one_of(word, &services)? {
        return Ok(found);
    }
    let by_alias: Vec<_> = topology
        .containers
        .values()
        .filter(|container| not_replaced(container))
        .filter(|container| container.attachments.values().any(|attachment| attachment.answers_to(word)))
        .collect();
    by_alias.first().copied().ok_or_else(|| ResolveError::Unknown {
        kind: "container or service",
        word: word.to_owned(),
        near: near(word, topology.containers.values().flat_map(names_of)),
    })
}

/// The container of a compose service, a running one first.
pub(super) fn service<'a>(project: &str, service: &str, topology: &'a Topology) -> Result<&'a Container, ResolveError> {
    let word = format!("{project}/{service}");
    let of_compose = |container: &&Container| {
        container.compose.as_ref().is_some_and(|compose| compose.project == project && compose.service == service)
    };
    let found: Vec<_> = topology.containers.values().filter(of_compose).collect();
    one_of(&word, &found)?.ok_or_else(|| {
        let known = topology
            .containers
            .values()
            .filter_map(|container| container.compose.as_ref())
            .map(|compose| format!("{}/{}", compose.project, compose.service));
        ResolveError::Unknown { kind: "compose service", near: near(&word, known), word: word.clone() }
    })
}

/// What is on other nodes only.
pub(super) enum Elsewhere<'a> {
    /// A service of the swarm, by name.
    Service(&'a str),
    /// A container that was put on an overlay network by hand.
    Container,
}

/// The service of the swarm, or the container on an overlay network of the source, that a word names and that this engine
/// runs nothing of.
pub(super) fn elsewhere<'a>(word: &str, seen_from: Option<&Source>, topology: &'a Topology) -> Option<Elsewhere<'a>> {
    let networks = seen_from.map(|source| super::source_networks(source, topology)).unwrap_or_default();
    let swarm = topology.swarm.as_ref()?;
    if let Some((name, _)) = swarm.service_called(word, &networks) {
        return Some(Elsewhere::Service(name));
    }
    let overlays = networks.iter().filter_map(|key| topology.networks.get(*key)?.overlay.as_ref());
    let plain = word.strip_prefix(TASKS).unwrap_or(word);
    let stack = source_task(seen_from, topology).and_then(|task| task.stack.as_ref());
    let in_stack = stack.map(|stack| format!("{stack}_{plain}"));
    let is_called = |service: &&str| {
        service.eq_ignore_ascii_case(plain) || in_stack.as_ref().is_some_and(|name| service.eq_ignore_ascii_case(name))
    };
    let mut endpoints = overlays.flat_map(|overlay| &overlay.endpoints);
    endpoints.find_map(|endpoint| {
        let service = endpoint.service.as_deref().filter(is_called);
        let named = endpoint.name.eq_ignore_ascii_case(word);
        service
            .or(endpoint.service.as_deref().filter(|_| named))
            .map(Elsewhere::Service)
            .or(named.then_some(Elsewhere::Container))
    })
}

/// The task that the source is.
fn source_task<'a>(source: Option<&Source>, topology: &'a Topology) -> Option<&'a TaskLabels> {
    topology.containers.get(source?.container.as_ref()?)?.task.as_ref()
}

/// The key of a network by its name, its key or an id.
pub(super) fn network<'a>(word: &str, topology: &'a Topology) -> Result<&'a str, ResolveError> {
    let matches = |(key, network): &(&'a String, &crate::topology::Network)| {
        *key == word || network.name == word || (word.len() >= 4 && network.id.starts_with(word))
    };
    topology.networks.iter().find(matches).map(|(key, _)| key.as_str()).ok_or_else(|| ResolveError::Unknown {
        kind: "network",
        word: word.to_owned(),
        near: near(word, topology.networks.keys().cloned()),
    })
}

/// The containers that have a name on one of these networks, whether they run or not.
fn attached_on<'a>(word: &str, networks: &[&str], topology: &'a Topology) -> Vec<&'a Container> {
    let named = |container: &&Container| {
        networks
            .iter()
            .filter_map(|network| container.attachments.get(*network))
            .any(|attachment| attachment.answers_to(word))
    };
    topology.containers.values().filter(|container| not_replaced(container)).filter(named).collect()
}

/// Whether a container is not a task of a service that has ended: swarm never starts one again, it makes another.
fn not_replaced(container: &Container) -> bool {
    container.task.is_none() || container.state.status.has_processes()
}

/// One of the containers of a service: replicas are alike, so a running one stands for all. Containers of different
/// projects are not.
fn one_of<'a>(word: &str, candidates: &[&'a Container]) -> Result<Option<&'a Container>, ResolveError> {
    let project = |container: &Container| container.compose.as_ref().map(|compose| compose.project.clone());
    let Some(first) = candidates.first() else { return Ok(None) };
    if candidates.iter().any(|other| project(other) != project(first)) {
        return Err(ambiguous(word, candidates));
    }
    Ok(candidates.iter().find(|container| container.state.status.has_processes()).or(candidates.first()).copied())
}

fn ambiguous(word: &str, candidates: &[&Container]) -> ResolveError {
    ResolveError::Ambiguous {
        word: word.to_owned(),
        candidates: candidates.iter().take(8).map(|container| container.name.clone()).collect(),
    }
}

/// Whether a word is the id of a container or a prefix of it. Four digits at least, for shorter ones are names.
pub(super) fn is_id(word: &str, container: &Container) -> bool {
    word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && container.id.starts_with(word)
}

/// The names that people may mean a container by.
fn names_of(container: &Container) -> impl Iterator<Item = String> {
    let service = container.compose.as_ref().map(|compose| compose.service.clone());
    let of_swarm = container.task.as_ref().map(|task| task.service.clone());
    std::iter::once(container.name.clone()).chain(service).chain(of_swarm)
}

/// The names that come close to a word, the nearest first, at most three: other separators or case, one contained in the
/// other, or few letters changed.
pub fn near(word: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = plain(word);
    let mut scored: Vec<(usize, String)> = names
        .filter(|name| name != word)
        .filter_map(|name| {
            let candidate = plain(&name);
            let distance = strsim::damerau_levenshtein(&wanted, &candidate);
            let contains = wanted.len() >= 3
                && candidate.len() >= 3
                && (candidate.contains(&wanted) || wanted.contains(&candidate));
            let allowed = wanted.chars().count().min(candidate.chars().count()).div_ceil(3).min(3);
            let score = if distance <= allowed { distance } else { 4 + distance };
            (distance <= allowed || contains).then_some((score, name))
        })
        .collect();
    scored.sort();
    scored.dedup_by(|one, other| one.1 == other.1);
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// The ports that images are known for, by the base name of the image.
const WELL_KNOWN: [(&str, u16); 24] = [
    ("caddy", 80),
    ("clickhouse", 8123),
    ("elasticsearch", 9200),
    ("grafana", 3000),
    ("haproxy", 80),
    ("httpd", 80),
    ("kafka", 9092),
    ("mariadb", 3306),
    ("memcached", 11211),
    ("minio", 9000),
    ("mongo", 27017),
    ("mongodb", 27017),
    ("mosquitto", 1883),
    ("eclipse-mosquitto", 1883),
    ("mysql", 3306),
    ("nats", 4222),
    ("nginx", 80),
    ("postgis", 5432),
    ("postgres", 5432),
    ("rabbitmq", 5672),
    ("redis", 6379),
    ("traefik", 80),
    ("valkey", 6379),
    ("vault", 8200),
];

/// The port that the image of a container is known for; where the image says nothing, the program that it runs.
pub(crate) fn well_known_port(container: &Container) -> Option<u16> {
    let program = container.command.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let program = match program {
        "mongod" => "mongo",
        "redis-server" => "redis",
        "mysqld" | "mariadbd" => "mysql",
        other => other,
    };
    [container.image_name(), program]
        .iter()
        .find_map(|name| WELL_KNOWN.iter().find(|(known, _)| known == name).map(|(_, port)| *port))
}
