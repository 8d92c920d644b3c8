//! Targets that nobody typed: what is wrong with the connection strings that name them, and where they were found.

use dprobe_probes::tcp::TcpOutcome;

use super::facts::{Facts, codes, container};
use crate::diagnosis::judge;
use crate::discovery::{self, Configuration};
use crate::report::{Check, Severity, Verdict};
use crate::resolve;
use crate::words;

/// The check of what one variable of `web` names.
fn check_of(facts: &Facts, variable: &str) -> Check {
    let (topology, observations) = facts.parts();
    let from = resolve::source(&words::source("web").expect("a source"), topology).expect("a known source");
    let configuration = Configuration { environment: vec![variable.to_owned()], ..Configuration::default() };
    let found = discovery::dependencies(&configuration, &topology.containers["web"], topology);
    let to = resolve::dependency(found.first().expect("a dependency"), &from, topology).expect("a target");
    judge(from, to, Vec::new(), topology, observations)
}

fn pair() -> Facts {
    Facts::new()
        .network("shop-net", "172.18.0.0/16")
        .container(container("web", "nginx").on("shop-net", "172.18.0.3"))
        .container(container("db", "postgres").on("shop-net", "172.18.0.2"))
}

#[test]
fn what_no_driver_can_read_is_dialled_by_nobody() {
    let check = check_of(&pair(), "DATABASE_URL=postgres://app:hun/ter2@db:5432/shop");
    assert_eq!((codes(&check), check.verdict), (vec!["url-malformed"], Verdict::Unreachable));
    let told = &check.diagnoses[0];
    assert_eq!(told.severity, Severity::Error);
    assert_eq!(told.title, "DATABASE_URL of web has a `/` in its password that is not escaped");
    assert!(told.explanation.contains("Drivers take `app` for the host."), "{}", told.explanation);
    assert!(
        told.fixes[0].title.contains("in DATABASE_URL, write / as %2F: postgres://***%2F***@db:5432/shop"),
        "{told:?}"
    );
    assert!(!format!("{check:?}").contains("ter2"));
}

#[test]
fn what_some_drivers_can_read_is_checked_and_warned_of() {
    let facts = pair()
        .finds("db", &["172.18.0.2"])
        .dials("172.18.0.2", 5432, TcpOutcome::Connected)
        .listens("db", "0.0.0.0", 5432);
    let check = check_of(&facts, "DATABASE_URL=tcp://app:hun@ter2@db:5432/shop");
    assert_eq!((codes(&check), check.verdict), (vec!["url-malformed"], Verdict::Reachable));
    assert_eq!(check.diagnoses[0].severity, Severity::Warning);
    let check = check_of(&facts, "DATABASE_URL=tcp://app:hun%40ter2@db:5432/shop");
    assert_eq!((codes(&check), check.verdict), (vec![], Verdict::Reachable), "nothing is wrong with it");
}

#[test]
fn localhost_in_a_variable_is_told_with_the_part_that_changes() {
    let facts =
        pair().dials("127.0.0.1", 5432, TcpOutcome::Refused).listens_nowhere("web").listens("db", "0.0.0.0", 5432);
    let check = check_of(&facts, "DATABASE_URL=tcp://app:hunter2@127.0.0.1:5432/shop");
    assert_eq!(codes(&check), ["localhost-is-container"]);
    let told = &check.diagnoses[0];
    assert!(told.explanation.contains("It is DATABASE_URL of web that says 127.0.0.1"), "{}", told.explanation);
    let fix = &told.fixes[0];
    assert_eq!(fix.title, "use the name of db: in DATABASE_URL write `db:5432` in the place of `127.0.0.1:5432`");
    assert_eq!(fix.dial.as_deref(), Some("tcp://db:5432/shop"));
}
