//! One look at a source and its targets: from words to a report, over an engine and its agents.
//!
//! This is where the pure steps and the I/O are put together, in the order of the flow. Nothing is decided here.

mod crew;
mod dependencies;
mod doctor;
mod follow;
mod helper;
mod libc;
mod look;
mod srv;
mod trust;
mod upstreams;
mod watch;

use std::time::{Duration, Instant, SystemTime};

use crate::compose;
use crate::engine::{Engine, EngineError};
use crate::plan::{Limits, Round};
use crate::report::{Report, SCHEMA, Source, Target, TargetKind};
use crate::resolve::{self, ResolveError};
use crate::topology::{Elsewhere, Topology};
use crate::words::{SourceWord, TargetWord};

use crew::Crew;
pub use doctor::look_over;
use look::{Look, Pair};
use trust::Bundles;

/// What to look at.
#[derive(Clone)]
pub struct Request<'a> {
    /// Who wants to connect.
    pub from: &'a SourceWord,
    /// To what; nothing where everything that the source depends on is meant.
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
    let overview = request.targets.is_empty();
    let (topology, targets) = if overview {
        match dependencies::of(engine, &from, topology).await {
            Ok(found) => found,
            Err(error) => {
                crew.dismiss().await;
                return Err(error.into());
            }
        }
    } else {
        (topology, targets)
    };
    let topology = Topology { elsewhere: elsewhere(engine, &from, &targets).await, ..topology };
    let mut look = Look {
        engine,
        topology,
        limits: Limits { timeout: request.timeout },
        crew,
        deep: request.deep.filter(|_| request.agents),
        round: Round::default(),
        observations: Vec::new(),
        progress,
        bundles: Bundles::default(),
    };
    let pairs = targets.into_iter().map(|to| Pair { from: from.clone(), to }).collect();
    let mut checks = look.at(pairs).await;
    if let (true, Ok(checks)) = (overview, &mut checks) {
        dependencies::infrastructure(&mut look, &from, checks).await;
    }
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
        overview: overview.then_some(from),
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
    let unknown =
        |target: &&Target| target.kind == TargetKind::Name && !target.host.contains('.') && !target.is_unreadable();
    let mut words: Vec<&str> = targets.iter().filter(unknown).map(|target| target.host.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Vec::new();
    }
    words.extend(from.container.as_deref().filter(|name| !words.contains(name)));
    engine.elsewhere(&words).await
}
