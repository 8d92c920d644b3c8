//! An investigation under way: the rounds of probes, in their order.

use dprobe_probes::wire::Observation;

use super::crew::Crew;
use super::trust::Bundles;
use super::{InvestigationError, Progress, dependencies, follow, libc, srv, upstreams};
use crate::diagnosis::{self, Case};
use crate::engine::Engine;
use crate::plan::{self, Limits, Post, Round};
use crate::report::{Check, PortOrigin, Source, Target, Verdict};
use crate::resolve;
use crate::topology::Topology;

/// Who wants to connect, and to what.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) from: Source,
    pub(super) to: Target,
}

/// An investigation under way.
pub(super) struct Look<'a> {
    pub(super) engine: &'a Engine,
    pub(super) topology: Topology,
    pub(super) limits: Limits,
    pub(super) crew: Crew<'a>,
    pub(super) deep: Option<Progress<'a>>,
    pub(super) round: Round,
    pub(super) observations: Vec<Observation>,
    pub(super) progress: Progress<'a>,
    pub(super) bundles: Bundles,
}

impl Look<'_> {
    /// Looks at all pairs, follows where they lead, and judges.
    pub(super) async fn at(&mut self, pairs: Vec<Pair>) -> Result<Vec<Check>, InvestigationError> {
        let mut pairs = self.measure(pairs).await?;
        pairs.retain(|pair| !dependencies::serves_nobody(pair, &self.topology));
        let mut followed = follow::follow(self, &pairs).await?;
        Ok(self.judge(pairs, |at| followed.remove(&at).unwrap_or_default()))
    }

    /// Everything that is measured of these pairs. They come back with their ports, in the same order; one without a port may
    /// come back as several.
    pub(super) async fn measure(&mut self, pairs: Vec<Pair>) -> Result<Vec<Pair>, InvestigationError> {
        (self.progress)("starting agents in the namespaces concerned");
        let places = pairs.iter().flat_map(|pair| pair.to.place.iter().chain([&pair.from.place]));
        let posts = places.map(Post::plain).collect();
        self.muster(&pairs, posts).await?;
        let pairs = srv::expand(self, pairs).await?;
        let pairs = self.choose_ports(pairs).await?;
        (self.progress)("probing");
        self.bundles.read(self.engine, &pairs, &mut self.topology).await;
        for Pair { from, to } in &pairs {
            let trusted = self.bundles.of(from, &self.topology);
            let proxy = resolve::proxy(from, to, &self.topology);
            plan::first_round(&mut self.round, from, to, &self.topology, proxy, trusted, self.limits);
        }
        self.run().await?;
        (self.progress)("looking closer");
        self.look_closer(&pairs).await?;
        self.watch(&pairs).await?;
        libc::read(self.engine, &pairs, &mut self.topology, &self.observations).await;
        libc::read_name_sources(self.engine, &pairs, &mut self.topology, &self.observations).await;
        self.ask_for_details(&pairs).await;
        upstreams::read(self.engine, &pairs, &mut self.topology, &self.observations).await;
        Ok(pairs)
    }

    /// Looks once at pairs whose source has been looked into, and no closer.
    pub(super) async fn glance(&mut self, pairs: Vec<Pair>) -> Result<Vec<Check>, InvestigationError> {
        for Pair { from, to } in &pairs {
            let trusted = self.bundles.of(from, &self.topology);
            plan::first_round(&mut self.round, from, to, &self.topology, None, trusted, self.limits);
        }
        self.run().await?;
        Ok(self.judge(pairs, |_| Vec::new()))
    }

    /// Judges each pair, with the checks that `followed` hands out for its place in the list.
    pub(super) fn judge(
        &self,
        pairs: Vec<Pair>,
        mut followed: impl FnMut(usize) -> Vec<crate::report::Followed>,
    ) -> Vec<Check> {
        let judge = |(at, Pair { from, to }): (usize, Pair)| {
            diagnosis::judge(from, to, followed(at), &self.topology, &self.observations)
        };
        pairs.into_iter().enumerate().map(judge).collect()
    }

    /// One check with what is known of it by now.
    pub(super) fn case<'b>(&'b self, pair: &'b Pair) -> Case<'b> {
        Case::new(&pair.from, &pair.to, &self.topology, &self.observations)
    }

    async fn muster(&mut self, pairs: &[Pair], posts: Vec<Post>) -> Result<(), InvestigationError> {
        let sources: Vec<&Source> = pairs.iter().map(|pair| &pair.from).collect();
        Ok(self.crew.muster(&sources, &self.topology, posts).await?)
    }

    /// Asks what the causes that are still open need, until they need nothing more.
    async fn look_closer(&mut self, pairs: &[Pair]) -> Result<(), InvestigationError> {
        for _ in 0..plan::CLOSER_LOOKS {
            for pair in pairs.iter().filter(|pair| !pair.to.is_unreadable()) {
                let case = Case::new(&pair.from, &pair.to, &self.topology, &self.observations);
                plan::second_round(&mut self.round, &case, self.limits);
            }
            if self.round.is_empty() {
                break;
            }
            let posts = self.round.posts().cloned().collect();
            self.muster(pairs, posts).await?;
            let next = Round::closer_after(&self.round);
            self.run().await?;
            self.round = next;
        }
        self.round = Round::after(&self.round);
        Ok(())
    }

    /// Runs what the round asks, and begins the next.
    pub(super) async fn run(&mut self) -> Result<(), InvestigationError> {
        let next = Round::after(&self.round);
        let round = std::mem::replace(&mut self.round, next);
        if !round.is_empty() {
            self.observations.extend(self.crew.run(&round, self.limits).await?);
        }
        Ok(())
    }

    /// Gives a port to each target that has none: one check for each port that the target offers.
    async fn choose_ports(&mut self, pairs: Vec<Pair>) -> Result<Vec<Pair>, InvestigationError> {
        if pairs.iter().all(|pair| pair.to.port.is_some() || pair.to.container.is_none()) {
            return Ok(pairs);
        }
        for pair in pairs.iter().filter(|pair| pair.to.port.is_none()) {
            plan::ask_ports(&mut self.round, &pair.to);
        }
        self.run().await?;
        let mut chosen = Vec::new();
        for pair in pairs {
            let case = self.case(&pair);
            let container = case.target().filter(|_| pair.to.port.is_none());
            let sockets = pair.to.place.as_deref().and_then(|place| case.listeners_in(place));
            let sockets = sockets.map(|seen| seen.fact.sockets.as_slice()).unwrap_or_default();
            let ports =
                container.map(|container| resolve::ports(container, sockets, pair.to.protocol)).unwrap_or_default();
            if ports.is_empty() {
                chosen.push(pair.clone());
            }
            let at = |(port, origin)| Pair { from: pair.from.clone(), to: pair.to.at(port, origin) };
            chosen.extend(ports.into_iter().map(at));
        }
        Ok(chosen)
    }

    /// What is only worth asking where something is wrong: processes and last log lines.
    async fn ask_for_details(&mut self, pairs: &[Pair]) {
        let mut wanted: Vec<String> = Vec::new();
        for pair in pairs {
            let case = self.case(pair);
            let check =
                diagnosis::judge(pair.from.clone(), pair.to.clone(), Vec::new(), &self.topology, &self.observations);
            if check.verdict != Verdict::Reachable {
                wanted.extend(case.target().map(|container| container.name.clone()));
            }
            let source = case.source().filter(|source| !source.state.status.has_processes());
            wanted.extend(source.map(|source| source.name.clone()));
        }
        wanted.retain(|name| self.topology.containers.get(name).is_some_and(|known| known.last_log.is_none()));
        wanted.sort();
        wanted.dedup();
        let engine = self.engine;
        let asked = wanted.into_iter().filter_map(|name| {
            let id = self.topology.containers.get(&name)?.id.clone();
            Some(async move { (name, engine.details(&id).await) })
        });
        for (name, details) in futures_util::future::join_all(asked).await {
            if let Some(container) = self.topology.containers.get_mut(&name) {
                container.processes = details.processes;
                container.last_log = details.last_log;
            }
        }
    }
}

impl Target {
    /// The same target at a port that was chosen for it.
    fn at(&self, port: u16, origin: PortOrigin) -> Self {
        Self { port: Some(port), port_origin: Some(origin), container_port: Some(port), ..self.clone() }
    }
}
