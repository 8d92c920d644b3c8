//! The walk that a libc makes for a name: hosts file, then candidate by candidate, server by server, round by round.
//!
//! It follows glibc (`__res_context_search` and `__res_context_send`). The waits are glibc's where the time suffices;
//! where it does not, they are cut so that every server is still asked once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::{join, join_all};

use super::candidates::{Candidate, candidates, is_valid};
use super::exchange::{AddressRecord, exchange};
use super::order;
use super::{AnswerSource, DnsOutcome, DnsQuery, LookupAnswer, LookupFact, LookupOutcome};
use crate::listeners::Protocol;
use crate::resolver::ResolverFact;

/// How many servers glibc uses (`MAXNS`).
pub(super) const MAX_SERVERS: usize = 3;
/// How many further servers are asked where every one was wanted.
const MAX_SURVEYED: usize = 16;
/// The port of DNS.
pub(crate) const DNS_PORT: u16 = 53;

/// What a lookup needs to know of its namespace.
#[derive(Debug, Clone)]
pub(crate) struct Resolving {
    /// The configuration.
    pub(crate) config: ResolverFact,
    /// The port of the servers; another than 53 only in tests.
    pub(crate) port: u16,
}

impl Resolving {
    pub(crate) fn new(config: ResolverFact) -> Self {
        Self { config, port: DNS_PORT }
    }

    /// All servers; without any a libc asks this very host (resolv.conf(5)).
    pub(crate) fn servers(&self) -> Vec<SocketAddr> {
        let mut addresses = self.config.nameservers.clone();
        if addresses.is_empty() {
            addresses.push(Ipv4Addr::LOCALHOST.into());
        }
        addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect()
    }

    /// The servers in the order in which a libc asks them.
    fn servers_in_use(&self) -> Vec<SocketAddr> {
        let mut servers = self.servers();
        servers.truncate(MAX_SERVERS);
        if self.config.rotate && !servers.is_empty() {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let turn = usize::try_from(now.subsec_nanos()).unwrap_or(0) % servers.len();
            servers.rotate_left(turn);
        }
        servers
    }
}

/// Resolve `name` within `time`.
pub(crate) async fn resolve(resolving: &Resolving, name: &str, time: Duration) -> LookupFact {
    let mut fact = LookupFact {
        name: name.to_owned(),
        outcome: LookupOutcome::Found,
        answers: without_dns(&resolving.config, name),
        queries: Vec::new(),
    };
    if fact.answers.is_empty() {
        if is_valid(name) {
            let mut walk = Walk::new(resolving, time);
            fact.outcome = walk.all_candidates(name).await;
            fact.answers = answers_of(&walk.queries);
            fact.queries = walk.queries;
        } else {
            fact.outcome = LookupOutcome::InvalidName;
        }
    }
    order::sort(&mut fact.answers);
    fact
}

/// Ask every configured server that `fact` has not heard yet, all at once, and add what they said.
pub(crate) async fn survey(resolving: &Resolving, fact: &mut LookupFact, time: Duration) {
    let decisive = fact.queries.iter().find(|query| query.outcome == DnsOutcome::Answered).or(fact.queries.first());
    let Some(question) = decisive.map(|query| query.question.clone()) else { return };
    let mut open: Vec<SocketAddr> = Vec::new();
    for server in resolving.servers() {
        let heard = fact.queries.iter().any(|query| query.server == server.ip());
        if !heard && !open.contains(&server) && open.len() < MAX_SURVEYED {
            open.push(server);
        }
    }
    let wait = time.min(Duration::from_secs(resolving.config.timeout_s.max(1).into()));
    let heard = join_all(open.into_iter().map(|server| both(&resolving.config, server, &question, wait))).await;
    fact.queries.extend(heard.into_iter().flatten());
}

/// The addresses that need no server: literals, the hosts file, `localhost`.
pub(super) fn without_dns(config: &ResolverFact, name: &str) -> Vec<LookupAnswer> {
    if let Ok(address) = name.parse() {
        return vec![answer(address, AnswerSource::Builtin, None)];
    }
    let mut found: Vec<LookupAnswer> = Vec::new();
    for entry in &config.hosts {
        let named = entry.names.iter().any(|own| own.eq_ignore_ascii_case(name));
        if named && !found.iter().any(|earlier| earlier.address == entry.address) {
            found.push(answer(entry.address, AnswerSource::HostsFile, None));
        }
    }
    if found.is_empty() && name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case("localhost") {
        found.push(answer(Ipv4Addr::LOCALHOST.into(), AnswerSource::Builtin, None));
        found.push(answer(std::net::Ipv6Addr::LOCALHOST.into(), AnswerSource::Builtin, None));
    }
    found
}

pub(super) fn answer(address: IpAddr, source: AnswerSource, ttl_s: Option<u32>) -> LookupAnswer {
    LookupAnswer { address, source, ttl_s }
}

/// The answers of the last pair of queries, for the walk ends with the first candidate that has addresses.
fn answers_of(queries: &[DnsQuery]) -> Vec<LookupAnswer> {
    let last = queries.last().map(|query| (query.server, query.question.as_str()));
    let mut found: Vec<LookupAnswer> = Vec::new();
    for query in queries.iter().rev().take(2).rev() {
        if Some((query.server, query.question.as_str())) != last {
            continue;
        }
        for address in &query.addresses {
            if !found.iter().any(|earlier| earlier.address == *address) {
                found.push(answer(*address, AnswerSource::Dns, query.ttl_s));
            }
        }
    }
    found
}

/// Ask one server for both records, at once or one after the other, over UDP or TCP, as the options of resolv.conf(5) say.
async fn both(config: &ResolverFact, server: SocketAddr, question: &str, wait: Duration) -> [DnsQuery; 2] {
    let transport = if config.use_vc { Protocol::Tcp } else { Protocol::Udp };
    let ask = |record, wait| exchange(server, question, record, transport, wait);
    if config.single_request {
        let started = Instant::now();
        let v4 = ask(AddressRecord::A, wait / 2).await;
        let v6 = ask(AddressRecord::Aaaa, wait.saturating_sub(started.elapsed())).await;
        return [v4, v6];
    }
    let (v4, v6) = join(ask(AddressRecord::A, wait), ask(AddressRecord::Aaaa, wait)).await;
    [v4, v6]
}

/// What asking for one candidate came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Found,
    NoData,
    NotFound,
    /// No server gave a usable answer; whether the last one said SERVFAIL, after which glibc goes on to the next domain.
    Failed {
        servfail: bool,
    },
}

impl Came {
    fn of(pair: &[DnsQuery; 2]) -> Self {
        let any = |outcome| pair.iter().any(|query| query.outcome == outcome);
        let all = |outcome| pair.iter().all(|query| query.outcome == outcome);
        if any(DnsOutcome::Answered) {
            Self::Found
        } else if all(DnsOutcome::NxDomain) {
            Self::NotFound
        } else if pair.iter().all(|query| matches!(query.outcome, DnsOutcome::NxDomain | DnsOutcome::Empty)) {
            Self::NoData
        } else {
            Self::Failed { servfail: pair.iter().any(|query| query.rcode.as_deref() == Some("SERVFAIL")) }
        }
    }

    fn outcome(self) -> LookupOutcome {
        match self {
            Self::Found => LookupOutcome::Found,
            Self::NoData => LookupOutcome::NoData,
            Self::NotFound => LookupOutcome::NotFound,
            Self::Failed { .. } => LookupOutcome::TemporaryFailure,
        }
    }
}

struct Walk<'a> {
    config: &'a ResolverFact,
    servers: Vec<SocketAddr>,
    end: Instant,
    queries: Vec<DnsQuery>,
}

impl<'a> Walk<'a> {
    fn new(resolving: &'a Resolving, time: Duration) -> Self {
        Self {
            config: &resolving.config,
            servers: resolving.servers_in_use(),
            end: Instant::now() + time,
            queries: Vec::new(),
        }
    }

    async fn all_candidates(&mut self, name: &str) -> LookupOutcome {
        let list = candidates(name, &self.config.search, self.config.ndots);
        let as_is_first = list.first().is_some_and(|first| first.as_is);
        let final_index = list.len().saturating_sub(1);
        let mut results: Vec<Came> = Vec::new();
        let mut given_up = false;
        for (index, candidate) in list.iter().enumerate() {
            // Once the servers are silent only the name as it was given is still tried.
            if given_up && !candidate.as_is {
                continue;
            }
            let more_to_come = index != final_index && (candidate.as_is || !as_is_first);
            let came = self.candidate(candidate, more_to_come).await;
            results.push(came);
            match came {
                Came::Found => return LookupOutcome::Found,
                Came::Failed { servfail: false } if !candidate.as_is => given_up = true,
                _ => {}
            }
        }
        verdict(&results, as_is_first)
    }

    /// Ask the servers for one candidate, in turns. `more_to_come` says that another candidate would be asked after
    /// silence, for which a little time is kept.
    async fn candidate(&mut self, candidate: &Candidate, more_to_come: bool) -> Came {
        let rounds = usize::try_from(self.config.attempts.max(1)).unwrap_or(1);
        let left = self.end.saturating_duration_since(Instant::now());
        let kept = if more_to_come { left / 10 } else { Duration::ZERO };
        let end = self.end.checked_sub(kept).unwrap_or(self.end);
        let mut came = Came::Failed { servfail: false };
        for _ in 0..rounds {
            for (index, server) in self.servers.clone().into_iter().enumerate() {
                let wait = self.wait(index, end);
                if wait.is_zero() {
                    return came;
                }
                let pair = both(self.config, server, &candidate.name, wait).await;
                came = Came::of(&pair);
                self.queries.extend(pair);
                if !matches!(came, Came::Failed { .. }) {
                    return came;
                }
            }
        }
        came
    }

    /// How long to wait for the server at `index`: as long as glibc does where the time suffices, for a resolver that asks
    /// others in turn may take seconds to answer; and never so long that a server after it would not be asked at all.
    fn wait(&self, index: usize, end: Instant) -> Duration {
        let count = u32::try_from(self.servers.len()).unwrap_or(1).max(1);
        let position = u32::try_from(index).unwrap_or(0);
        let mut seconds = self.config.timeout_s << position.min(2);
        if index > 0 {
            seconds /= count;
        }
        let left = end.saturating_duration_since(Instant::now());
        Duration::from_secs(seconds.max(1).into()).min(left / count.saturating_sub(position).max(1))
    }
}

/// What glibc makes of candidates none of which had an address: the name as it was given counts most if it came first,
/// then a name without addresses, then SERVFAIL, then whatever came last.
fn verdict(results: &[Came], as_is_first: bool) -> LookupOutcome {
    if let (true, Some(first)) = (as_is_first, results.first()) {
        return first.outcome();
    }
    if results.contains(&Came::NoData) {
        return LookupOutcome::NoData;
    }
    if results.contains(&Came::Failed { servfail: true }) {
        return LookupOutcome::TemporaryFailure;
    }
    results.last().map_or(LookupOutcome::TemporaryFailure, |last| last.outcome())
}
