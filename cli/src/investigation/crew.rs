//! The agents of one investigation: one a namespace, started together, kept from round to round.

use std::collections::BTreeMap;

use dprobe_probes::wire::Observation;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::engine::{Agent, Capability, Engine, EngineError, Namespace};
use crate::plan::{Limits, Post, Rights, Round};
use crate::report::{Source, SourceKind};
use crate::resolve::HOST;
use crate::topology::{NetworkMode, Topology};

/// The agents at their posts.
pub(super) struct Crew<'a> {
    engine: &'a Engine,
    allowed: bool,
    agents: BTreeMap<Post, Agent>,
    /// Places that could not be entered; they are not tried again.
    lost: Vec<String>,
    /// Agents that had a head start.
    starting: BTreeMap<Post, JoinHandle<Result<Agent, EngineError>>>,
}

impl<'a> Crew<'a> {
    pub(super) fn new(engine: &'a Engine, allowed: bool) -> Self {
        Self { engine, allowed, agents: BTreeMap::new(), lost: Vec::new(), starting: BTreeMap::new() }
    }

    /// Begins to start agents in containers, by name and id, that will be wanted in all likelihood. Whoever musters next waits
    /// for them; where one cannot be started, the reason is told then, for it is tried again.
    pub(super) fn head_start(&mut self, containers: Vec<(String, String)>) {
        if !self.allowed {
            return;
        }
        for (name, id) in containers {
            let engine = self.engine.clone();
            let place = name.clone();
            let start = async move { engine.start_agent(&place, Namespace::Container(id), Capability::None).await };
            self.starting.insert(Post::plain(name), tokio::spawn(start));
        }
    }

    /// Starts an agent at each post that has none, all at once.
    ///
    /// # Errors
    /// When an agent cannot be started for a reason that concerns them all, or at the source. A target that has vanished
    /// since the snapshot is a fact like any other: it is left without an agent.
    pub(super) async fn muster(
        &mut self,
        sources: &[&Source],
        topology: &Topology,
        mut posts: Vec<Post>,
    ) -> Result<(), EngineError> {
        if !self.allowed {
            return Ok(());
        }
        posts.sort();
        posts.dedup();
        posts.retain(|post| !self.agents.contains_key(post) && !self.lost.contains(&post.place));
        let engine = self.engine;
        let started = join_all(posts.into_iter().filter_map(|post| {
            let namespace = namespace(&post.place, sources, topology)?;
            let early = self.starting.remove(&post);
            let capability = match post.rights {
                Rights::None => Capability::None,
                Rights::Raw => Capability::NetRaw,
                Rights::HostRoot => Capability::HostRoot,
            };
            Some(async move {
                if let Some(early) = early
                    && let Ok(Ok(agent)) = early.await
                {
                    return (post, Ok(agent));
                }
                let agent = engine.start_agent(&post.place, namespace, capability).await;
                (post, agent)
            })
        }))
        .await;
        let mut failed = None;
        for (post, agent) in started {
            match agent {
                Ok(agent) => {
                    self.agents.insert(post, agent);
                }
                Err(EngineError::Gone { .. }) if !sources.iter().any(|from| from.place == post.place) => {
                    self.lost.push(post.place);
                }
                // Some engines and policies give nobody such rights; what is left unasked is left open.
                Err(error) if post.rights != Rights::None => {
                    tracing::warn!(%error, place = post.place, rights = ?post.rights, "no agent with these rights");
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Whether an agent stands at a post.
    pub(super) fn stands_at(&self, post: &Post) -> bool {
        self.agents.contains_key(post)
    }

    /// Runs a round at all its posts at once.
    ///
    /// # Errors
    /// When an agent breaks off for a reason other than that its namespace went away.
    pub(super) async fn run(&mut self, round: &Round, limits: Limits) -> Result<Vec<Observation>, EngineError> {
        let asked = |post: &Post| round.posts().any(|asked| asked == post);
        let runs = self.agents.iter_mut().filter(|(post, _)| asked(post)).map(|(post, agent)| {
            let plan = round.plan(post, limits);
            async move { agent.run(plan).await }
        });
        let mut observations = Vec::new();
        for seen in join_all(runs).await {
            observations.extend(seen?);
        }
        Ok(observations)
    }

    /// Lets every agent go.
    pub(super) async fn dismiss(self) {
        // Of those that had a head start, some may not have been wanted.
        let unwanted = join_all(self.starting.into_values()).await.into_iter().filter_map(|start| start.ok()?.ok());
        join_all(self.agents.into_values().chain(unwanted).map(Agent::stop)).await;
    }
}

/// How a place is entered. None where there is nothing to enter: a container that does not run, other than the source,
/// and a source without networks.
fn namespace(place: &str, sources: &[&Source], topology: &Topology) -> Option<Namespace> {
    if place == HOST {
        return Some(Namespace::Host);
    }
    let ids = |keys: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        keys.filter_map(|key| topology.networks.get(key))
            .filter(|network| network.is_attachable())
            .map(|network| network.id.clone())
            .collect()
    };
    let from = sources.iter().find(|from| from.place == place);
    if let Some(from) = from.filter(|from| from.kind == SourceKind::Network) {
        return Some(Namespace::Networks(ids(&mut from.network.iter())));
    }
    let container = topology.containers.get(place)?;
    let owner = topology.namespace_owner(container);
    // Also in host mode: it has a hosts file and a resolv.conf of its own there.
    if container.state.status.has_processes() {
        return Some(Namespace::Container(container.id.clone()));
    }
    if owner.network_mode == NetworkMode::Host {
        return Some(Namespace::Host);
    }
    // Only the source is replaced by an agent in its networks.
    from?;
    if owner.state.status.has_processes() {
        return Some(Namespace::Container(owner.id.clone()));
    }
    let networks = ids(&mut owner.attachments.keys());
    (!networks.is_empty()).then_some(Namespace::Networks(networks))
}
