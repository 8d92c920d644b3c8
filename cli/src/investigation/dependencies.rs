//! What a source depends on, where nobody named a target.

use std::time::Duration;

use dprobe_probes::wire::Fact;

use super::look::{Look, Pair};
use crate::compose;
use crate::discovery;
use crate::engine::{Engine, EngineError};
use crate::report::{Check, Source, Target, Verdict};
use crate::resolve;
use crate::topology::{Dependency, Origin, Status, Topology};
use crate::words;

/// How long a DNS server or a gateway may take to answer: they are shown where they do, and nobody waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most DNS servers that are asked (MAXNS of resolv.conf(5)).
const SERVERS: usize = 3;

/// Everything that the source is told to connect to, as targets; the topology knows it afterwards.
pub(super) async fn of(
    engine: &Engine,
    from: &Source,
    mut topology: Topology,
) -> Result<(Topology, Vec<Target>), EngineError> {
    let Some(container) = from.container.as_ref().and_then(|name| topology.containers.get(name)) else {
        return Ok((topology, Vec::new()));
    };
    let mut configuration = engine.configuration(&container.id).await?;
    if let Some(service) = container.compose.as_ref().filter(|_| configuration.depends_on.is_empty()) {
        configuration.depends_on = compose::files::depends_on(service, engine.info());
    }
    let found = discovery::dependencies(&configuration, container, &topology);
    drop(configuration);
    let name = container.name.clone();
    let targets = found.iter().filter_map(|one| resolve::dependency(one, from, &topology)).collect();
    if let Some(container) = topology.containers.get_mut(&name) {
        container.dependencies = found;
    }
    Ok((topology, targets))
}

/// Whether a target is one that only its relation names, and that serves nobody: a worker that is to run before the source
/// does, or a task that has done its work. There is nothing to reach.
pub(super) fn serves_nobody(pair: &Pair, topology: &Topology) -> bool {
    let relation = |origin: &Origin| matches!(origin, Origin::DependsOn(_) | Origin::Link(_));
    let to = &pair.to;
    if to.origins.is_empty() || !to.origins.iter().all(relation) {
        return false;
    }
    let container = to.container.as_ref().and_then(|name| topology.containers.get(name));
    container.is_some_and(|container| {
        let done = container.state.status == Status::Exited && container.state.exit_code == 0;
        to.port.is_none() && (container.state.status.has_processes() || done)
    })
}

/// Adds the DNS servers and the gateway of the source, where they answer.
pub(super) async fn infrastructure(look: &mut Look<'_>, from: &Source, checks: &mut Vec<Check>) {
    let pairs = surroundings(look, from);
    if pairs.is_empty() {
        return;
    }
    let limits = look.limits;
    look.limits.timeout = limits.timeout.min(PATIENCE);
    let seen = look.glance(pairs).await;
    look.limits = limits;
    match seen {
        Ok(seen) => {
            checks.extend(
                seen.into_iter().filter(|check| check.verdict == Verdict::Reachable && check.diagnoses.is_empty()),
            );
        }
        Err(error) => tracing::debug!(%error, "left out the DNS servers and the gateway"),
    }
}

fn surroundings(look: &Look<'_>, from: &Source) -> Vec<Pair> {
    let (mut servers, mut gateway) = (Vec::new(), None);
    for observation in look.observations.iter().filter(|observation| observation.place == from.place) {
        match &observation.fact {
            Fact::Resolver(fact) => servers.clone_from(&fact.nameservers),
            Fact::Network(fact) => {
                let mut out = fact.routes.iter().filter(|route| route.destination.prefix == 0);
                gateway = out.find_map(|route| route.gateway);
            }
            _ => {}
        }
    }
    let text = |address: std::net::IpAddr| if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let servers =
        servers.into_iter().take(SERVERS).map(|server| (format!("{}:53/udp", text(server)), Origin::Resolver));
    let all = servers.chain(gateway.map(|gateway| (text(gateway), Origin::Gateway)));
    all.filter_map(|(target, origin)| {
        words::target(&target).ok()?;
        let dependency = Dependency { target, origins: vec![origin], ..Dependency::default() };
        let to = resolve::dependency(&dependency, from, &look.topology)?;
        Some(Pair { from: from.clone(), to })
    })
    .collect()
}
