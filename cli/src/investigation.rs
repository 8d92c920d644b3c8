//! One look at a source and its targets: from words to a report, over an engine and its agents.
//!
//! This is where the pure steps and the I/O are put together, in the order of the flow. Nothing is decided here.

mod crew;
mod doctor;
mod helper;
mod libc;
mod trust;
mod watch;

use std::time::{Duration, Instant, SystemTime};

use dprobe_probes::wire::Observation;

use crate::compose;
use crate::diagnosis::{self, Case};
use crate::engine::{Engine, EngineError};
use crate::plan::{self, Limits, Post, Round};
use crate::report::{Check, Report, SCHEMA, Source, Target, TargetKind, Verdict};
use crate::resolve::{self, ResolveError};
use crate::topology::{Elsewhere, Topology};
use crate::words::{SourceWord, TargetWord};

use crew::Crew;
pub use doctor::look_over;

/// What to look at.
#[derive(Clone)]
pub struct Request<'a> {
    /// Who wants to connect.
    pub from: &'a SourceWord,
    /// To what.
    pub targets: &'a [TargetWord],
    /// How long each probe may take.
    pub timeout: Duration,
    /// Whether agents may be started; without them only the engine's account is judged.
    pub agents: bool,
    /// Whether a privileged helper may be started on the engine's host, and whom to tell when one is.
    pub deep: Option<Progress<'a>>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum InvestigationError {
    /// The engine did not do what was asked of it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A word means nothing on this engine.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

/// Where an investigation has come to, for people who wait.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// Looks once, and reports.
///
/// # Errors
/// When the engine fails, or when FROM names nothing on it. A target that names nothing is a finding, not an error.
pub async fn investigate(
    engine: &Engine,
    request: &Request<'_>,
    progress: Progress<'_>,
) -> Result<Report, InvestigationError> {
    let started_at = SystemTime::now();
    let clock = Instant::now();
    progress("asking the engine for containers and networks");
    let listing = engine.list().await?;
    let mut crew = Crew::new(engine, request.agents);
    // Every container is inspected, and meanwhile agents start in those that are named.
    let named = resolve::named(request.from, request.targets, &listing);
    crew.head_start(named);
    let topology = engine.complete(listing).await;
    let (topology, from, targets) = match understand(request, topology) {
        Ok(understood) => understood,
        Err(error) => {
            crew.dismiss().await;
            return Err(error);
        }
    };
    let topology = Topology { elsewhere: elsewhere(engine, &from, &targets).await, ..topology };
    let mut look = Look {
        engine,
        topology,
        from,
        limits: Limits { timeout: request.timeout },
        crew,
        deep: request.deep.filter(|_| request.agents),
        round: Round::default(),
        observations: Vec::new(),
        progress,
    };
    let checks = look.at(targets).await;
    // Agents are let go in any case; what they cannot be told, the end of their input tells them.
    let Look { topology, observations, crew, .. } = look;
    crew.dismiss().await;
    let mut checks = checks?;
    compose::files::patch_fixes(&mut checks, &topology, engine.info());
    Ok(Report {
        schema: SCHEMA.to_owned(),
        dprobe: env!("CARGO_PKG_VERSION").to_owned(),
        engine: engine.info().clone(),
        started_at: humantime::format_rfc3339_millis(started_at).to_string(),
        took_ms: clock.elapsed().as_secs_f64() * 1000.0,
        checks,
        observations,
        topology,
    })
}

/// What the words mean on the engine.
fn understand(
    request: &Request<'_>,
    topology: Result<Topology, EngineError>,
) -> Result<(Topology, Source, Vec<Target>), InvestigationError> {
    let topology = topology?;
    let from = resolve::source(request.from, &topology)?;
    let targets =
        request.targets.iter().map(|word| resolve::target(word, &from, &topology)).collect::<Result<Vec<_>, _>>()?;
    Ok((topology, from, targets))
}

/// What other engines have by the names that mean nothing here, and by that of the source. Names with a dot are those of the
/// outside world, and where every name is known nobody is asked.
async fn elsewhere(engine: &Engine, from: &Source, targets: &[Target]) -> Vec<Elsewhere> {
    let unknown = |target: &&Target| target.kind == TargetKind::Name && !target.host.contains('.');
    let mut words: Vec<&str> = targets.iter().filter(unknown).map(|target| target.host.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Vec::new();
    }
    words.extend(from.container.as_deref().filter(|name| !words.contains(name)));
    engine.elsewhere(&words).await
}

/// An investigation under way.
struct Look<'a> {
    engine: &'a Engine,
    topology: Topology,
    from: Source,
    limits: Limits,
    crew: Crew<'a>,
    deep: Option<Progress<'a>>,
    round: Round,
    observations: Vec<Observation>,
    progress: Progress<'a>,
}

impl Look<'_> {
    async fn at(&mut self, targets: Vec<Target>) -> Result<Vec<Check>, InvestigationError> {
        (self.progress)("starting agents in the namespaces concerned");
        let places = targets.iter().filter_map(|target| target.place.as_ref()).chain([&self.from.place]);
        self.crew.muster(&self.from, &self.topology, places.map(Post::plain).collect()).await?;
        let targets = self.choose_ports(targets).await?;
        (self.progress)("probing");
        for target in &targets {
            let bundle = trust::ca_bundle(self.engine, &self.from, target, &self.topology).await;
            let proxy = resolve::proxy(&self.from, target, &self.topology);
            plan::first_round(&mut self.round, &self.from, target, proxy, bundle.as_deref(), self.limits);
        }
        self.run().await?;
        (self.progress)("looking closer");
        self.look_closer(&targets).await?;
        self.watch(&targets).await?;
        libc::read(self.engine, &self.from, &targets, &mut self.topology, &self.observations).await;
        self.ask_for_details(&targets).await;
        let judge = |target| diagnosis::judge(self.from.clone(), target, &self.topology, &self.observations);
        Ok(targets.into_iter().map(judge).collect())
    }

    /// Asks what the causes that are still open need, until they need nothing more.
    async fn look_closer(&mut self, targets: &[Target]) -> Result<(), InvestigationError> {
        for _ in 0..plan::CLOSER_LOOKS {
            for target in targets {
                let case = Case::new(&self.from, target, &self.topology, &self.observations);
                plan::second_round(&mut self.round, &case, self.limits);
            }
            if self.round.is_empty() {
                break;
            }
            let posts = self.round.posts().cloned().collect();
            self.crew.muster(&self.from, &self.topology, posts).await?;
            let next = Round::closer_after(&self.round);
            self.run().await?;
            self.round = next;
        }
        self.round = Round::after(&self.round);
        Ok(())
    }

    /// Runs what the round asks, and begins the next.
    async fn run(&mut self) -> Result<(), InvestigationError> {
        let next = Round::after(&self.round);
        let round = std::mem::replace(&mut self.round, next);
        if !round.is_empty() {
            self.observations.extend(self.crew.run(&round, self.limits).await?);
        }
        Ok(())
    }

    /// Gives a port to each target that has none: one check for each port that the target offers.
    async fn choose_ports(&mut self, targets: Vec<Target>) -> Result<Vec<Target>, InvestigationError> {
        if targets.iter().all(|target| target.port.is_some() || target.container.is_none()) {
            return Ok(targets);
        }
        for target in targets.iter().filter(|target| target.port.is_none()) {
            plan::ask_ports(&mut self.round, target);
        }
        self.run().await?;
        let mut chosen = Vec::new();
        for target in targets {
            let case = Case::new(&self.from, &target, &self.topology, &self.observations);
            let container = case.target().filter(|_| target.port.is_none());
            let sockets = target.place.as_deref().and_then(|place| case.listeners_in(place));
            let sockets = sockets.map(|seen| seen.fact.sockets.as_slice()).unwrap_or_default();
            let ports =
                container.map(|container| resolve::ports(container, sockets, target.protocol)).unwrap_or_default();
            if ports.is_empty() {
                chosen.push(target.clone());
            }
            chosen.extend(ports.into_iter().map(|(port, origin)| target.at(port, origin)));
        }
        Ok(chosen)
    }

    /// What is only worth asking where something is wrong: processes and last log lines.
    async fn ask_for_details(&mut self, targets: &[Target]) {
        let mut wanted: Vec<String> = Vec::new();
        for target in targets {
            let case = Case::new(&self.from, target, &self.topology, &self.observations);
            let check = diagnosis::judge(self.from.clone(), target.clone(), &self.topology, &self.observations);
            if check.verdict != Verdict::Reachable {
                wanted.extend(case.target().map(|container| container.name.clone()));
            }
        }
        let source = self.from.container.as_ref().and_then(|name| self.topology.containers.get(name));
        wanted.extend(source.filter(|source| !source.state.status.has_processes()).map(|source| source.name.clone()));
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
    fn at(&self, port: u16, origin: crate::report::PortOrigin) -> Self {
        Self { port: Some(port), port_origin: Some(origin), container_port: Some(port), ..self.clone() }
    }
}
