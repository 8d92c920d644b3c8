//! Servers that answer, and turn the source away.

use dprobe_probes::application::ApplicationProtocol;
use dprobe_probes::greeting::{GreetingFact, GreetingOutcome, RefusalKind, SpokenProtocol};
use dprobe_probes::tcp::TcpOutcome;

use super::facts::greetings::{advertised, answered, greeting, refused};
use super::facts::{Facts, codes, container};
use crate::report::{Relation, Severity, StageName, Verdict};
use crate::topology::Protocol;

/// `web` and a server `db` on one network, which takes connections.
fn pair(image: &str, port: u16) -> Facts {
    Facts::new()
        .network("backend", "172.18.0.0/16")
        .container(container("web", "nginx:1").on("backend", "172.18.0.3"))
        .container(container("db", image).on("backend", "172.18.0.2"))
        .finds("db", &["172.18.0.2"])
        .dials("172.18.0.2", port, TcpOutcome::Connected)
        .listens("db", "0.0.0.0", port)
}

fn postgres() -> GreetingFact {
    greeting(ApplicationProtocol::Postgres, "db", 5432)
}

#[test]
fn a_welcome_and_a_wish_for_a_password_are_well() {
    for outcome in [GreetingOutcome::Welcome, GreetingOutcome::WantsAuthentication] {
        let check = pair("postgres", 5432).greets(GreetingFact { outcome, ..postgres() }).check("postgres://db/shop");
        assert_eq!((check.verdict, codes(&check).len()), (Verdict::Reachable, 0));
        let app = check.stages.iter().find(|stage| stage.stage == StageName::App).expect("a stage");
        assert_eq!(app.ok, Some(true));
    }
}

#[test]
fn each_refusal_has_its_cause() {
    let cases = [
        (RefusalKind::HostDenied, "no pg_hba.conf entry for host \"172.18.0.3\"", "db-host-denied"),
        (RefusalKind::TooManyConnections, "sorry, too many clients already", "too-many-connections"),
        (RefusalKind::StartingUp, "the database system is starting up", "target-starting"),
        (RefusalKind::TlsNotOffered, "the server answers N", "db-tls-mismatch"),
        (RefusalKind::TlsRequired, "no pg_hba.conf entry, no encryption", "db-tls-mismatch"),
    ];
    for (kind, text, code) in cases {
        let check = pair("postgres", 5432).greets(refused(postgres(), kind, text)).check("postgres://db/shop");
        assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec![code]));
    }
    // What is no fault of the way is told as a step that failed, and no more.
    let check = pair("postgres", 5432)
        .greets(refused(postgres(), RefusalKind::UnknownDatabase, "database \"shop\" does not exist"))
        .check("postgres://db/shop");
    assert_eq!((check.verdict, codes(&check).len()), (Verdict::Unreachable, 0));
}

#[test]
fn the_line_for_the_access_list_names_the_network() {
    let text = "no pg_hba.conf entry for host \"172.18.0.3\", user \"app\", database \"shop\", no encryption";
    let check =
        pair("postgres", 5432).greets(refused(postgres(), RefusalKind::HostDenied, text)).check("postgres://db/shop");
    let fix = &check.diagnoses[0].fixes[0];
    assert!(fix.commands[0].contains("host shop app 172.18.0.0/16 scram-sha-256"), "{:?}", fix.commands);
    // A name that a shell would take for something else stays out of it.
    let text = "no pg_hba.conf entry for host \"172.18.0.3\", user \"$(id)\", database \"a;b\", no encryption";
    let check =
        pair("postgres", 5432).greets(refused(postgres(), RefusalKind::HostDenied, text)).check("postgres://db/shop");
    assert!(check.diagnoses[0].fixes[0].commands[0].contains("host all all 172.18.0.0/16"));
}

#[test]
fn what_a_server_says_unasked_counts_as_well() {
    let told = |first: &str, port: u16| {
        Facts::new()
            .network("backend", "172.18.0.0/16")
            .container(container("web", "nginx:1").on("backend", "172.18.0.3"))
            .container(container("db", "mariadb").on("backend", "172.18.0.2"))
            .finds("db", &["172.18.0.2"])
            .hears("db", "172.18.0.2", port, first)
            .listens("db", "0.0.0.0", port)
            .check(&format!("db:{port}"))
    };
    let denied = told("-DENIED Redis is running in protected mode\\r\\n", 6379);
    assert_eq!((denied.verdict, codes(&denied)), (Verdict::Unreachable, vec!["protected-mode"]));
    let host = told("H\\x00\\x00\\x01\\xffj\\x04Host '172.18.0.3' is not allowed to connect", 3306);
    assert_eq!(codes(&host), ["db-host-denied"]);
    let welcome = told("J\\x00\\x00\\x00\\n8.0.36\\x00\\x08\\x00\\x00", 3306);
    assert_eq!((welcome.verdict, codes(&welcome).len()), (Verdict::Reachable, 0));
}

#[test]
fn protection_is_turned_off_only_where_nobody_else_gets_in() {
    let redis = || greeting(ApplicationProtocol::Redis, "db", 6379);
    let denied = || refused(redis(), RefusalKind::ProtectedMode, "DENIED Redis is running in protected mode");
    let facts = || pair("redis", 6379).edit("db", |db| db.command = vec!["redis-server".into(), "--save".into()]);
    let check = facts().greets(denied()).check("redis://db");
    assert_eq!(codes(&check), ["protected-mode"]);
    let fixes = &check.diagnoses[0].fixes;
    assert_eq!(fixes[0].commands, ["docker exec db redis-cli config set protected-mode no"]);
    assert_eq!(fixes[1].argv.as_ref().expect("argv").last().map(String::as_str), Some("no"));
    let published = facts().edit("db", |db| *db = db.clone().publishes(6379, 6379, Protocol::Tcp));
    let check = published.greets(denied()).check("redis://db");
    assert!(check.diagnoses[0].fixes.iter().all(|fix| fix.commands.is_empty()));
}

#[test]
fn another_protocol_is_named() {
    let asked = GreetingFact { port: 6379, ..postgres() };
    let check = pair("redis", 6379)
        .container(container("shop", "postgres").on("backend", "172.18.0.4"))
        .greets(answered(asked.clone(), SpokenProtocol::Redis))
        .check("postgres://app@db:6379/shop");
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["protocol-mismatch"]));
    assert_eq!(check.diagnoses[0].title, "db:6379 speaks Redis, not PostgreSQL");
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("postgres://shop:5432/shop"));
    // TLS has causes of its own.
    let check = pair("redis", 6379).greets(answered(asked, SpokenProtocol::Tls)).check("postgres://app@db:6379/shop");
    assert!(!codes(&check).contains(&"protocol-mismatch"));
}

#[test]
fn silence_is_no_cause() {
    let silent = |patience_ms| {
        let fact = GreetingFact { outcome: GreetingOutcome::Silent, answered: None, patience_ms, ..postgres() };
        pair("postgres", 5432).greets(fact).check("postgres://db/shop")
    };
    let check = silent(4000);
    assert_eq!((check.verdict, codes(&check).len()), (Verdict::Unreachable, 0));
    assert_eq!(silent(500).verdict, Verdict::Inconclusive);
    // Whoever asks for no more than a connection has it.
    let fact = GreetingFact { outcome: GreetingOutcome::Silent, answered: None, ..postgres() };
    let check = pair("postgres", 5432).greets(fact).check("db:5432");
    assert_eq!((check.verdict, codes(&check).len()), (Verdict::Reachable, 0));
}

#[test]
fn an_address_that_is_handed_out_and_not_reached() {
    let broker = |host: &str, vital| GreetingFact {
        advertised: vec![advertised(host, 9092, vital)],
        ..greeting(ApplicationProtocol::Kafka, "db", 9092)
    };
    let at_localhost = |vital| {
        pair("kafka", 9092)
            .dials_as("localhost", "127.0.0.1", 9092, TcpOutcome::Refused)
            .greets(broker("localhost", vital))
            .check_leading_to("kafka://db", Some((Relation::Advertised, "localhost:9092")))
    };
    let check = at_localhost(true);
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["advertised-address"]));
    assert!(check.diagnoses[0].title.contains("localhost:9092"), "{}", check.diagnoses[0].title);
    assert!(check.diagnoses[0].fixes[0].title.contains("PLAINTEXT://db:9092"));
    // One of several that will do.
    let check = at_localhost(false);
    assert_eq!((check.verdict, check.diagnoses[0].severity), (Verdict::Reachable, Severity::Warning));
    // One that is reached.
    let check = pair("kafka", 9092)
        .finds("broker", &["172.18.0.2"])
        .dials("172.18.0.2", 9092, TcpOutcome::Connected)
        .greets(broker("broker", true))
        .check_leading_to("kafka://db", Some((Relation::Advertised, "broker:9092")));
    assert_eq!((check.verdict, codes(&check).len()), (Verdict::Reachable, 0));
}
