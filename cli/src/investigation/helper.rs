//! The privileged helper on the engine's host, which reads what only root may. Never started unless the user allows it.

use dprobe_probes::firewall::FirewallFact;
use dprobe_probes::wire::{Fact, Probe};

use super::Progress;
use super::crew::Crew;
use crate::engine::EngineError;
use crate::plan::{Limits, Post, Rights, Round};
use crate::report::Source;
use crate::resolve::HOST;
use crate::topology::Topology;

/// Has the helper read the host's packet filter, and says so where it is not there yet. None where the engine does not give
/// it the rights.
pub(super) async fn read_filter(
    crew: &mut Crew<'_>,
    sources: &[&Source],
    topology: &Topology,
    before: &Round,
    limits: Limits,
    announce: Progress<'_>,
) -> Result<Option<Result<FirewallFact, String>>, EngineError> {
    let post = Post { place: HOST.to_owned(), rights: Rights::HostRoot };
    if !crew.stands_at(&post) {
        announce("starting a privileged helper on the engine's host for a moment, as --deep allows");
        crew.muster(sources, topology, vec![post]).await?;
    }
    let mut round = Round::after(before);
    round.ask(HOST, Probe::Firewall);
    let seen = crew.run(&round, limits).await?;
    Ok(seen.into_iter().find_map(|seen| match seen.fact {
        Fact::Firewall(fact) => Some(Ok(fact)),
        Fact::Unfinished { reason, .. } => Some(Err(reason)),
        _ => None,
    }))
}
