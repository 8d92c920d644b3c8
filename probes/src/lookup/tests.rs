//! Walks against servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::op::ResponseCode;

mod musl;

use super::fake::{Does, Fakes, Zone, address, always, knows, nobody};
use super::{AnswerSource, DnsOutcome, LookupFact, LookupOutcome, Resolving, resolve, survey};
use crate::listeners::Protocol;
use crate::resolver::{HostsEntry, ResolverFact, resolv_conf_text};

const TIME: Duration = Duration::from_secs(5);
const V4: &str = "198.51.100.7";
const V6: &str = "2001:db8::7";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A configuration with the first `servers` fake servers and some more lines.
fn config(servers: usize, lines: &str) -> ResolverFact {
    let mut config = resolv_conf_text(lines.as_bytes());
    config.nameservers = (0..servers).map(address).collect();
    config
}

/// Look `name` up with one server per zone.
async fn lookup(zones: Vec<Zone>, lines: &str, name: &str, time: Duration) -> LookupFact {
    let config = config(zones.len(), lines);
    let port = Fakes::start(zones).await.port;
    resolve(&Resolving { config, port }, name, time).await
}

/// What was asked, of whom, and what came of it, for the A record alone.
fn asked(fact: &LookupFact) -> Vec<(IpAddr, &str, DnsOutcome)> {
    let of_v4 = fact.queries.iter().filter(|query| query.record == "A");
    of_v4.map(|query| (query.server, query.question.as_str(), query.outcome)).collect()
}

fn addresses(fact: &LookupFact) -> Vec<IpAddr> {
    fact.answers.iter().map(|answer| answer.address).collect()
}

fn without_servers(hosts: &[(&str, &[&str])]) -> Resolving {
    let mut config = config(0, "");
    config.hosts = hosts
        .iter()
        .map(|(address, names)| HostsEntry {
            address: ip(address),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        })
        .collect();
    Resolving { config, port: 1 }
}

#[tokio::test]
async fn the_hosts_file_wins_and_no_server_is_asked() {
    let resolving = without_servers(&[(V4, &["db", "DB.test"]), ("198.51.100.8", &["db"]), (V4, &["db"])]);
    let fact = resolve(&resolving, "DB", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::Found);
    assert_eq!(addresses(&fact), [ip(V4), ip("198.51.100.8")]);
    assert!(fact.answers.iter().all(|answer| answer.source == AnswerSource::HostsFile));
    assert_eq!(fact.queries, []);
}

#[tokio::test]
async fn literals_and_localhost_need_no_server() {
    for (name, expected) in [(V4, V4), ("::1", "::1"), ("localhost", "127.0.0.1"), ("LocalHost.", "::1")] {
        let fact = resolve(&without_servers(&[]), name, TIME).await;
        assert_eq!(fact.outcome, LookupOutcome::Found, "{name}");
        assert!(fact.answers.contains(&super::LookupAnswer {
            address: ip(expected),
            source: AnswerSource::Builtin,
            ttl_s: None
        }));
        assert_eq!(fact.queries, [], "{name}");
    }
}

#[tokio::test]
async fn a_name_that_can_not_be_asked_for_is_invalid() {
    let long_label = format!("{}.test", "a".repeat(64));
    let long_name = "a.".repeat(127) + "test";
    for name in ["", ".", "a..b", ".a", "a b", "bücher.test", "a\u{7}", &long_label, &long_name] {
        let fact = resolve(&without_servers(&[]), name, TIME).await;
        assert_eq!((fact.outcome, fact.queries), (LookupOutcome::InvalidName, Vec::new()), "{name:?}");
    }
}

#[tokio::test]
async fn an_address_of_one_family_is_enough() {
    let fact = lookup(vec![always(Does::Says(vec![ip(V4)]))], "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::Found);
    assert_eq!(addresses(&fact), [ip(V4)]);
    assert_eq!(fact.answers[0].ttl_s, Some(60));
    let outcomes: Vec<_> = fact.queries.iter().map(|query| (query.record.as_str(), query.outcome)).collect();
    assert_eq!(outcomes, [("A", DnsOutcome::Answered), ("AAAA", DnsOutcome::Empty)]);
    assert_eq!(fact.queries[0].rcode.as_deref(), Some("NOERROR"));
}

#[tokio::test]
async fn both_families_are_reported() {
    let fact = lookup(vec![always(Does::Says(vec![ip(V4), ip(V6)]))], "", "db.test", TIME).await;
    let mut found = addresses(&fact);
    found.sort();
    assert_eq!(found, [ip(V4), ip(V6)]);
}

#[tokio::test]
async fn a_short_name_goes_through_the_search_list_first() {
    let zone = knows("db.b.test", V4);
    let fact = lookup(vec![zone], "search a.test b.test c.test", "db", TIME).await;
    assert_eq!(addresses(&fact), [ip(V4)]);
    let server = address(0);
    assert_eq!(
        asked(&fact),
        [(server, "db.a.test", DnsOutcome::NxDomain), (server, "db.b.test", DnsOutcome::Answered)]
    );
}

#[tokio::test]
async fn a_name_with_enough_dots_goes_as_it_is_first() {
    let fact = lookup(vec![knows("x.y.a.test", V4)], "search a.test", "x.y", TIME).await;
    assert_eq!(
        asked(&fact),
        [(address(0), "x.y", DnsOutcome::NxDomain), (address(0), "x.y.a.test", DnsOutcome::Answered)]
    );
    let fact = lookup(vec![knows("x.y", V4)], "search a.test\noptions ndots:2", "x.y", TIME).await;
    assert_eq!(
        asked(&fact),
        [(address(0), "x.y.a.test", DnsOutcome::NxDomain), (address(0), "x.y", DnsOutcome::Answered)]
    );
}

#[tokio::test]
async fn a_last_dot_leaves_the_search_list_out() {
    let fact = lookup(vec![knows("db.a.test", V4)], "search a.test", "db.", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::NotFound);
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::NxDomain)]);
}

#[tokio::test]
async fn a_name_nobody_knows_is_not_found() {
    let fact = lookup(vec![knows("other", V4), knows("db", V4)], "", "db", TIME).await;
    // NXDOMAIN is an answer: the second server is not asked.
    assert_eq!(fact.outcome, LookupOutcome::NotFound);
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::NxDomain)]);
    assert_eq!(fact.queries[0].rcode.as_deref(), Some("NXDOMAIN"));
}

#[tokio::test]
async fn a_name_without_addresses_has_no_data() {
    let fact = lookup(vec![always(Does::Says(Vec::new()))], "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::NoData);
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::Empty)]);
}

#[tokio::test]
async fn no_data_in_the_search_list_outlives_a_later_nxdomain() {
    let zone: Zone = Arc::new(|name| match name {
        "db.a.test" => Does::Says(Vec::new()),
        _ => Does::Code(ResponseCode::NXDomain),
    });
    let fact = lookup(vec![zone], "search a.test", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::NoData);
}

#[tokio::test]
async fn after_servfail_the_next_server_is_asked() {
    let zones = vec![always(Does::Code(ResponseCode::ServFail)), always(Does::Says(vec![ip(V4)]))];
    let fact = lookup(zones, "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::Found);
    assert_eq!(addresses(&fact), [ip(V4)]);
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::Error), (address(1), "db", DnsOutcome::Answered)]);
    assert_eq!(fact.queries[0].rcode.as_deref(), Some("SERVFAIL"));
}

#[tokio::test]
async fn refusal_by_every_server_is_a_temporary_failure() {
    let zones = vec![always(Does::Code(ResponseCode::Refused)), always(Does::Code(ResponseCode::ServFail))];
    let fact = lookup(zones, "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
    let codes: Vec<_> = fact.queries.iter().filter_map(|query| query.rcode.as_deref()).collect();
    // Two rounds of two servers, two records each.
    assert_eq!(codes, ["REFUSED", "REFUSED", "SERVFAIL", "SERVFAIL"].repeat(2));
}

#[tokio::test]
async fn a_silent_first_server_is_told_and_the_second_answers() {
    let started = Instant::now();
    let fact = lookup(vec![always(Does::Silent), always(Does::Says(vec![ip(V4)]))], "", "db", TIME / 5).await;
    assert_eq!(fact.outcome, LookupOutcome::Found);
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::TimedOut), (address(1), "db", DnsOutcome::Answered)]);
    assert!(fact.queries[0].took_ms >= 100.0, "{fact:?}");
    assert!(started.elapsed() < TIME);
}

#[tokio::test]
async fn silence_of_all_servers_is_told_of_each_within_the_time() {
    let time = Duration::from_millis(900);
    let started = Instant::now();
    let fact = lookup(vec![always(Does::Silent); 3], "search a.test b.test", "db", time).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
    for index in 0..3 {
        let told = asked(&fact).contains(&(address(index), "db.a.test", DnsOutcome::TimedOut));
        assert!(told, "{index}: {:?}", asked(&fact));
    }
    // After silence the rest of the search list is left out, and the name is tried as it is.
    assert!(!asked(&fact).iter().any(|(_, question, _)| *question == "db.b.test"));
    assert!(asked(&fact).contains(&(address(0), "db", DnsOutcome::TimedOut)), "{:?}", asked(&fact));
    assert!(started.elapsed() < time + Duration::from_millis(500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_server_that_is_not_there_refuses() {
    let port = Fakes::start(vec![always(Does::Silent)]).await.port;
    let mut config = config(0, "");
    config.nameservers = vec![nobody(port).ip()];
    let fact = resolve(&Resolving { config, port }, "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
    assert!(fact.queries.iter().all(|query| query.outcome == DnsOutcome::Refused), "{fact:?}");
}

#[tokio::test]
async fn rubbish_is_malformed() {
    let fact = lookup(vec![always(Does::Rubbish)], "", "db", Duration::from_millis(400)).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
    assert!(fact.queries.iter().all(|query| query.outcome == DnsOutcome::Malformed), "{fact:?}");
}

#[tokio::test]
async fn an_answer_with_another_id_is_passed_over() {
    let fact = lookup(vec![always(Does::ForgedFirst(ip(V4)))], "", "db", TIME).await;
    assert_eq!(addresses(&fact), [ip(V4)]);
}

#[tokio::test]
async fn after_a_truncated_answer_the_question_goes_over_tcp() {
    let all: Vec<IpAddr> = (1..=60).map(|last| IpAddr::from([198, 51, 100, last])).collect();
    let fact = lookup(vec![always(Does::Truncates(all.clone()))], "", "db", TIME).await;
    assert_eq!(fact.queries[0].transport, Protocol::Tcp);
    assert_eq!(fact.queries[0].addresses, all);
}

#[tokio::test]
async fn a_server_that_truncates_and_hangs_up_gave_no_answer() {
    let fact = lookup(vec![always(Does::TruncatesAndHangsUp)], "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
    let first = &fact.queries[0];
    assert_eq!((first.transport, first.outcome), (Protocol::Tcp, DnsOutcome::Malformed));
}

#[tokio::test]
async fn only_three_servers_are_used_and_a_survey_asks_the_rest() {
    let zones = vec![
        always(Does::Says(vec![ip(V4)])),
        always(Does::Code(ResponseCode::NXDomain)),
        always(Does::Code(ResponseCode::Refused)),
        always(Does::Says(vec![ip("198.51.100.9")])),
    ];
    let config = config(4, "");
    let port = Fakes::start(zones).await.port;
    let resolving = Resolving { config, port };
    let mut fact = resolve(&resolving, "db", TIME).await;
    assert_eq!(asked(&fact), [(address(0), "db", DnsOutcome::Answered)]);
    survey(&resolving, &mut fact, TIME).await;
    assert_eq!(
        asked(&fact),
        [
            (address(0), "db", DnsOutcome::Answered),
            (address(1), "db", DnsOutcome::NxDomain),
            (address(2), "db", DnsOutcome::Error),
            (address(3), "db", DnsOutcome::Answered),
        ]
    );
    // What the others say is evidence; the program sees the first.
    assert_eq!(addresses(&fact), [ip(V4)]);
}

#[tokio::test]
async fn the_walk_uses_no_fourth_server() {
    let zones: Vec<Zone> = (0..4)
        .map(
            |index| {
                if index == 3 { always(Does::Says(vec![ip(V4)])) } else { always(Does::Code(ResponseCode::ServFail)) }
            },
        )
        .collect();
    let fact = lookup(zones, "", "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::TemporaryFailure);
}
