//! Which rule refuses the connection? The counters of the packet filters on the way are read, the connect is tried once
//! more, and they are read again: the rule whose counter rose is the one.
//!
//! It takes seconds and root on the engine's host, so it is done only for what everything else leaves unexplained.

use std::time::{Duration, Instant};

use dprobe_probes::firewall::{FirewallFact, WatchedDial};
use dprobe_probes::wire::{Fact, Observation, Probe};
use futures_util::future::join_all;

use super::look::{Look, Pair};
use super::{InvestigationError, helper};
use crate::plan;
use crate::report::Source;
use crate::resolve::HOST;

/// The most connects that are watched in one investigation.
const MAX_WATCHED: usize = 3;

/// What a place's packet filter held, or why it cannot be told.
type Reading = (String, Result<FirewallFact, String>);

impl Look<'_> {
    /// Watches the connects that are still unexplained.
    pub(super) async fn watch(&mut self, pairs: &[Pair]) -> Result<(), InvestigationError> {
        let mut watched = 0;
        for pair in pairs {
            let Pair { from, to } = pair;
            let case = self.case(pair);
            let Some(dial) = plan::worth_watching(&case).filter(|_| watched < MAX_WATCHED) else { continue };
            watched += 1;
            (self.progress)("watching the packet filter");
            let places = filters_on_the_way(pair);
            let before = self.read_filters(from, &places).await?;
            let clock = Instant::now();
            self.dial_again(from, dial).await?;
            let after = if before.iter().any(|(_, read)| read.is_ok()) {
                self.read_filters(from, &places).await?
            } else {
                before.clone()
            };
            let took = clock.elapsed();
            for ((place, before), (_, after)) in before.into_iter().zip(after) {
                let fact = match (before, after) {
                    (Ok(before), Ok(after)) => {
                        let watched = WatchedDial {
                            from: from.place.clone(),
                            host: to.host.clone(),
                            port: to.port.unwrap_or_default(),
                            protocol: to.protocol,
                        };
                        Fact::Firewall(FirewallFact { watched: Some(watched), ..after.since(&before) })
                    }
                    (Err(reason), _) | (_, Err(reason)) if place == HOST => {
                        Fact::Unfinished { probe: Probe::Firewall.kind().to_owned(), reason }
                    }
                    // That of a container is only read along the way.
                    _ => continue,
                };
                self.note(place, took, fact);
            }
        }
        Ok(())
    }

    /// Reads the packet filters of these places, those that can be read from here at once; with the helper's aid that of the
    /// host, where the user allows it.
    async fn read_filters(&mut self, from: &Source, places: &[String]) -> Result<Vec<Reading>, InvestigationError> {
        let (engine, topology) = (self.engine, &self.topology);
        let read = places.iter().map(|place| async move {
            let read = match topology.containers.get(place) {
                Some(container) => engine.firewall_of(&container.id).await,
                None if place == HOST => engine.firewall().await,
                None => Err("it is gone when the probe ends".to_owned()),
            };
            (place.clone(), read)
        });
        let mut readings: Vec<Reading> = join_all(read).await;
        if let (Some(announce), Some((_, host))) = (self.deep, readings.iter_mut().find(|(place, _)| place == HOST))
            && host.is_err()
        {
            let read = helper::read_filter(&mut self.crew, &[from], &self.topology, &self.round, self.limits, announce)
                .await?;
            *host = read.unwrap_or_else(|| Err("the helper of --deep did not start".to_owned()));
        }
        Ok(readings)
    }

    /// Tries the connect once more. Where it works now, the first try came too early, and that is a fact as well.
    async fn dial_again(&mut self, from: &Source, dial: Probe) -> Result<(), InvestigationError> {
        self.round.ask(&from.place, dial);
        self.run().await
    }

    /// Adds an observation that no agent made.
    fn note(&mut self, place: String, took: Duration, fact: Fact) {
        let id = self.round.take_id();
        self.observations.push(Observation { id, place, took_ms: took.as_secs_f64() * 1000.0, fact });
    }
}

/// The places whose packet filters a connection passes.
fn filters_on_the_way(Pair { from, to }: &Pair) -> Vec<String> {
    let mut places = vec![HOST.to_owned(), from.place.clone()];
    places.extend(to.place.clone());
    places.sort();
    places.dedup();
    places
}
