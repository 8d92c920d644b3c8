//! The DNS servers behind a lookup, and what each of them does.

use std::net::{IpAddr, Ipv4Addr};

use dprobe_probes::lookup::{DnsOutcome, DnsQuery, LookupFact, LookupOutcome};

use super::case::{Case, Seen};
use crate::report::{SourceKind, TargetKind};
use crate::resolve::HOST;
use crate::topology::{Libc, Status};

/// Docker's own resolver, which every container on a network made by a user asks. It knows the containers there and hands
/// everything else on.
pub(super) const EMBEDDED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
/// How many servers a resolver uses, Docker's (`maxExtDNS` of libnetwork) as well as a libc (`MAXNS` of resolv.h).
const MAX_SERVERS: usize = 3;
/// How long Docker's resolver waits for each server behind it (`extIOTimeout` of libnetwork), in seconds.
pub(super) const EMBEDDED_WAIT_S: u32 = 4;

/// A container that the engine starts again and again counts as standing after so many seconds.
const SETTLED_S: f64 = 10.0;

/// How long musl waits before it asks a second time (`timeout` over `attempts`, resolv.conf(5)), in milliseconds.
const PATIENCE_MS: f64 = 2500.0;

/// A name that every server has an answer to, and that none must hand on (RFC 6761, 6.3): one that answers to this and not to
/// another name is well itself.
pub(crate) const CONTROL: &str = "localhost";
/// A label that nobody has: a domain in which it has an address answers to everything.
pub(crate) const WILDCARD_LABEL: &str = "dprobe-no-such-name";

/// A server that the source's lookups end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its address.
    pub(crate) address: IpAddr,
    /// Whether it is asked from the host's network and not from the source's.
    pub(crate) from_host: bool,
}

/// What a server does when it is asked on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Did {
    /// It has addresses for the name.
    Answered(Vec<IpAddr>),
    /// It knows the name and has no address for it.
    NoAddress,
    /// It says that the name does not exist.
    NoSuchName,
    /// It answers with an error; whether to every question, or to this name alone.
    Error { rcode: String, always: bool },
    /// It answers with what is no answer.
    Malformed,
    /// Nothing listens on its port 53.
    Refused,
    /// It can not be reached.
    Unreachable,
    /// It does not answer; whether to no question at all, or to this name alone.
    Silent { always: bool },
}

impl Did {
    /// What a server did, by its exchanges. The best of them counts, for a server that has answered once is there.
    fn of(queries: &[&DnsQuery]) -> Option<Self> {
        let (control, asked): (Vec<&DnsQuery>, Vec<&DnsQuery>) =
            queries.iter().partition(|query| query.question == CONTROL);
        let any = |outcome| asked.iter().find(|query| query.outcome == outcome);
        let answers = |outcome: DnsOutcome| !matches!(outcome, DnsOutcome::TimedOut);
        if asked.is_empty() {
            return None;
        }
        Some(if any(DnsOutcome::Answered).is_some() {
            Self::Answered(asked.iter().flat_map(|query| query.addresses.iter().copied()).collect())
        } else if any(DnsOutcome::Empty).is_some() {
            Self::NoAddress
        } else if any(DnsOutcome::NxDomain).is_some() {
            Self::NoSuchName
        } else if let Some(error) = any(DnsOutcome::Error) {
            let well = |query: &&DnsQuery| {
                matches!(query.outcome, DnsOutcome::Answered | DnsOutcome::Empty | DnsOutcome::NxDomain)
            };
            let rcode = error.rcode.clone().unwrap_or_else(|| "an error".to_owned());
            Self::Error { rcode, always: !control.iter().any(well) }
        } else if any(DnsOutcome::Malformed).is_some() {
            Self::Malformed
        } else if any(DnsOutcome::Refused).is_some() {
            Self::Refused
        } else if any(DnsOutcome::Unreachable).is_some() {
            Self::Unreachable
        } else {
            Self::Silent { always: !control.iter().any(|query| answers(query.outcome)) }
        })
    }

    /// Whether it is an answer that ends a lookup, good or bad.
    pub(super) fn is_usable(&self) -> bool {
        matches!(self, Self::Answered(_) | Self::NoAddress | Self::NoSuchName)
    }

    /// Whether there is a server at all.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self, Self::Refused | Self::Unreachable | Self::Silent { always: true })
    }

    /// What it does, as the end of a sentence.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Answered(addresses) => match addresses.first() {
                Some(address) => format!("answers {address}"),
                None => "answers".to_owned(),
            },
            Self::NoAddress => "says that the name has no address".to_owned(),
            Self::NoSuchName => "says that the name does not exist (NXDOMAIN)".to_owned(),
            Self::Error { rcode, always: true } => format!("answers {rcode} to everything"),
            Self::Error { rcode, always: false } => format!("answers {rcode} to this name, and other names well"),
            Self::Malformed => "answers with what is no DNS message".to_owned(),
            Self::Refused => "has nothing on port 53".to_owned(),
            Self::Unreachable => "can not be reached".to_owned(),
            Self::Silent { always: true } => "does not answer".to_owned(),
            Self::Silent { always: false } => "does not answer for this name, and other names it does".to_owned(),
        }
    }
}

impl<'a> Case<'a> {
    /// Whether the source asks Docker's own resolver.
    pub(super) fn uses_embedded(&self) -> bool {
        self.resolver().is_some_and(|seen| seen.fact.nameservers.contains(&EMBEDDED))
    }

    /// The servers at which the source's lookups end, in the order in which they are asked: those of its resolv.conf, or
    /// those to which Docker's resolver hands on. These are the ones the container was given (`--dns`), and otherwise the
    /// engine's or the host's, which an agent in the host's namespace has in its resolv.conf as well.
    pub(crate) fn servers(&self) -> Vec<Server> {
        let Some(resolver) = self.resolver() else { return Vec::new() };
        let here = |address: &IpAddr| Server { address: *address, from_host: false };
        let mut servers: Vec<Server> = if !self.uses_embedded() {
            resolver.fact.nameservers.iter().map(here).collect()
        } else if !resolver.fact.external.is_empty() {
            let noted = resolver.fact.external.iter();
            noted.map(|server| Server { address: server.address, from_host: server.from_host }).collect()
        } else if let Some(own) = self.own_servers() {
            own.iter().map(here).collect()
        } else {
            // What is loopback on the host is asked there.
            let of_host = self.host_servers().into_iter();
            of_host.map(|address| Server { address, from_host: address.is_loopback() }).collect()
        };
        servers.truncate(MAX_SERVERS);
        servers
    }

    /// The servers that the source was given for itself (`--dns`). An agent that stands in for it was not.
    pub(super) fn own_servers(&self) -> Option<&'a [IpAddr]> {
        let source = self.source().filter(|_| self.from.kind == SourceKind::Container && !self.from.stand_in)?;
        let owner = self.topology.namespace_owner(source);
        Some(owner.dns.as_slice()).filter(|servers| !servers.is_empty())
    }

    /// The servers of the engine (`dns` in `daemon.json`) or of its host.
    pub(crate) fn host_servers(&self) -> Vec<IpAddr> {
        let seen = self.resolver_in(HOST);
        let servers = seen.iter().flat_map(|seen| seen.fact.nameservers.iter().copied());
        servers.filter(|server| *server != EMBEDDED).take(MAX_SERVERS).collect()
    }

    /// What a server says to those who ask from a place.
    pub(crate) fn said(&self, place: &'a str, server: IpAddr) -> Option<Did> {
        let facts: Vec<_> = self.dns_in(place).collect();
        let queries: Vec<&DnsQuery> =
            facts.iter().flat_map(|seen| &seen.fact.queries).filter(|query| query.server == server).collect();
        Did::of(&queries)
    }

    /// What each server does when it is asked from where the source's lookups ask it.
    pub(super) fn survey(&self) -> Vec<(Server, Did)> {
        let place = |server: &Server| if server.from_host { HOST } else { self.from.place.as_str() };
        let servers = self.servers().into_iter();
        servers.filter_map(|server| Some((server, self.said(place(&server), server.address)?))).collect()
    }

    /// Evidence: what single servers said.
    pub(super) fn survey_evidence(&self) -> Vec<String> {
        let here = self.dns_in(&self.from.place).map(|seen| seen.id.to_owned());
        let mut because: Vec<String> = self.lookup().map(|seen| seen.id.to_owned()).into_iter().chain(here).collect();
        if !self.from_host() {
            because.extend(self.dns_in(HOST).map(|seen| seen.id.to_owned()));
        }
        because.extend(self.resolver().map(|seen| seen.id.to_owned()));
        because
    }

    /// A server that answers the source, and what it says: best one that knows the name.
    pub(super) fn good_server(&self) -> Option<(IpAddr, Did)> {
        let own = self.servers().into_iter().filter(|server| !server.from_host).map(|server| server.address);
        let all: Vec<(IpAddr, Did)> = own
            .chain(self.host_servers())
            .filter(|server| !server.is_loopback())
            .filter_map(|server| Some((server, self.said(&self.from.place, server)?)))
            .filter(|(_, did)| did.is_usable())
            .collect();
        let knows = all.iter().find(|(_, did)| matches!(did, Did::Answered(_)));
        knows.or(all.first()).cloned()
    }

    /// What the host's own lookup of the name would come to: the word of the first of its servers that has one.
    pub(super) fn host_answer(&self) -> Option<(IpAddr, Did)> {
        let all = self.host_servers().into_iter().filter_map(|server| Some((server, self.said(HOST, server)?)));
        all.into_iter().find(|(_, did)| did.is_usable())
    }

    /// Whether Docker's own resolver is not there for the source: nothing listens at its address.
    pub(crate) fn embedded_is_gone(&self) -> bool {
        // Of a namespace that ended while it was looked into, the engine had taken the resolver away already.
        let ends = self.source().is_some_and(|source| {
            let young = source.state.up_s.is_none_or(|seconds| seconds < SETTLED_S);
            source.state.status == Status::Restarting || source.state.restart_count > 0 && young
        });
        self.uses_embedded()
            && !ends
            && self.name_failed()
            && self.embedded_queries().is_some_and(|queries| {
                queries.iter().all(|query| matches!(query.outcome, DnsOutcome::Refused | DnsOutcome::Unreachable))
            })
    }

    /// What the lookup asked of Docker's own resolver; none where it was not asked.
    pub(super) fn embedded_queries(&self) -> Option<Vec<&'a DnsQuery>> {
        let queries: Vec<&DnsQuery> =
            self.lookup()?.fact.queries.iter().filter(|query| query.server == EMBEDDED).collect();
        (!queries.is_empty()).then_some(queries)
    }

    /// Whether every network of the source is internal, so that no server outside of it can be asked.
    pub(super) fn is_shut_in(&self) -> bool {
        let networks = self.source_networks();
        !networks.is_empty()
            && networks.iter().all(|key| self.topology.networks.get(*key).is_some_and(|network| network.internal))
    }

    /// The dead servers that every lookup waits for before one answers; none where the first answers, or where nobody does.
    pub(super) fn dead_first_servers(&self) -> Option<(Vec<IpAddr>, (IpAddr, Did))> {
        let survey = self.survey();
        let good = survey.iter().position(|(_, did)| did.is_usable())?;
        let dead: Vec<IpAddr> = survey
            .get(..good)?
            .iter()
            .filter(|(_, did)| matches!(did, Did::Silent { always: true }))
            .map(|(server, _)| server.address)
            .collect();
        let (server, did) = survey.get(good)?;
        (!dead.is_empty()).then(|| (dead, (server.address, did.clone())))
    }

    /// Whether the name resolved only after a dead server had been waited for.
    pub(super) fn resolves_slowly(&self) -> bool {
        self.to.kind == TargetKind::Name
            && self
                .lookup()
                .is_some_and(|lookup| lookup.fact.outcome == LookupOutcome::Found && lookup.took_ms > 1000.0)
            && self.dead_first_servers().is_some()
    }

    /// The server that answered the name with a search domain after it, and the domain, where that is suspicious: a
    /// container is called so, or the address is of no use.
    pub(crate) fn search_answer(&self) -> Option<(IpAddr, &'a str)> {
        let lookup = self.lookup()?;
        let meant = match self.to.kind {
            TargetKind::Container => self.from_container() && self.dials_name(),
            TargetKind::Name => self.from_container() && !self.to.host.contains('.') && !self.gets_through(),
            _ => false,
        };
        let query = lookup.fact.queries.iter().find(|query| query.outcome == DnsOutcome::Answered).filter(|_| meant)?;
        let inside = lookup.fact.answers.iter().any(|answer| self.topology.network_of(answer.address).is_some());
        let domain = query.question.get(self.to.host.len()..)?.strip_prefix('.').filter(|_| !inside)?;
        Some((query.server, domain))
    }

    /// Whether musl could have come to something else than glibc did: several servers, a search list that only one of them
    /// goes through, or an answer of which only one makes something.
    pub(crate) fn musl_may_differ(&self) -> bool {
        let (Some(lookup), Some(resolver)) = (self.lookup(), self.resolver()) else { return false };
        let queries = &lookup.fact.queries;
        let heard = queries.iter().any(|query| {
            matches!(query.outcome, DnsOutcome::Answered | DnsOutcome::Empty | DnsOutcome::NxDomain | DnsOutcome::Error)
        });
        let from_search = lookup.fact.outcome == LookupOutcome::Found
            && self.to.host.contains('.')
            && queries
                .last()
                .is_some_and(|last| last.question.trim_end_matches('.') != self.to.host.trim_end_matches('.'));
        let half = lookup.fact.outcome == LookupOutcome::Found && half_answered(&lookup);
        let stopped = lookup.fact.outcome == LookupOutcome::Found
            && queries.iter().any(|query| query.outcome == DnsOutcome::Error || found_nothing_in(queries, query));
        let container = self.from.kind == SourceKind::Container && !self.from.stand_in && self.dials_name();
        container && heard && (resolver.fact.nameservers.len() > 1 || from_search || half || stopped)
    }

    /// Whether the source's own libc is musl, and finds a name that the agent, which walks as glibc does, has not found.
    pub(super) fn found_by_its_libc_only(&self) -> bool {
        self.source().is_some_and(|source| source.libc == Some(Libc::Musl))
            && self.name_failed()
            && self.musl_lookup().is_some_and(|musl| musl.fact.outcome == LookupOutcome::Found)
    }

    /// That programs with glibc ask no DNS server in the source, because its image says so; nothing where they do.
    pub(super) fn dns_left_out(&self) -> String {
        let sources = self.source().and_then(|source| source.name_sources.as_ref());
        match sources.filter(|sources| !sources.iter().any(|word| matches!(word.as_str(), "dns" | "resolve"))) {
            Some(sources) => format!(
                " Besides, /etc/nsswitch.conf in {} has `hosts: {}`: programs with glibc ask no DNS server there at all.",
                self.from.place,
                sources.join(" ")
            ),
            None => String::new(),
        }
    }

    /// Whether glibc and musl come to different ends with the name: one finds it and the other does not. That they find
    /// different addresses is what names do that share their load.
    pub(crate) fn walks_differ(&self) -> bool {
        let (Some(glibc), Some(musl)) = (self.lookup(), self.musl_lookup()) else { return false };
        let found = |fact: &LookupFact| fact.outcome == LookupOutcome::Found;
        // Silence that was not waited for to the end tells nothing of what a patient program would have heard.
        let cut_short = |seen: &Seen<'_, LookupFact>| {
            let silent = seen.fact.queries.iter().any(|query| query.outcome == DnsOutcome::TimedOut);
            seen.fact.outcome == LookupOutcome::TemporaryFailure && silent && seen.took_ms < PATIENCE_MS
        };
        found(glibc.fact) != found(musl.fact) && !cut_short(&glibc) && !cut_short(&musl)
    }
}

/// Whether the answer came for one record type, and an error or nothing at all for the other.
fn half_answered(lookup: &Seen<'_, LookupFact>) -> bool {
    let last: Vec<&DnsQuery> = lookup.fact.queries.iter().rev().take(2).collect();
    last.iter().any(|query| query.outcome == DnsOutcome::Answered)
        && last.iter().any(|query| !matches!(query.outcome, DnsOutcome::Answered | DnsOutcome::Empty))
}

/// Whether the name of this query exists and has no address of either kind.
fn found_nothing_in(queries: &[DnsQuery], query: &DnsQuery) -> bool {
    let mut same = queries.iter().filter(|other| other.question == query.question);
    same.all(|other| other.outcome == DnsOutcome::Empty)
}
