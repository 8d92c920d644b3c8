//! The probes of one round, by the agent that is to run them.

use std::collections::BTreeMap;
use std::time::Duration;

use dprobe_probes::wire::{Ask, Plan, Probe};

/// What every plan is bound by.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long each probe may take.
    pub timeout: Duration,
}

/// Where an agent stands: in which namespace, and with what rights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Post {
    /// The name of the namespace, as in `Observation::place`.
    pub place: String,
    /// What it may do there. One with rights is an agent of its own, so that the others need none.
    pub rights: Rights,
}

/// What an agent may do beyond what every process may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// Nothing.
    None,
    /// Open raw and packet sockets.
    Raw,
    /// Run the programs of the engine's host as root. Only ever asked for where the user has allowed it.
    HostRoot,
}

impl Rights {
    /// What a probe needs.
    #[must_use]
    fn for_probe(probe: &Probe) -> Self {
        match probe {
            Probe::Arp(_) => Self::Raw,
            Probe::Firewall => Self::HostRoot,
            _ => Self::None,
        }
    }
}

impl Post {
    /// A post without any right.
    #[must_use]
    pub fn plain(place: impl Into<String>) -> Self {
        Self { place: place.into(), rights: Rights::None }
    }
}

/// The probes of one round, by post. Hands out the ids, which go on from round to round.
#[derive(Debug, Default)]
pub struct Round {
    asks: BTreeMap<Post, Vec<Ask>>,
    /// What rounds that look closer have asked before this one, which they do not ask again.
    asked: Vec<(Post, Probe)>,
    next_id: usize,
}

impl Round {
    /// An empty round whose ids follow those of the rounds before.
    #[must_use]
    pub fn after(previous: &Self) -> Self {
        Self { next_id: previous.next_id, ..Self::default() }
    }

    /// An empty round that goes on from one that looked closer, and leaves out what that one asked.
    #[must_use]
    pub fn closer_after(previous: &Self) -> Self {
        let this =
            previous.asks.iter().flat_map(|(post, asks)| asks.iter().map(|ask| (post.clone(), ask.probe.clone())));
        let asked = previous.asked.iter().cloned().chain(this).collect();
        Self { asks: BTreeMap::new(), asked, next_id: previous.next_id }
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// The posts at which something is asked.
    pub fn posts(&self) -> impl Iterator<Item = &Post> {
        self.asks.keys()
    }

    /// An id for an observation that no agent makes.
    pub fn take_id(&mut self) -> String {
        self.next_id += 1;
        format!("p{}", self.next_id)
    }

    /// Adds a probe, unless the same is asked there already.
    pub fn ask(&mut self, place: &str, probe: Probe) {
        let post = Post { place: place.to_owned(), rights: Rights::for_probe(&probe) };
        if self.asked.iter().any(|(asked_at, asked)| *asked_at == post && *asked == probe) {
            return;
        }
        let asks = self.asks.entry(post).or_default();
        if asks.iter().any(|ask| ask.probe == probe) {
            return;
        }
        self.next_id += 1;
        let id = format!("p{}", self.next_id);
        asks.push(Ask { id, probe });
    }

    /// The plan of a post.
    #[must_use]
    pub fn plan(&self, post: &Post, limits: Limits) -> Plan {
        let asks = self.asks.get(post).cloned().unwrap_or_default();
        // The probes keep their own time; the deadline is for what gets stuck, and longer, so that they can report.
        let deadline = limits.timeout * 2 + Duration::from_secs(1);
        Plan { place: post.place.clone(), deadline_ms: millis(deadline), asks }
    }
}

/// A duration in whole milliseconds, at least one.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}
