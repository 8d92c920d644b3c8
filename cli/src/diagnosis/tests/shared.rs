//! Namespaces that are shared, health checks, and names that a server does not like.

use dprobe_probes::tcp::TcpOutcome::{Connected, NetworkUnreachable, Refused};

use super::facts::{Facts, codes, container};
use super::pair;
use crate::report::{Severity, Verdict};
use crate::topology::{HealthStatus, NetworkMode, Status};

/// `web` in the network of `vpn`, with these addresses beside loopback.
fn sharing(address: &str) -> Facts {
    pair()
        .container(container("vpn", "vpn").on("favorites-net", "172.18.0.9"))
        .edit("web", |web| {
            web.attachments.clear();
            web.network_mode = NetworkMode::Container(format!("{:z>64}", "vpn"));
        })
        .has_address("web", address)
        .dials("172.18.0.2", 27017, if address.is_empty() { NetworkUnreachable } else { Connected })
        .listens("mongodb", "0.0.0.0", 27017)
}

#[test]
fn left_behind_in_a_dead_namespace() {
    let check = sharing("").check("172.18.0.2:27017");
    assert_eq!((codes(&check), check.verdict), (vec!["source-netns-stranded"], Verdict::Unreachable));
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker restart web"]);
    let ended = sharing("").edit("vpn", |vpn| vpn.state.status = Status::Exited).check("172.18.0.2:27017");
    assert_eq!(ended.diagnoses[0].fixes[0].commands, ["docker start vpn", "docker restart web"]);
    let removed = sharing("")
        .edit("web", |web| web.network_mode = NetworkMode::Container("0123456789abcdef".to_owned()))
        .check("172.18.0.2:27017");
    assert_eq!(codes(&removed)[0], "source-netns-stranded");
    assert!(removed.diagnoses[0].fixes[0].commands.is_empty(), "no restart brings back an id");
    assert!(codes(&sharing("172.18.0.9").check("172.18.0.2:27017")).is_empty());
}

#[test]
fn a_namespace_without_networks_is_as_it_was_made() {
    let none = sharing("").edit("vpn", |vpn| {
        vpn.network_mode = NetworkMode::None;
        vpn.attachments.clear();
    });
    assert!(!codes(&none.check("172.18.0.2:27017")).contains(&"source-netns-stranded"));
    let detached = sharing("").edit("vpn", |vpn| vpn.attachments.clear());
    assert!(!codes(&detached.check("172.18.0.2:27017")).contains(&"source-netns-stranded"));
}

#[test]
fn the_ages_tell_where_no_agent_does() {
    let aged =
        |web: f64, vpn: f64| sharing("").without_observations().up("web", web).up("vpn", vpn).check("172.18.0.2:27017");
    assert_eq!(codes(&aged(100.0, 10.0)), ["source-netns-stranded"]);
    assert!(codes(&aged(99.5, 100.0)).is_empty());
}

#[test]
fn healthy_and_out_of_reach() {
    let facts = |status| pair().health("mongodb", status).dials("172.18.0.2", 80, Refused);
    let nothing = facts(HealthStatus::Healthy).listens_nowhere("mongodb").check("mongodb:80");
    assert_eq!(codes(&nothing), ["nothing-listening", "health-lies"]);
    assert_eq!(nothing.diagnoses[1].severity, Severity::Warning);
    let loopback = facts(HealthStatus::Healthy).listens("mongodb", "127.0.0.1", 80).check("mongodb:80");
    assert_eq!(codes(&loopback), ["bind-loopback", "health-lies"]);
    let honest = facts(HealthStatus::Unhealthy).listens_nowhere("mongodb").check("mongodb:80");
    assert!(!codes(&honest).contains(&"health-lies"), "{:?}", codes(&honest));
    let mistaken = facts(HealthStatus::Healthy).listens("mongodb", "0.0.0.0", 8080).check("mongodb:80");
    assert_eq!(codes(&mistaken), ["wrong-port"], "the check may well look at the right port");
}

#[test]
fn unhealthy_and_in_reach() {
    let facts = |status| {
        pair()
            .health("mongodb", status)
            .edit("mongodb", |mongodb| {
                if let Some(health) = &mut mongodb.state.health {
                    health.test = ["CMD-SHELL", "wget -q http://localhost:80"].map(ToOwned::to_owned).to_vec();
                }
            })
            .dials("172.18.0.2", 80, Connected)
            .listens("mongodb", "0.0.0.0", 80)
            .check("mongodb:80")
    };
    let lies = facts(HealthStatus::Unhealthy);
    assert_eq!((codes(&lies), lies.verdict), (vec!["health-lies"], Verdict::Reachable));
    assert_eq!(lies.diagnoses[0].severity, Severity::Note);
    assert!(lies.diagnoses[0].explanation.contains("::1"), "{}", lies.diagnoses[0].explanation);
    assert!(codes(&facts(HealthStatus::Healthy)).is_empty());
}

#[test]
fn a_server_that_does_not_like_underscores() {
    let url = "http://router_one:8080/";
    let facts = |first: u16, second: Option<u16>| {
        let facts = pair()
            .container(container("shop-router", "tomcat").on("favorites-net", "172.18.0.5"))
            .edit("shop-router", |router| {
                let names = &mut router.attachments.get_mut("favorites-net").expect("a network").names;
                *names = vec!["shop_router".to_owned(), "router_one".to_owned()];
            })
            .finds("router_one", &["172.18.0.5"])
            .dials("172.18.0.5", 8080, Connected)
            .listens("shop-router", "0.0.0.0", 8080)
            .requests(url, None, first);
        second.into_iter().fold(facts, |facts, status| facts.requests(url, Some("router-one:8080"), status)).check(url)
    };
    let rejected = facts(400, Some(200));
    assert_eq!((codes(&rejected), rejected.verdict), (vec!["underscore-hostname"], Verdict::Unreachable));
    let fix = &rejected.diagnoses[0].fixes[0];
    assert_eq!(fix.dial.as_deref(), Some("http://router-one:8080/"));
    assert!(fix.commands[1].contains("--alias router_one --alias router-one"), "{:?}", fix.commands);
    assert!(!codes(&facts(400, Some(400))).contains(&"underscore-hostname"), "it says 400 to everybody");
    assert!(!codes(&facts(400, None)).contains(&"underscore-hostname"));
    assert!(codes(&facts(200, None)).is_empty());
}
