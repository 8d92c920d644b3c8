//! The walk that musl makes for a name (`name_from_dns_search` in `lookup_name.c` and `__res_msend_rc` in
//! `res_msend.c`, musl 1.2.4 and newer).
//!
//! It asks every server at once and believes the first that answers, where glibc asks one after the other. A name with as
//! many dots as `ndots` says is never tried with the search list, and a search domain in which the name exists without an
//! address ends the search.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::timeout_at;

use super::candidates::is_valid;
use super::exchange::{AddressRecord, exchange};
use super::walk::{MAX_SERVERS, Resolving, answer, without_dns};
use super::{AnswerSource, DnsOutcome, DnsQuery, LookupAnswer, LookupFact, LookupOutcome, order};
use crate::listeners::Protocol;

/// How long the servers that were slower than the first are still heard. musl does not wait for them, but whether they say
/// the same tells how much the first answer is worth.
const GRACE: Duration = Duration::from_millis(100);

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
            fact.outcome = all_candidates(resolving, name, Instant::now() + time, &mut fact).await;
        } else {
            fact.outcome = LookupOutcome::InvalidName;
        }
    }
    order::sort(&mut fact.answers);
    fact
}

async fn all_candidates(resolving: &Resolving, name: &str, end: Instant, fact: &mut LookupFact) -> LookupOutcome {
    let list = candidates(name, &resolving.config.search, resolving.config.ndots);
    let mut came = LookupOutcome::NotFound;
    for candidate in list {
        came = one_candidate(resolving, &candidate, end, fact).await;
        // Only NXDOMAIN leads on to the next.
        if came != LookupOutcome::NotFound {
            break;
        }
    }
    came
}

/// The names that musl asks for, in their order.
fn candidates(name: &str, search: &[String], ndots: u32) -> Vec<String> {
    let as_is = name.strip_suffix('.').unwrap_or(name).to_owned();
    let dots = name.bytes().filter(|byte| *byte == b'.').count();
    let searched = as_is.len() == name.len() && u32::try_from(dots).is_ok_and(|dots| dots < ndots);
    let domains = search.iter().filter(|_| searched).map(|domain| domain.trim_matches('.'));
    let mut list: Vec<String> = domains
        .filter(|domain| !domain.is_empty())
        .map(|domain| format!("{name}.{domain}"))
        .filter(|full| is_valid(full))
        .collect();
    list.push(as_is);
    list
}

/// What both questions for one name come to (the end of `name_from_dns`): each has to be answered, and NXDOMAIN for either
/// counts for the name.
async fn one_candidate(resolving: &Resolving, name: &str, end: Instant, fact: &mut LookupFact) -> LookupOutcome {
    let mut servers = resolving.servers();
    servers.truncate(MAX_SERVERS);
    let ((v4, mut queries), (v6, more)) = join(
        first_of(&servers, name, AddressRecord::A, end, resolving),
        first_of(&servers, name, AddressRecord::Aaaa, end, resolving),
    )
    .await;
    queries.extend(more);
    fact.queries.extend(queries);
    let pair = [v4, v6];
    for taken in &pair {
        match taken.as_ref().map(|query| query.outcome) {
            None => return LookupOutcome::TemporaryFailure,
            Some(DnsOutcome::NxDomain) => return LookupOutcome::NotFound,
            Some(_) => {}
        }
    }
    let mut found: Vec<LookupAnswer> = Vec::new();
    for query in pair.iter().flatten() {
        found.extend(query.addresses.iter().map(|address| answer(*address, AnswerSource::Dns, query.ttl_s)));
    }
    fact.answers = found;
    if fact.answers.is_empty() { LookupOutcome::NoData } else { LookupOutcome::Found }
}

/// Ask every server at once. The first that answers or says NXDOMAIN is believed; SERVFAIL, REFUSED and the like are passed
/// over, as silence is. With it comes what every server said.
async fn first_of(
    servers: &[SocketAddr],
    name: &str,
    record: AddressRecord,
    end: Instant,
    resolving: &Resolving,
) -> (Option<DnsQuery>, Vec<DnsQuery>) {
    let time = Duration::from_secs(resolving.config.timeout_s.max(1).into());
    let wait = time.min(end.saturating_duration_since(Instant::now()));
    let mut open: FuturesUnordered<_> =
        servers.iter().map(|server| exchange(*server, name, record, Protocol::Udp, wait)).collect();
    let mut taken: Option<DnsQuery> = None;
    let mut heard = Vec::new();
    let mut until = Instant::now() + wait + GRACE;
    while let Ok(Some(query)) = timeout_at(until.into(), open.next()).await {
        let counts = matches!(query.outcome, DnsOutcome::Answered | DnsOutcome::Empty | DnsOutcome::NxDomain);
        if counts && taken.is_none() {
            taken = Some(query.clone());
            until = Instant::now() + GRACE;
        }
        heard.push(query);
    }
    (taken, heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_list_is_only_for_names_with_few_dots() {
        let search = ["a.test".to_owned(), "b.test.".to_owned(), ".".to_owned()];
        assert_eq!(candidates("db", &search, 1), ["db.a.test", "db.b.test", "db"]);
        assert_eq!(candidates("db", &search, 0), ["db"]);
        assert_eq!(candidates("db.x", &search, 1), ["db.x"]);
        assert_eq!(candidates("db.x", &search, 2), ["db.x.a.test", "db.x.b.test", "db.x"]);
        assert_eq!(candidates("db.", &search, 5), ["db"]);
    }
}
