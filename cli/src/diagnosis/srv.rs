//! What the DNS says of the hosts and ports behind a `mongodb+srv` URL (SRV records, RFC 2782).

use dprobe_probes::lookup::LookupOutcome;
use dprobe_probes::srv::SrvFact;
use dprobe_probes::wire::Fact;

use super::case::{Case, Seen};
use super::stages::{ms, stage};
use crate::report::{Stage, StageName};

impl<'a> Case<'a> {
    /// What was found where the target's URL says that the DNS knows its hosts.
    #[must_use]
    pub fn srv(&self) -> Option<Seen<'a, SrvFact>> {
        let (_, rest) = self.to.url.as_deref()?.split_once("://")?;
        let domain = rest.split(['/', '?', '#', ':']).next()?;
        self.to.scheme.as_ref().filter(|scheme| *scheme == "mongodb+srv")?;
        self.seen(&self.from.place, |fact| match fact {
            Fact::Srv(fact) => Some(fact),
            _ => None,
        })
        .find(|seen| seen.fact.domain.eq_ignore_ascii_case(domain))
    }

    /// The same, where the DNS has no such record.
    pub(super) fn srv_missing(&self) -> Option<Seen<'a, SrvFact>> {
        self.srv().filter(|seen| matches!(seen.fact.outcome, LookupOutcome::NotFound | LookupOutcome::NoData))
    }
}

/// The step before the name: which hosts there are.
pub(super) fn stages(case: &Case<'_>) -> Option<Stage> {
    let seen = case.srv()?;
    let fact = seen.fact;
    let (ok, summary) = match fact.outcome {
        LookupOutcome::Found => {
            let hosts = fact.targets.iter().take(4).map(|target| format!("{}:{}", target.host, target.port));
            (true, format!("{} → {}", fact.question, hosts.collect::<Vec<_>>().join(", ")))
        }
        LookupOutcome::NotFound | LookupOutcome::NoData => (false, format!("{} has no SRV record", fact.question)),
        _ => (false, format!("{} could not be looked up", fact.question)),
    };
    Some(stage(StageName::Name, Some(ok), summary, vec![seen.id]).beside(ms(seen.took_ms)))
}
