//! Services of a swarm that this engine runs no task of, as source and as target.

use std::net::Ipv4Addr;

use super::ResolveError;
use crate::report::{PortOrigin, Source, SourceKind, Target, TargetKind};
use crate::topology::{ServicePort, Topology};
use crate::words::SourceWord;

/// A service that this engine has no task of, as a source: a fresh agent on one of its networks, where they take one.
pub(super) fn stand_in(word: &SourceWord, name: &str, topology: &Topology) -> Option<Result<Source, ResolveError>> {
    let swarm = topology.swarm.as_ref()?;
    let (name, service) = swarm.service_called(name, &[])?;
    let attachable = |key: &&String| {
        topology.networks.get(*key).is_some_and(|network| network.driver == "overlay" && network.is_attachable())
    };
    let Some(key) = service.networks.keys().find(attachable) else {
        let mut nodes: Vec<String> =
            swarm.tasks_of(name).filter_map(|task| Some(swarm.node_of(task)?.hostname.clone())).collect();
        nodes.sort();
        nodes.dedup();
        return Some(Err(ResolveError::Elsewhere { word: word.typed.clone(), nodes }));
    };
    Some(Ok(Source {
        typed: word.typed.clone(),
        kind: SourceKind::Network,
        place: format!("net:{key}"),
        container: None,
        network: Some(key.clone()),
        stand_in: true,
    }))
}

/// A service, or a container on an overlay network, without a task here. From the host its name is none, but the port that
/// every node publishes for it leads there.
pub(super) fn by_service(name: &str, source: &Source, topology: &Topology, target: &mut Target) {
    target.kind = TargetKind::Remote;
    target.service = Some(name.to_owned());
    let ports = topology.swarm.as_ref().and_then(|swarm| swarm.services.get(name)).map(|service| &service.ports);
    let meant = |port: &&ServicePort| {
        port.ingress
            && port.protocol == target.protocol
            && target.port.is_none_or(|asked| asked == port.published || asked == port.target)
    };
    if let Some(port) = ports.and_then(|ports| ports.iter().find(meant)).filter(|_| source.kind == SourceKind::Host) {
        target.host = Ipv4Addr::LOCALHOST.to_string();
        if target.port != Some(port.published) {
            target.port = Some(port.published);
            target.port_origin = Some(PortOrigin::Published);
        }
        target.container_port = Some(port.target);
    }
}
