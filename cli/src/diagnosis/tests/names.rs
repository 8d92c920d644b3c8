//! Names that DNS servers have a part in.

use dprobe_probes::lookup::DnsOutcome::{Answered, Empty, Error, NxDomain, Refused, TimedOut};
use dprobe_probes::tcp::TcpOutcome;

use super::facts::names::Said;
use super::facts::{self, Facts, container};
use crate::report::{Check, Severity, TargetKind, Verdict};
use crate::topology::{ComposeService, Container, Libc, NetworkMode};

const EMBEDDED: &str = "127.0.0.11";
const API: &str = "api.example.test";
const ADDRESS: &str = "198.51.100.7";
/// Two servers, of which the second is a good one.
const ONE: &str = "198.51.100.53";
const TWO: &str = "198.51.100.54";

/// `web` on a network of its own, where it asks Docker's resolver, with these servers behind it.
fn web(dns: &[&str]) -> Facts {
    let mut web = container("web", "nginx").on("front", "172.18.0.2");
    web.dns = dns.iter().map(|server| server.parse().expect("an address")).collect();
    Facts::new()
        .network("front", "172.18.0.0/16")
        .container(web)
        .container(container("mongodb", "mongo").on("front", "172.18.0.3"))
        .lives_at(&["172.18.0.2"], &["172.18.0.0/16", "0.0.0.0/0"])
        .asks("web", &[EMBEDDED])
}

/// `web` on the default bridge, where it asks the servers itself.
fn direct(dns: &[&str]) -> Facts {
    Facts::new()
        .default_bridge()
        .container(container("web", "nginx").on("bridge", "172.17.0.2"))
        .lives_at(&["172.17.0.2"], &["172.17.0.0/16", "0.0.0.0/0"])
        .asks("web", dns)
}

fn silent(server: &str) -> [Said<'_>; 2] {
    [(server, API, TimedOut, None), (server, "localhost", TimedOut, None)]
}

fn knows(server: &str) -> [Said<'_>; 2] {
    [(server, API, Answered, Some(ADDRESS)), (server, "localhost", NxDomain, None)]
}

fn first(check: &Check) -> (&str, Severity) {
    let first = check.diagnoses.first().expect("a diagnosis");
    (&first.code, first.severity)
}

#[test]
fn a_resolver_that_is_not_there_is_told_for_every_name() {
    for name in ["mongodb", API] {
        let check = web(&[]).walks(name, 0.3, &[(EMBEDDED, name, Refused, None)]).check(&format!("{name}:27017"));
        assert_eq!(first(&check), ("embedded-dns-broken", Severity::Error));
        assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker restart web"]);
        assert_eq!(check.verdict, Verdict::Unreachable);
    }
}

#[test]
fn a_resolver_that_is_silent_about_its_own_containers_is_broken_too() {
    let check = web(&[]).walks("mongodb", 5000.0, &[(EMBEDDED, "mongodb", TimedOut, None)]).check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["embedded-dns-broken"]);
    // About other names it waits for others.
    let check = web(&[]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).check("api.example.test:443");
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
}

#[test]
fn a_namespace_without_anything_but_loopback_is_not_the_resolvers_fault() {
    let check = web(&[])
        .lives_at(&[], &[])
        .walks("mongodb", 0.3, &[(EMBEDDED, "mongodb", Refused, None)])
        .check("mongodb:27017");
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
}

#[test]
fn what_lives_in_the_namespace_of_another_is_restarted_after_it() {
    let mut app = container("web", "node");
    app.network_mode = NetworkMode::Container("vpn".to_owned());
    let check = web(&[])
        .container(app)
        .container(container("vpn", "gluetun").on("front", "172.18.0.4"))
        .walks(API, 0.3, &[(EMBEDDED, API, Refused, None)])
        .check("api.example.test:443");
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker restart vpn web"]);
}

#[test]
fn a_dead_server_and_a_blocked_one_are_told_apart() {
    let dead = web(&[ONE]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).surveys("web", &silent(ONE));
    let nowhere = dead.surveys("host", &silent(ONE)).check("api.example.test:443");
    assert_eq!(first(&nowhere), ("dns-server-unreachable", Severity::Error));
    assert!(nowhere.diagnoses[0].explanation.contains("The host gets no answer"), "{:?}", nowhere.diagnoses[0]);

    let dead = web(&[ONE]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).surveys("web", &silent(ONE));
    let blocked = dead.surveys("host", &knows(ONE)).check("api.example.test:443");
    assert_eq!(first(&blocked), ("dns-server-unreachable", Severity::Error));
    assert!(blocked.diagnoses[0].explanation.contains("does answer the host"), "{:?}", blocked.diagnoses[0]);
}

#[test]
fn a_stub_of_the_host_that_the_engine_asks_there_is_no_stub_of_the_container() {
    let stub = "127.0.0.53";
    let facts =
        || web(&[]).asks_behind("web", &[EMBEDDED], &[stub]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]);
    let check = facts().surveys("host", &silent(stub)).check("api.example.test:443");
    assert_eq!(first(&check), ("dns-server-unreachable", Severity::Error));
    assert!(check.diagnoses[0].explanation.contains("asked from the host"), "{:?}", check.diagnoses[0]);
    // An engine that does not say so in the file does the same with the host's list.
    let older = web(&[]).asks("host", &[stub]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]);
    let check = older.surveys("host", &silent(stub)).check("api.example.test:443");
    assert_eq!(facts::codes(&check), ["dns-server-unreachable"]);
}

#[test]
fn a_server_that_answers_is_offered_and_no_other_is() {
    let facts = web(&[ONE])
        .walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)])
        .surveys("web", &silent(ONE))
        .asks("host", &[TWO])
        .surveys("web", &knows(TWO));
    let fix = facts.check("api.example.test:443").diagnoses[0].fixes[0].title.clone();
    assert!(fix.contains(&format!("--dns {TWO}")), "{fix}");
    let alone = web(&[ONE]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).surveys("web", &silent(ONE));
    for fix in &alone.check("api.example.test:443").diagnoses[0].fixes {
        assert!(!fix.title.contains("8.8.8.8") && fix.commands.is_empty(), "{fix:?}");
    }
}

#[test]
fn a_misspelt_name_is_first_while_the_server_is_dead() {
    let facts = web(&[ONE]).walks("mongdb", 5000.0, &[(EMBEDDED, "mongdb", TimedOut, None)]);
    let said: [Said<'_>; 2] = [(ONE, "mongdb", TimedOut, None), (ONE, "localhost", TimedOut, None)];
    let check = facts.surveys("web", &said).check("mongdb:27017");
    assert_eq!(facts::codes(&check), ["unknown-name", "dns-server-unreachable"]);
    assert_eq!(check.diagnoses[1].severity, Severity::Warning);
}

#[test]
fn an_internal_network_is_not_the_servers_fault() {
    let check = web(&[ONE])
        .edit_network("front", |network| network.internal = true)
        .walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)])
        .surveys("web", &silent(ONE))
        .check("api.example.test:443");
    assert_eq!(facts::codes(&check), ["internal-network"]);
}

#[test]
fn without_a_survey_no_server_is_blamed() {
    let check = web(&[ONE]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).check("api.example.test:443");
    assert!(check.diagnoses.is_empty(), "{:?}", check.diagnoses);
}

#[test]
fn an_error_for_everything_and_an_error_for_one_name() {
    let everything: [Said<'_>; 2] = [(ONE, API, Error, None), (ONE, "localhost", Error, None)];
    let facts = || web(&[ONE]).walks(API, 2.0, &[(EMBEDDED, API, Error, None)]);
    let check = facts().surveys("web", &everything).check("api.example.test:443");
    assert_eq!(first(&check), ("dns-server-error", Severity::Error));
    assert!(check.diagnoses[0].explanation.contains("SERVFAIL to everything"), "{:?}", check.diagnoses[0]);
    let one_name: [Said<'_>; 2] = [(ONE, API, Error, None), (ONE, "localhost", Answered, Some("127.0.0.1"))];
    let check = facts().surveys("web", &one_name).check("api.example.test:443");
    assert!(check.diagnoses[0].title.contains("fails for api.example.test"), "{:?}", check.diagnoses[0]);
}

#[test]
fn a_dead_first_server_degrades_what_works() {
    let slow = |took| {
        web(&[ONE, TWO])
            .walks(API, took, &[(EMBEDDED, API, Answered, Some(ADDRESS))])
            .dials(ADDRESS, 443, TcpOutcome::Connected)
            .surveys("web", &silent(ONE))
            .surveys("web", &knows(TWO))
            .check("api.example.test:443")
    };
    let check = slow(4005.0);
    assert_eq!(facts::codes(&check), ["dns-first-server-dead"]);
    assert_eq!((check.verdict, first(&check).1), (Verdict::Degraded, Severity::Error));
    assert!(check.diagnoses[0].title.contains(ONE), "{:?}", check.diagnoses[0]);
    assert!(check.diagnoses[0].fixes[0].title.contains(&format!("without `--dns {ONE}`")));
    let quick = slow(12.0);
    assert_eq!((quick.verdict, quick.diagnoses.len()), (Verdict::Reachable, 0), "a cache may have answered");
}

#[test]
fn a_slow_name_does_not_hide_what_blocks() {
    let check = direct(&[ONE, TWO])
        .walks(API, 5003.0, &[(ONE, API, TimedOut, None), (TWO, API, Answered, Some(ADDRESS))])
        .dials(ADDRESS, 443, TcpOutcome::Refused)
        .surveys("web", &silent(ONE))
        .surveys("web", &knows(TWO))
        .check("api.example.test:443");
    assert_eq!((check.verdict, facts::codes(&check)), (Verdict::Unreachable, vec!["dns-first-server-dead"]));
}

#[test]
fn servers_that_are_slow_together_are_not_dead() {
    let check = direct(&[ONE, TWO])
        .walks(API, 1500.0, &[(ONE, API, Answered, Some(ADDRESS))])
        .dials(ADDRESS, 443, TcpOutcome::Connected)
        .surveys("web", &knows(ONE))
        .surveys("web", &silent(TWO))
        .check("api.example.test:443");
    assert_eq!((check.verdict, check.diagnoses.len()), (Verdict::Reachable, 0));
}

#[test]
fn a_loopback_server_in_a_container_is_the_container() {
    let stub = "127.0.0.53";
    let refused: [Said<'_>; 2] = [(stub, API, Refused, None), (stub, "localhost", Refused, None)];
    let own = direct(&[stub]).walks(API, 0.2, &[(stub, API, Refused, None)]).surveys("web", &refused);
    assert_eq!(facts::codes(&own.check("api.example.test:443")), ["dns-loopback-stub"]);
    let behind = web(&[stub]).walks(API, 5000.0, &[(EMBEDDED, API, TimedOut, None)]).surveys("web", &refused);
    assert_eq!(facts::codes(&behind.check("api.example.test:443")), ["dns-loopback-stub"]);
    // With a second server it costs nothing, and is worth a word.
    let beside = direct(&[stub, TWO])
        .walks(API, 0.9, &[(stub, API, Refused, None), (TWO, API, Answered, Some(ADDRESS))])
        .dials(ADDRESS, 443, TcpOutcome::Connected)
        .check("api.example.test:443");
    assert_eq!((beside.verdict, first(&beside)), (Verdict::Reachable, ("dns-loopback-stub", Severity::Warning)));
}

#[test]
fn a_resolver_that_a_container_runs_for_itself_is_no_stub() {
    let own = "127.0.0.1";
    let check = direct(&[own])
        .walks(API, 1200.0, &[(own, API, Answered, Some(ADDRESS))])
        .dials(ADDRESS, 443, TcpOutcome::Connected)
        .surveys("web", &knows(own))
        .check("api.example.test:443");
    assert_eq!((check.verdict, check.diagnoses.len()), (Verdict::Reachable, 0));
}

#[test]
fn public_stand_ins_of_a_host_that_asks_its_loopback() {
    let no: [Said<'_>; 2] = [("8.8.8.8", API, NxDomain, None), ("8.8.8.8", "localhost", NxDomain, None)];
    let facts = |of_host: &str| {
        direct(&["8.8.8.8", "8.8.4.4"])
            .walks(API, 20.0, &[("8.8.8.8", API, NxDomain, None)])
            .surveys("web", &no)
            .asks("host", &[of_host])
            .check("api.example.test:443")
    };
    assert_eq!(facts::codes(&facts("127.0.0.53")), ["dns-loopback-stub"]);
    assert_eq!(facts::codes(&facts("8.8.8.8")), ["dns-name-not-found"], "somebody who chose them");
}

#[test]
fn a_name_that_does_not_exist_and_one_that_only_others_know() {
    let no = web(&[ONE]).walks(API, 3.0, &[(EMBEDDED, API, NxDomain, None)]);
    let no = no.surveys("web", &[(ONE, API, NxDomain, None)]);
    let check = no.asks("host", &[TWO]).surveys("host", &knows(TWO)).check("api.example.test:443");
    assert_eq!(facts::codes(&check), ["dns-name-not-found"]);
    assert!(check.diagnoses[0].explanation.contains("The host finds it (198.51.100.7)"), "{:?}", check.diagnoses[0]);
    assert!(check.diagnoses[0].fixes[0].title.contains("--add-host api.example.test:198.51.100.7"));

    let empty = web(&[]).walks(API, 3.0, &[(EMBEDDED, API, Empty, None)]).check("api.example.test:443");
    assert!(empty.diagnoses[0].title.contains("has no address") || empty.diagnoses[0].title.contains("no address"));
}

#[test]
fn a_wildcard_in_the_search_list_takes_the_name_of_a_container() {
    let answered: [Said<'_>; 1] = [(EMBEDDED, "mongodb.corp.test", Answered, Some(ADDRESS))];
    let check = web(&[])
        .edit("web", |web| web.dns_options = vec!["ndots:1".to_owned()])
        .walks("mongodb", 1.0, &answered)
        .dials(ADDRESS, 27017, TcpOutcome::Connected)
        .check("mongodb:27017");
    assert_eq!(facts::codes(&check), ["search-domain-shadow"]);
    assert_eq!(check.verdict, Verdict::Unreachable, "it connects, to somebody else");
    assert!(check.diagnoses[0].fixes[0].title.contains("without `--dns-opt ndots:1`"));
}

#[test]
fn a_search_list_that_is_meant_is_left_alone() {
    // A host of the company's, found by the search list.
    let meant = web(&[])
        .walks("intranet", 1.0, &[(EMBEDDED, "intranet.corp.test", Answered, Some(ADDRESS))])
        .dials(ADDRESS, 80, TcpOutcome::Connected)
        .check("intranet:80");
    assert_eq!((meant.verdict, meant.diagnoses.len()), (Verdict::Reachable, 0));
    // The same while that host is down.
    let down = web(&[])
        .walks("intranet", 1.0, &[(EMBEDDED, "intranet.corp.test", Answered, Some(ADDRESS))])
        .dials(ADDRESS, 80, TcpOutcome::Refused)
        .surveys("web", &[(EMBEDDED, "dprobe-no-such-name.corp.test", NxDomain, None)])
        .check("intranet:80");
    assert!(down.diagnoses.is_empty(), "{:?}", down.diagnoses);
    // A container that is found by a domain all the same.
    let inside = web(&[])
        .walks("mongodb", 1.0, &[(EMBEDDED, "mongodb.corp.test", Answered, Some("172.18.0.3"))])
        .dials("172.18.0.3", 27017, TcpOutcome::Connected)
        .check("mongodb:27017");
    assert!(inside.diagnoses.is_empty(), "{:?}", inside.diagnoses);
}

#[test]
fn a_misspelt_name_that_a_wildcard_answers_to() {
    let check = web(&[])
        .walks("mongdb", 1.0, &[(EMBEDDED, "mongdb.corp.test", Answered, Some(ADDRESS))])
        .dials(ADDRESS, 27017, TcpOutcome::TimedOut)
        .surveys("web", &[(EMBEDDED, "dprobe-no-such-name.corp.test", Answered, Some(ADDRESS))])
        .check("mongdb:27017");
    assert_eq!(facts::codes(&check), ["search-domain-shadow"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("mongodb:27017"));
}

#[test]
fn musl_and_glibc_where_the_servers_disagree() {
    let facts = |libc| {
        direct(&[ONE, TWO])
            .edit("web", |web| web.libc = libc)
            .walks(API, 3.0, &[(ONE, API, Answered, Some(ADDRESS))])
            .dials(ADDRESS, 443, TcpOutcome::Connected)
            .walks_as_musl(API, &[(ONE, API, Answered, Some(ADDRESS)), (TWO, API, NxDomain, None)])
            .check("api.example.test:443")
    };
    let alpine = facts(Some(Libc::Musl));
    assert_eq!(facts::codes(&alpine), ["libc-dns-difference"]);
    assert_eq!(alpine.verdict, Verdict::Unreachable);
    assert!(alpine.diagnoses[0].explanation.contains("now and then"), "{:?}", alpine.diagnoses[0]);
    for other in [Some(Libc::Glibc), None] {
        let check = facts(other);
        assert_eq!((check.verdict, check.diagnoses.len()), (Verdict::Reachable, 0), "{other:?}");
    }
}

#[test]
fn what_only_musl_finds_is_not_called_unreachable() {
    let facts = |libc| {
        direct(&[ONE, TWO])
            .edit("web", |web| web.libc = Some(libc))
            .walks(API, 3.0, &[(ONE, API, NxDomain, None)])
            .walks_as_musl(API, &[(ONE, API, NxDomain, None), (TWO, API, Answered, Some(ADDRESS))])
            .check("api.example.test:443")
    };
    let alpine = facts(Libc::Musl);
    assert_eq!((alpine.verdict, first(&alpine)), (Verdict::Inconclusive, ("libc-dns-difference", Severity::Warning)));
    assert_eq!(facts::codes(&facts(Libc::Glibc)), ["dns-name-not-found"]);
}

#[test]
fn an_ipv6_address_without_a_way_to_it() {
    let six = "2001:db8::7";
    let facts = |addresses: &[&str], routes: &[&str]| {
        web(&[]).lives_at(addresses, routes).finds(API, &[six]).dials(six, 443, TcpOutcome::NetworkUnreachable)
    };
    let none = facts(&["172.18.0.2"], &["172.18.0.0/16", "0.0.0.0/0"]).check("api.example.test:443");
    assert_eq!(facts::codes(&none), ["ipv6-no-route"]);
    let both = facts(&["172.18.0.2"], &["0.0.0.0/0"])
        .finds(API, &[six, ADDRESS])
        .dials(ADDRESS, 443, TcpOutcome::Connected)
        .check("api.example.test:443");
    assert_eq!((both.verdict, both.diagnoses.len()), (Verdict::Reachable, 0), "IPv4 is there to fall back to");
    let routed = facts(&["172.18.0.2", "fd00::2"], &["0.0.0.0/0", "::/0"]).check("api.example.test:443");
    assert!(routed.diagnoses.is_empty(), "somebody further on has no way");
}

#[test]
fn an_image_that_asks_no_dns_server_is_told_beside() {
    let facts = |sources: &[&str]| {
        let sources = sources.iter().map(ToString::to_string).collect();
        web(&[ONE])
            .edit("web", |web| web.name_sources = Some(sources))
            .walks(API, 0.3, &[(EMBEDDED, API, NxDomain, None)])
            .check(&format!("{API}:443"))
    };
    let told = |check: &Check| check.diagnoses[0].explanation.contains("hosts: files`");
    assert!(told(&facts(&["files"])));
    assert!(!told(&facts(&["files", "dns"])));
}

#[test]
fn a_host_in_a_url_is_a_name_also_where_several_projects_have_such_a_service() {
    let of = |project: &str| {
        let service = ComposeService {
            project: project.to_owned(),
            service: "postgres_db".to_owned(),
            ..ComposeService::default()
        };
        let name = format!("{project}_postgres_db_1");
        Container { compose: Some(service), ..container(&name, "postgres:16").on(project, "172.19.0.2") }
    };
    let facts = Facts::new()
        .network("favorites-net", "172.18.0.0/16")
        .network("one", "172.19.0.0/16")
        .network("other", "172.20.0.0/16")
        .container(container("web", "app:1").on("favorites-net", "172.18.0.3"))
        .container(of("one"))
        .container(of("other"))
        .finds_nothing("postgres_db");
    let check = facts.check("postgres://app@postgres_db/shop");
    assert_eq!(check.to.kind, TargetKind::Name);
    assert_eq!(check.verdict, Verdict::Unreachable);
    assert_eq!(facts::codes(&check), ["unknown-name"]);
}
