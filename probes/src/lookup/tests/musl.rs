//! Where musl's walk differs from glibc's.

use super::super::resolve_as_musl;
use super::*;

/// What glibc and what musl make of a name.
async fn both(zones: Vec<Zone>, lines: &str, name: &str) -> (LookupFact, LookupFact) {
    let config = config(zones.len(), lines);
    let port = Fakes::start(zones).await.port;
    let resolving = Resolving { config, port };
    (resolve(&resolving, name, TIME).await, resolve_as_musl(&resolving, name, TIME).await)
}

fn says_no() -> Does {
    Does::Code(ResponseCode::NXDomain)
}

#[tokio::test]
async fn they_agree_where_there_is_one_good_server() {
    let (glibc, musl) = both(vec![knows("db.test", V4)], "search a.test", "db.test").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::Found, LookupOutcome::Found));
    assert_eq!(addresses(&musl), [ip(V4)]);
}

#[tokio::test]
async fn the_fastest_server_is_believed_not_the_first() {
    let slow_no = always(Does::Later(60, Box::new(says_no())));
    let (glibc, musl) = both(vec![slow_no, knows("db.test", V4)], "", "db.test").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::NotFound, LookupOutcome::Found));
    // The one that came too late is told all the same.
    assert!(asked(&musl).contains(&(address(0), "db.test", DnsOutcome::NxDomain)), "{musl:?}");

    let slow_yes = always(Does::Later(60, Box::new(Does::Says(vec![ip(V4)]))));
    let (glibc, musl) = both(vec![slow_yes, always(says_no())], "", "db.test").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::Found, LookupOutcome::NotFound));
}

#[tokio::test]
async fn a_server_that_refuses_or_is_dead_costs_nothing() {
    let zones = vec![always(Does::Silent), always(Does::Code(ResponseCode::Refused)), knows("db", V4)];
    let started = Instant::now();
    let config = config(3, "");
    let port = Fakes::start(zones).await.port;
    let fact = resolve_as_musl(&Resolving { config, port }, "db", TIME).await;
    assert_eq!(fact.outcome, LookupOutcome::Found);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_name_with_dots_is_not_searched_for() {
    let (glibc, musl) = both(vec![knows("x.y.a.test", V4)], "search a.test", "x.y").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::Found, LookupOutcome::NotFound));
}

#[tokio::test]
async fn a_domain_that_knows_the_name_without_an_address_ends_the_search() {
    let zone: Zone = Arc::new(|name| match name {
        "db.a.test" => Does::Says(Vec::new()),
        "db.b.test" => Does::Says(vec![ip(V4)]),
        _ => says_no(),
    });
    let (glibc, musl) = both(vec![zone], "search a.test b.test", "db").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::Found, LookupOutcome::NoData));
}

#[tokio::test]
async fn one_family_without_an_answer_is_no_answer() {
    let (glibc, musl) = both(vec![always(Does::OnlyV4(ip(V4)))], "", "db").await;
    assert_eq!((glibc.outcome, musl.outcome), (LookupOutcome::Found, LookupOutcome::NotFound));
}

#[tokio::test]
async fn the_options_of_the_transport_are_kept() {
    let all = vec![ip(V4)];
    let (glibc, _) = both(vec![always(Does::Truncates(all))], "options use-vc", "db").await;
    assert_eq!(glibc.outcome, LookupOutcome::Found);
    assert!(glibc.queries.iter().all(|query| query.transport == Protocol::Tcp), "{glibc:?}");
    let (glibc, _) = both(vec![always(Does::Says(vec![ip(V4), ip(V6)]))], "options single-request", "db").await;
    assert_eq!(glibc.answers.len(), 2);
}
