//! Causes of swarms, told apart from what looks like them.

use std::collections::BTreeMap;

use dprobe_probes::tcp::TcpOutcome;

use super::facts::{Facts, codes, container};
use crate::report::{Severity, Verdict};
use crate::topology::{
    Endpoint, Node, Overlay, Protocol, Service, ServiceNetwork, ServicePort, Swarm, Task, TaskLabels,
};

const HERE: &str = "198.51.100.1";
const THERE: &str = "198.51.100.2";

/// `web` on the overlay network `shop`, by a manager's account of two nodes that hear of each other.
fn shop() -> Facts {
    let node = |id: &str, address: &str| Node {
        id: id.to_owned(),
        hostname: id.to_owned(),
        address: address.parse().ok(),
        state: "ready".to_owned(),
        availability: "active".to_owned(),
    };
    Facts::new()
        .network("shop", "10.0.1.0/24")
        .edit_network("shop", |network| {
            network.driver = "overlay".to_owned();
            network.scope = "swarm".to_owned();
            network.attachable = true;
            let peers = [HERE, THERE].iter().filter_map(|peer| peer.parse().ok()).collect();
            network.overlay = Some(Overlay { peers, ..Overlay::default() });
        })
        .container(container("web", "nginx").on("shop", "10.0.1.2"))
        .swarm(Swarm {
            node: "one".to_owned(),
            address: HERE.parse().ok(),
            manager: true,
            data_port: Some(4789),
            nodes: vec![node("one", HERE), node("two", THERE)],
            ..Swarm::default()
        })
        .heard("web", None, "10.0.1.2", HERE)
}

fn task(service: &str, node: &str, state: &str, address: &str) -> Task {
    Task {
        id: format!("{service}-{node}"),
        service: Some(service.to_owned()),
        node: Some(node.to_owned()),
        state: state.to_owned(),
        desired: "running".to_owned(),
        for_s: Some(600.0),
        error: String::new(),
        addresses: address.parse().ok().map(|address| ("shop".to_owned(), address)).into_iter().collect(),
    }
}

fn service(replicas: u64) -> Service {
    let networks = BTreeMap::from([("shop".to_owned(), ServiceNetwork::default())]);
    Service { replicas: Some(replicas), endpoint_mode: "dnsrr".to_owned(), networks, ..Service::default() }
}

impl Facts {
    fn heard(self, name: &str, service: Option<&str>, address: &str, node: &str) -> Self {
        let endpoint = Endpoint {
            name: name.to_owned(),
            service: service.map(str::to_owned),
            address: address.parse().expect("an address"),
            node: node.parse().ok(),
        };
        self.edit_network("shop", |network| network.overlay.as_mut().expect("an overlay").endpoints.push(endpoint))
    }

    fn service(self, name: &str, service: Service) -> Self {
        let name = name.to_owned();
        self.edit_swarm(|swarm| drop(swarm.services.insert(name, service)))
    }

    fn task(self, task: Task) -> Self {
        self.edit_swarm(|swarm| swarm.tasks.push(task))
    }
}

/// `db`, a container on the other node, which is found and does not answer.
fn silent() -> Facts {
    shop().heard("db", None, "10.0.1.4", THERE).finds("db", &["10.0.1.4"]).dials("10.0.1.4", 5432, TcpOutcome::TimedOut)
}

#[test]
fn silence_from_a_node_that_is_heard_is_a_blocked_data_path() {
    let check = silent().echo("10.0.1.4", false).check("db:5432");
    assert_eq!(codes(&check), ["overlay-data-blocked"]);
    assert_eq!(check.verdict, Verdict::Unreachable);
    let fix = &check.diagnoses[0].fixes[0];
    assert_eq!(fix.commands, ["iptables -I INPUT -s 198.51.100.2 -p udp --dport 4789 -j ACCEPT"]);
    let by_address = silent().echo("10.0.1.4", false).check("10.0.1.4:5432");
    assert_eq!(codes(&by_address), ["overlay-data-blocked"]);
}

#[test]
fn no_rule_gets_ahead_of_those_that_guard_an_encrypted_network() {
    let encrypt = |network: &mut crate::topology::Network| {
        network.driver = "overlay".to_owned();
        network.options.insert("encrypted".to_owned(), String::new());
    };
    let commands = |facts: Facts| -> Vec<String> {
        let check = facts.echo("10.0.1.4", false).check("db:5432");
        assert_eq!(codes(&check), ["overlay-data-blocked"]);
        check.diagnoses[0].fixes.iter().flat_map(|fix| fix.commands.clone()).collect()
    };
    let this = commands(silent().edit_network("shop", encrypt));
    assert_eq!(this[0], "iptables -I INPUT -s 198.51.100.2 -p esp -j ACCEPT");
    assert!(this[1].contains("--dport 4789 -m policy --dir in --pol ipsec"), "{this:?}");
    let other = commands(silent().network("vault", "10.0.9.0/24").edit_network("vault", encrypt));
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn a_worker_sees_a_blocked_data_path_as_well() {
    let worker = silent().echo("10.0.1.4", false).edit_swarm(|swarm| {
        *swarm = Swarm { manager: false, data_port: None, nodes: Vec::new(), ..swarm.clone() };
    });
    assert_eq!(codes(&worker.check("db:5432")), ["overlay-data-blocked"]);
}

#[test]
fn a_sign_of_life_from_the_node_speaks_for_the_data_path() {
    let said_nothing = |facts: Facts| codes(&facts.check("db:5432")).is_empty();
    assert!(said_nothing(silent()), "no echo was asked for");
    assert!(said_nothing(silent().echo("10.0.1.4", true)), "the container answers an echo");
    let neighbour = silent().echo("10.0.1.4", false).heard("cache", None, "10.0.1.5", THERE);
    assert!(said_nothing(neighbour.echo("10.0.1.5", true)), "a neighbour answers one");
    let refused = shop().heard("db", None, "10.0.1.4", THERE).finds("db", &["10.0.1.4"]);
    let refused = refused.dials("10.0.1.4", 5432, TcpOutcome::Refused).echo("10.0.1.4", false);
    assert!(said_nothing(refused), "a refusal came from there");
    let local = shop().heard("db", None, "10.0.1.4", HERE).finds("db", &["10.0.1.4"]);
    let local = local.dials("10.0.1.4", 5432, TcpOutcome::TimedOut).echo("10.0.1.4", false);
    assert!(said_nothing(local), "it is on this node");
}

#[test]
fn a_service_that_is_in_part_on_a_silent_node_is_degraded() {
    let check = shop()
        .service("api", service(2))
        .task(task("api", "one", "running", "10.0.1.6"))
        .task(task("api", "two", "running", "10.0.1.7"))
        .heard("api.1", Some("api"), "10.0.1.6", HERE)
        .heard("api.2", Some("api"), "10.0.1.7", THERE)
        .finds("api", &["10.0.1.6", "10.0.1.7"])
        .dials("10.0.1.6", 80, TcpOutcome::Connected)
        .dials("10.0.1.7", 80, TcpOutcome::TimedOut)
        .echo("10.0.1.7", false)
        .check("api:80");
    assert_eq!((check.verdict, codes(&check)), (Verdict::Degraded, vec!["overlay-data-blocked"]));
}

#[test]
fn a_task_that_a_manager_knows_and_the_node_has_not_heard_of() {
    let unheard = || shop().service("db", service(1)).task(task("db", "two", "running", "10.0.1.4"));
    let check = unheard().finds_nothing("db").check("db:5432");
    assert_eq!(codes(&check), ["overlay-gossip-blocked"]);
    assert_eq!(check.verdict, Verdict::Unreachable);
    let by_address = unheard().dials("10.0.1.4", 5432, TcpOutcome::HostUnreachable).check("10.0.1.4:5432");
    assert_eq!(codes(&by_address), ["overlay-gossip-blocked"]);
    // Look-alikes: it has only just started, its node is down, it is heard of.
    let fresh =
        shop().service("db", service(1)).task(Task { for_s: Some(1.0), ..task("db", "two", "running", "10.0.1.4") });
    assert!(codes(&fresh.finds_nothing("db").check("db:5432")).is_empty());
    let down = unheard().edit_swarm(|swarm| swarm.nodes[1].state = "down".to_owned());
    assert!(codes(&down.finds_nothing("db").check("db:5432")).is_empty());
    let heard = unheard().heard("db.1", Some("db"), "10.0.1.4", THERE).finds("db", &["10.0.1.4"]);
    assert!(codes(&heard.dials("10.0.1.4", 5432, TcpOutcome::Refused).check("db:5432")).is_empty());
    // A node that takes no part in the network itself knows nothing of it, which proves nothing.
    let outsider = unheard().edit_network("shop", |network| network.overlay = Some(Overlay::default()));
    assert!(codes(&outsider.finds_nothing("db").check("db:5432")).is_empty());
}

#[test]
fn what_is_not_heard_besides_is_a_warning() {
    let part = shop()
        .service("api", service(2))
        .task(task("api", "two", "running", "10.0.1.7"))
        .heard("api.1", Some("api"), "10.0.1.6", HERE)
        .finds("api", &["10.0.1.6"])
        .dials("10.0.1.6", 80, TcpOutcome::Connected)
        .check("api:80");
    assert_eq!((part.verdict, codes(&part)), (Verdict::Reachable, vec!["overlay-gossip-blocked"]));
    assert_eq!(part.diagnoses[0].severity, Severity::Warning);
    // A name that nobody here has may be that of a container there; nothing else is claimed then.
    let by_hand = Task { service: None, ..task("", "two", "running", "10.0.1.9") };
    let unknown = shop().task(by_hand).finds_nothing("cache").check("cache:6379");
    assert_eq!((unknown.verdict, codes(&unknown)), (Verdict::Unreachable, vec!["overlay-gossip-blocked"]));
    assert_eq!(unknown.diagnoses[0].severity, Severity::Warning);
}

#[test]
fn a_service_without_a_running_task() {
    let error = "no suitable node (scheduling constraints not satisfied on 2 nodes)".to_owned();
    let pending = Task { node: None, error, ..task("db", "", "pending", "10.0.1.4") };
    let picky = Service { constraints: vec!["node.labels.disk==ssd".to_owned()], ..service(1) };
    let check = shop().service("db", picky).task(pending).finds_nothing("db").check("db:5432");
    assert_eq!(codes(&check), ["service-no-task"]);
    let commands: Vec<&String> = check.diagnoses[0].fixes.iter().flat_map(|fix| &fix.commands).collect();
    assert_eq!(commands[0], "docker node update --label-add 'disk=ssd' one");
    assert_eq!(commands[1], "docker service update --constraint-rm 'node.labels.disk==ssd' db");

    let asleep = shop().service("db", service(0)).finds_nothing("db").check("db:5432");
    assert_eq!(codes(&asleep), ["service-no-task"]);
    assert_eq!(asleep.diagnoses[0].fixes[0].commands, ["docker service scale 'db=1'"]);

    let rejected = Task { error: "No such image: db:1".to_owned(), ..task("db", "two", "rejected", "") };
    let lost = shop().service("db", service(1)).task(rejected).finds_nothing("db").check("db:5432");
    assert!(lost.diagnoses[0].title.contains("No such image: db:1"), "{lost:?}");
}

#[test]
fn services_of_two_networks_do_not_meet() {
    let back = BTreeMap::from([("back".to_owned(), ServiceNetwork::default())]);
    let apart = || {
        shop()
            .network("back", "10.0.2.0/24")
            .edit_network("back", |network| {
                network.driver = "overlay".to_owned();
                network.scope = "swarm".to_owned();
            })
            .service("db", Service { networks: back.clone(), ..service(1) })
            .task(Task { addresses: BTreeMap::new(), ..task("db", "two", "running", "") })
            .finds_nothing("db")
    };
    let check = apart().check("db:5432");
    assert_eq!(codes(&check), ["no-shared-network"]);
    let first = |check: &crate::report::Check| check.diagnoses[0].fixes[0].commands.clone();
    assert_eq!(first(&check), ["docker service update --network-add shop db"], "the network takes nobody by hand");
    let open = apart().edit_network("back", |network| network.attachable = true).check("db:5432");
    assert_eq!(first(&open), ["docker network connect back web"]);
}

#[test]
fn a_service_that_publishes_nothing_has_no_name_on_the_host() {
    let db = || shop().task(task("db", "two", "running", "10.0.1.4")).seen_from_host().finds_nothing("db");
    let check = db().service("db", service(1)).check("db:5432");
    assert_eq!(codes(&check), ["not-published"]);
    let publish = "docker service update --publish-add 'published=5432,target=5432,mode=host' db";
    assert_eq!(check.diagnoses[0].fixes[0].commands, [publish]);
    let by_vip = db().service("db", Service { endpoint_mode: "vip".to_owned(), ..service(1) }).check("db:5432");
    let publish = "docker service update --publish-add 'published=5432,target=5432' db";
    assert_eq!(by_vip.diagnoses[0].fixes[0].commands, [publish]);
}

#[test]
fn names_of_other_nodes_are_names_that_work() {
    let check =
        shop().heard("cache.1.x", Some("cache"), "10.0.1.9", THERE).finds_nothing("cachee").check("cachee:6379");
    assert_eq!(codes(&check), ["unknown-name"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("cache:6379"));
}

#[test]
fn a_service_with_a_running_task_has_other_faults() {
    let running = shop().service("db", service(1)).task(task("db", "one", "running", "10.0.1.4"));
    assert!(codes(&running.finds_nothing("db").check("db:5432")).is_empty());
    let worker = shop().edit_swarm(|swarm| *swarm = Swarm { manager: false, ..Swarm::default() });
    assert!(!codes(&worker.finds_nothing("db").check("db:5432")).contains(&"service-no-task"));
}

/// `api` with a virtual address, and a task on this node.
fn virtual_service() -> Facts {
    let vip = ServiceNetwork { vip: "10.0.1.8".parse().ok(), aliases: Vec::new() };
    let networks = BTreeMap::from([("shop".to_owned(), vip)]);
    let mut one = container("api.1.x", "nginx").on("shop", "10.0.1.6");
    one.task = Some(TaskLabels { service: "api".to_owned(), task: "x".to_owned(), stack: None });
    one.attachments.get_mut("shop").expect("an attachment").names.push("api".to_owned());
    shop()
        .container(one)
        .service("api", Service { endpoint_mode: "vip".to_owned(), networks, ..service(2) })
        .task(task("api", "one", "running", "10.0.1.6"))
        .heard("api.1.x", Some("api"), "10.0.1.6", HERE)
        .finds("api", &["10.0.1.8"])
        .listens("api.1.x", "0.0.0.0", 80)
}

#[test]
fn tasks_that_answer_behind_a_virtual_address_that_does_not() {
    let broken = || virtual_service().dials("10.0.1.8", 80, TcpOutcome::HostUnreachable);
    let check = broken().dials("10.0.1.6", 80, TcpOutcome::Connected).check("api:80");
    assert_eq!((check.verdict, codes(&check)), (Verdict::Unreachable, vec!["vip-broken"]));
    let fixes = &check.diagnoses[0].fixes;
    assert_eq!(fixes[0].dial.as_deref(), Some("tasks.api:80"));
    let commands = [
        "docker service scale 'api=0'",
        "docker service update --endpoint-mode dnsrr api",
        "docker service scale 'api=2'",
    ];
    assert_eq!(fixes[1].commands, commands);
    let both = broken().dials("10.0.1.6", 80, TcpOutcome::Refused).check("api:80");
    assert!(codes(&both).is_empty(), "the tasks do not answer, either: {:?}", codes(&both));
    assert!(codes(&broken().check("api:80")).is_empty(), "the tasks were not tried");
    let again = broken().dials("10.0.1.6", 80, TcpOutcome::Connected);
    let again = again.dials_as("10.0.1.8", "10.0.1.8", 80, TcpOutcome::Connected).check("api:80");
    assert!(codes(&again).is_empty(), "it was only early: {:?}", codes(&again));
    let well = virtual_service().dials("10.0.1.8", 80, TcpOutcome::Connected).check("api:80");
    assert_eq!((well.verdict, codes(&well)), (Verdict::Reachable, vec![]));
}

#[test]
fn a_port_of_the_mesh_that_the_node_does_not_hold() {
    let port = ServicePort { target: 80, published: 8080, protocol: Protocol::Tcp, ingress: true };
    let mesh = || {
        shop()
            .service("api", Service { ports: vec![port], ..service(1) })
            .task(task("api", "two", "running", "10.0.1.7"))
            .seen_from_host()
            .finds_in_hosts("localhost", "127.0.0.1")
            .dials("127.0.0.1", 8080, TcpOutcome::Refused)
    };
    let check = mesh().listens_nowhere("host").check("localhost:8080");
    assert_eq!(check.diagnoses[0].code, "vip-broken");
    let update = "docker service update --publish-rm 'published=8080,target=80' \
                  --publish-add 'published=8080,target=80,mode=host' api";
    assert_eq!(check.diagnoses[0].fixes[0].commands, [update]);
    let held = mesh().listens("host", "::", 8080).check("localhost:8080");
    assert!(!codes(&held).contains(&"vip-broken"), "{:?}", codes(&held));
}
