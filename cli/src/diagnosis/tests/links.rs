//! Legacy links, and what variables of the environment do to a connection.

use dprobe_probes::tcp::TcpOutcome::{Connected, Refused, TimedOut};

use super::facts::{Facts, codes, container};
use super::pair;
use crate::report::{Severity, Verdict};
use crate::topology::{Link, NetworkMode, Variable, VariableForm};

/// `web` with a link to `redis` on the default bridge.
fn linked() -> Facts {
    Facts::new()
        .default_bridge()
        .container(container("web", "nginx").on("bridge", "172.17.0.3"))
        .container(container("redis", "redis").on("bridge", "172.17.0.2"))
        .edit("web", |web| {
            web.network_mode = NetworkMode::DefaultBridge;
            web.links.push(Link { container: "redis".to_owned(), alias: "cache-db".to_owned() });
        })
        .listens("redis", "0.0.0.0", 6379)
}

fn variable(name: &str, form: VariableForm) -> Variable {
    Variable { name: name.to_owned(), form }
}

#[test]
fn a_link_that_leads_to_where_the_container_was() {
    let facts = |line: &str, outcome| {
        let facts = linked().finds_in_hosts("cache-db", line).finds_in_hosts("redis", line);
        facts.dials(line, 6379, outcome)
    };
    for name in ["cache-db:6379", "redis:6379"] {
        let stale = facts("172.17.0.9", TimedOut).check(name);
        assert_eq!((codes(&stale), stale.verdict), (vec!["link-stale"], Verdict::Unreachable), "{name}");
        assert_eq!(stale.diagnoses[0].fixes[1].dial.as_deref(), Some("172.17.0.2:6379"));
    }
    let taken = facts("172.17.0.9", Connected)
        .container(container("other", "nginx").on("bridge", "172.17.0.9"))
        .check("cache-db:6379");
    assert_eq!(codes(&taken), ["link-stale"]);
    assert!(taken.diagnoses[0].title.contains("other"));
    assert!(codes(&facts("172.17.0.2", Connected).check("cache-db:6379")).is_empty());
}

#[test]
fn a_link_that_takes_the_name_of_a_setting() {
    let facts = |exposed: bool, set: Option<Variable>| {
        linked()
            .edit("redis", |redis| {
                if exposed {
                    *redis = redis.clone().exposes(6379);
                }
            })
            .edit("web", |web| web.variables.extend(set))
            .finds_in_hosts("cache-db", "172.17.0.2")
            .dials("172.17.0.2", 6379, Connected)
            .check("cache-db:6379")
    };
    let collides = facts(true, None);
    assert_eq!((codes(&collides), collides.verdict), (vec!["link-env-collision"], Verdict::Reachable));
    assert_eq!(collides.diagnoses[0].severity, Severity::Warning);
    assert!(collides.diagnoses[0].title.contains("CACHE_DB_PORT"));
    assert!(codes(&facts(false, None)).is_empty(), "nothing is put in for a port that nobody declares");
    assert!(codes(&facts(true, Some(variable("CACHE_DB_PORT", VariableForm::Port)))).is_empty(), "the user's own wins");
    assert_eq!(codes(&facts(true, Some(variable("OTHER_PORT", VariableForm::Port)))), ["link-env-collision"]);
}

/// `web` and a `MySQL` server beside it; `variable` is in the environment of `web`.
fn mysql(told: Option<Variable>) -> Facts {
    pair()
        .container(container("mysql", "mysql:8").on("favorites-net", "172.18.0.4").exposes(3306))
        .edit("web", |web| web.variables.extend(told))
        .finds("mysql", &["172.18.0.4"])
        .listens("mysql", "0.0.0.0", 3306)
}

#[test]
fn localhost_is_a_socket_to_a_mysql_client() {
    for form in [VariableForm::Localhost, VariableForm::Empty] {
        let facts = || mysql(Some(variable("DB_HOST", form)));
        let there = facts().dials("172.18.0.4", 3306, Connected).check("mysql:3306");
        assert_eq!((codes(&there), there.verdict), (vec!["localhost-socket"], Verdict::Reachable));
        assert_eq!(there.diagnoses[0].severity, Severity::Warning);
        let here = facts()
            .finds("localhost", &["127.0.0.1"])
            .dials("127.0.0.1", 3306, Refused)
            .listens_nowhere("web")
            .check("localhost:3306");
        assert_eq!((codes(&here), here.verdict), (vec!["localhost-socket"], Verdict::Unreachable));
        assert_eq!(here.diagnoses[0].fixes[0].dial.as_deref(), Some("mysql:3306"));
    }
}

#[test]
fn localhost_is_no_socket_to_others() {
    let told = || Some(variable("DB_HOST", VariableForm::Localhost));
    let other = mysql(told()).dials("172.18.0.2", 27017, Connected).listens("mongodb", "0.0.0.0", 27017);
    assert!(codes(&other.check("mongodb:27017")).is_empty(), "DB_HOST may mean any database");
    assert!(codes(&mysql(None).dials("172.18.0.4", 3306, Connected).check("mysql:3306")).is_empty());
    let inside = mysql(told()).dials("127.0.0.1", 3306, Connected).listens("web", "127.0.0.1", 3306);
    assert!(codes(&inside.check("127.0.0.1:3306")).is_empty(), "a server of its own");
    let plain = mysql(None).dials("127.0.0.1", 3306, Refused).listens_nowhere("web").check("127.0.0.1:3306");
    assert_eq!(codes(&plain), ["localhost-is-container"]);
}
