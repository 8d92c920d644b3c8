//! The engine and its host looked over, without any source or target.

use std::time::{Duration, Instant, SystemTime};

use dprobe_probes::firewall::FirewallFact;
use dprobe_probes::wire::{Fact, Observation, Probe};

use super::crew::Crew;
use super::{InvestigationError, Progress, helper};
use crate::diagnosis::{self, Machine};
use crate::engine::Engine;
use crate::plan::{Limits, Post, Round};
use crate::report::doctor::{Doctor, SCHEMA};
use crate::report::{Severity, Source, SourceKind};
use crate::resolve::HOST;
use crate::topology::Topology;

/// How long each probe may take. They read files.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Looks an engine and its host over, and reports. `deep` allows a privileged helper on the engine's host, and is told when
/// one is started.
///
/// # Errors
/// When the engine fails, or starts no agent.
pub async fn look_over(
    engine: &Engine,
    deep: Option<Progress<'_>>,
    progress: Progress<'_>,
) -> Result<Doctor, InvestigationError> {
    let started_at = SystemTime::now();
    let clock = Instant::now();
    progress("asking the engine for containers and networks");
    let (topology, settings, other_engines) = tokio::join!(engine.snapshot(), engine.settings(), engine.neighbours());
    let mut doctor = Doctor {
        schema: SCHEMA.to_owned(),
        dprobe: env!("CARGO_PKG_VERSION").to_owned(),
        engine: engine.info().clone(),
        settings: settings?,
        other_engines,
        started_at: humantime::format_rfc3339_millis(started_at).to_string(),
        took_ms: 0.0,
        overview: Vec::new(),
        findings: Vec::new(),
        observations: Vec::new(),
        topology: topology?,
    };
    progress("looking at the engine's host");
    let mut visit =
        Visit { engine, crew: Crew::new(engine, true), limits: Limits { timeout: TIMEOUT }, round: Round::default() };
    let seen = visit.observe(&mut doctor, deep).await;
    visit.crew.dismiss().await;
    seen?;
    doctor = diagnosis::examine_again(doctor);
    if doctor.findings.iter().any(|finding| finding.severity != Severity::Note) {
        // What was removed between two looks, as happens on a busy machine, would look broken.
        keep_what_stays(&mut doctor.topology, &engine.snapshot().await?);
        doctor = diagnosis::examine_again(doctor);
    }
    doctor.took_ms = clock.elapsed().as_secs_f64() * 1000.0;
    Ok(doctor)
}

/// A visit to the engine's host.
struct Visit<'a> {
    engine: &'a Engine,
    crew: Crew<'a>,
    limits: Limits,
    round: Round,
}

impl Visit<'_> {
    async fn observe(&mut self, doctor: &mut Doctor, deep: Option<Progress<'_>>) -> Result<(), InvestigationError> {
        let host = source(SourceKind::Host, HOST.to_owned(), None);
        self.crew.muster(&[&host], &doctor.topology, vec![Post::plain(HOST)]).await?;
        for probe in [Probe::Network, Probe::Resolver, Probe::Listeners] {
            self.round.ask(HOST, probe);
        }
        let clock = Instant::now();
        let (seen, filter) = tokio::join!(self.crew.run(&self.round, self.limits), self.engine.firewall());
        doctor.observations = seen?;
        let filter = self.filter(&host, &doctor.topology, filter, deep).await?;
        let fact = match filter {
            Ok(fact) => Fact::Firewall(fact),
            Err(reason) => Fact::Unfinished { probe: Probe::Firewall.kind().to_owned(), reason },
        };
        let id = self.round.take_id();
        let took_ms = clock.elapsed().as_secs_f64() * 1000.0;
        doctor.observations.push(Observation { id, place: HOST.to_owned(), took_ms, fact });
        if asks_its_loopback(doctor) {
            doctor.observations.extend(self.given_servers(&doctor.topology).await);
        }
        Ok(())
    }

    /// The packet filter of the host: as it was read from here, or by the helper where that was not possible.
    async fn filter(
        &mut self,
        host: &Source,
        topology: &Topology,
        from_here: Result<FirewallFact, String>,
        deep: Option<Progress<'_>>,
    ) -> Result<Result<FirewallFact, String>, InvestigationError> {
        let Some(announce) = deep.filter(|_| from_here.is_err()) else { return Ok(from_here) };
        let read = helper::read_filter(&mut self.crew, &[host], topology, &self.round, self.limits, announce).await?;
        Ok(read.unwrap_or(from_here))
    }

    /// Which DNS servers a container on the default bridge is given. A bridge on which nothing starts tells nothing.
    async fn given_servers(&mut self, topology: &Topology) -> Vec<Observation> {
        let Some(key) = topology.default_bridge() else { return Vec::new() };
        let bridge = source(SourceKind::Network, format!("net:{key}"), Some(key.to_owned()));
        self.round = Round::after(&self.round);
        self.round.ask(&bridge.place, Probe::Resolver);
        let posts = self.round.posts().cloned().collect();
        let seen = match self.crew.muster(&[&bridge], topology, posts).await {
            Ok(()) => self.crew.run(&self.round, self.limits).await,
            Err(error) => Err(error),
        };
        seen.unwrap_or_else(|error| {
            tracing::warn!(%error, "no agent on the default bridge");
            Vec::new()
        })
    }
}

/// Whether the host asks only itself for names, so that its containers must ask others.
fn asks_its_loopback(doctor: &Doctor) -> bool {
    let resolver = Machine::of(doctor).host_resolver();
    resolver.is_some_and(|seen| {
        let servers = &seen.fact.nameservers;
        !servers.is_empty() && servers.iter().all(std::net::IpAddr::is_loopback)
    })
}

/// A place as the source that agents are started for.
fn source(kind: SourceKind, place: String, network: Option<String>) -> Source {
    Source { typed: place.clone(), kind, place, container: None, network, stand_in: false }
}

/// Removes from a snapshot the networks and containers that a later one does not have.
fn keep_what_stays(topology: &mut Topology, later: &Topology) {
    topology.networks.retain(|key, network| later.networks.get(key).is_some_and(|still| still.id == network.id));
    topology
        .containers
        .retain(|name, container| later.containers.get(name).is_some_and(|still| still.id == container.id));
}
