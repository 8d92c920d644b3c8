//! Swarms of one and of two nodes, broken and healthy.

use std::path::Path;
use std::time::Duration;

use dprobe_tests::{Lab, until};

/// A service whose name stands for the addresses of its tasks, which needs nothing of the kernel.
const BY_TASKS: [&str; 4] = ["--endpoint-mode", "dnsrr", "--network", "shop"];

#[test]
fn healthy() {
    let Some([manager, worker]) = Lab::swarm() else { return };
    manager.overlay("shop");
    manager.service("web", &[&BY_TASKS[..], &["--mode", "global"]].concat(), &["nginx"]);
    manager.service(
        "db",
        &[&BY_TASKS[..], &["--constraint", "node.role==worker"]].concat(),
        &["mongod", "--bind_ip_all"],
    );
    manager.wait_for_tasks("web", 2);
    manager.wait_for_tasks("db", 1);
    let (here, there) = (manager.stack(), worker.stack());
    let shell = here.container("shell").flags(["--network", "shop"]).start();
    let api = there.container("api").flags(["--network", "shop", "--network-alias", "api"]).runs(["nginx"]).start();
    for name in ["db.1", "web.", api.name()] {
        manager.wait_to_hear("shop", name, true);
    }
    worker.wait_to_hear("shop", shell.name(), true);

    // Services on both nodes, on the other node, and from where a task runs to where one does not.
    for (from, to) in [("web", "db:27017"), (shell.name(), "db:27017"), (shell.name(), "web:80"), ("db", "web:80")] {
        manager.check([from, to]).healthy();
    }
    manager.check([shell.name(), "tasks.web:80"]).healthy();
    manager.check(["net:shop", "web:80"]).healthy();
    // Containers started by hand.
    manager.check([shell.name(), &api.port(80)]).healthy();
    manager.check([shell.name(), &format!("{}:80", api.ip("shop"))]).healthy();
    manager.check([shell.name(), &format!("{}:80", manager.outside_address())]).healthy();
    // A worker knows less, and is as quiet.
    worker.check([api.name(), "web:80"]).healthy();
    worker.check(["db", "web:80"]).healthy();
}

/// A front end on every node, and a database on the worker; names without the stack's, as the file has them.
const STACK: &str = "
version: '3.8'
services:
  front:
    image: @actor
    command: [nginx]
    deploy: { mode: global, endpoint_mode: dnsrr }
  db:
    image: @actor
    command: [mongod, --bind_ip_all]
    deploy: { endpoint_mode: dnsrr, placement: { constraints: [node.role == worker] } }
";

#[test]
fn a_healthy_stack() {
    let Some([manager, worker]) = Lab::swarm() else { return };
    manager.deploy("app", STACK);
    manager.wait_for_tasks("app_front", 2);
    manager.wait_for_tasks("app_db", 1);
    manager.wait_to_hear("app_default", "app_db.1", true);
    for name in ["db:27017", "app_db:27017", "tasks.db:27017", "front:80"] {
        manager.check(["app_front", name]).healthy();
    }
    worker.wait_to_hear("app_default", "app_front.", true);
    worker.check(["app_db", "front:80"]).healthy();
    worker.check(["app_front", "db:27017"]).healthy();

    // Nobody can be put on the network of a stack by hand, so there is no standing in for a service that runs elsewhere.
    let elsewhere = manager.dprobe(["check", "app_db", "front:80"]).run();
    assert_eq!(elsewhere.status.code(), Some(2), "{}", elsewhere.stderr);
    assert!(elsewhere.stderr.contains("other nodes"), "{}", elsewhere.stderr);
    let misspelt = worker.check(["app_front", "dbb:27017"]);
    misspelt.unreachable("unknown-name").words(["worker", "manager"]);
}

#[test]
fn overlay_data_blocked() {
    let Some([manager, worker]) = Lab::swarm() else { return };
    manager.overlay("shop");
    let (here, there) = (manager.stack(), worker.stack());
    let web = here.container("web").flags(["--network", "shop"]).start();
    let near = here.container("near").flags(["--network", "shop"]).runs(["nginx"]).start();
    let far = there.container("far").flags(["--network", "shop"]).runs(["nginx"]).start();
    manager.service("api", &[&BY_TASKS[..], &["--mode", "global"]].concat(), &["nginx"]);
    manager.wait_for_tasks("api", 2);
    manager.wait_to_hear("shop", far.name(), true);
    manager.check([web.name(), &far.port(80)]).healthy();
    // One refuses for a reason of its own: that is no fault of the network.
    let refused = manager.check([web.name(), &far.port(81)]);
    assert_eq!(refused.verdict(), "unreachable");
    assert!(refused.codes().is_empty(), "{:?}", refused.codes());

    manager.host("iptables -A INPUT -p udp --dport 4789 -j DROP");
    let node = worker.address().to_string();
    let outcome = manager.check([web.name(), &far.port(80), "-t", "2s"]);
    outcome.unreachable("overlay-data-blocked").words([&node, "4789", "ufw"]);
    manager.check([web.name(), "api:80", "-t", "2s"]).degraded("overlay-data-blocked").words([&node]);
    manager.check([web.name(), &format!("{}:80", far.ip("shop")), "-t", "2s"]).unreachable("overlay-data-blocked");
    let back = worker.check([far.name(), "api:80", "-t", "2s"]);
    back.degraded("overlay-data-blocked").words([&manager.address().to_string()]);
    manager.check([web.name(), &near.port(80)]).healthy();
    outcome.fix_works(&here);
    manager.check([web.name(), "api:80"]).healthy();
}

#[test]
fn overlay_gossip_blocked() {
    let Some([manager, worker]) = Lab::swarm() else { return };
    manager.overlay("shop");
    let (here, there) = (manager.stack(), worker.stack());
    let web = here.container("web").flags(["--network", "shop"]).start();
    let far = there.container("far").flags(["--network", "shop"]).runs(["nginx"]).start();
    manager.service(
        "db",
        &[&BY_TASKS[..], &["--constraint", "node.role==worker"]].concat(),
        &["mongod", "--bind_ip_all"],
    );
    manager.service("api", &[&BY_TASKS[..], &["--mode", "global"]].concat(), &["nginx"]);
    manager.wait_for_tasks("db", 1);
    manager.wait_for_tasks("api", 2);
    manager.wait_to_hear("shop", "db.1", true);
    manager.check([web.name(), "db:27017"]).healthy();
    let address = far.ip("shop");

    for protocol in ["tcp", "udp"] {
        worker.host(&format!("iptables -A INPUT -p {protocol} --dport 7946 -j DROP"));
    }
    manager.wait_to_hear("shop", "db.1", false);
    let node = worker.address().to_string();
    // A task that has only just started may not have got about yet, so nothing is said of it at first.
    let outcome = until("the tasks to be old enough", Duration::from_secs(30), || {
        let outcome = manager.check([web.name(), "db:27017"]);
        (!outcome.codes().is_empty()).then_some(outcome)
    });
    outcome.unreachable("overlay-gossip-blocked").words([&node, "7946", "db"]);
    manager.check([web.name(), &format!("{address}:80")]).unreachable("overlay-gossip-blocked").words([&node]);
    // A part of the service is found, which is enough for now.
    let part = manager.check([web.name(), "api:80"]);
    part.says("reachable", None, 0);
    assert_eq!(part.codes(), ["overlay-gossip-blocked"]);
    // Whose name it is cannot be known here.
    let unknown = manager.check([web.name(), &far.port(80)]);
    unknown.says("unreachable", None, 1);
    assert_eq!(unknown.codes(), ["overlay-gossip-blocked"]);
    assert_eq!(unknown.checks()[0]["diagnoses"][0]["severity"], "warning");

    // The first fix is for the other node, so it is typed there.
    let title = outcome.fix()["title"].as_str().unwrap_or_default();
    let command = title.split('`').nth(1).expect("a command in the words of the fix");
    worker.host(command);
    for name in ["db.1", far.name()] {
        manager.wait_to_hear("shop", name, true);
    }
    outcome.passes_now();
    manager.check([web.name(), &far.port(80)]).healthy();
}

#[test]
fn service_no_task() {
    let Some(lab) = Lab::new() else { return };
    lab.init_swarm();
    lab.overlay("shop");
    let stack = lab.stack();
    let web = stack.container("web").flags(["--network", "shop"]).start();
    lab.service("picky", &[&BY_TASKS[..], &["--constraint", "node.labels.disk==ssd"]].concat(), &["nginx"]);
    lab.service("asleep", &[&BY_TASKS[..], &["--replicas", "0"]].concat(), &["nginx"]);
    lab.service("dying", &[&BY_TASKS[..], &["--restart-condition", "none"]].concat(), &["web", "exit=3"]);
    lab.docker([
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name",
        "lost",
        "--network",
        "shop",
        "nowhere:1",
    ]);
    for (service, word) in [("picky", "no suitable node"), ("lost", "No such image"), ("dying", "non-zero exit")] {
        until(word, Duration::from_secs(30), || {
            lab.docker(["service", "ps", "--no-trunc", service]).contains(word).then_some(())
        });
    }

    let picky = lab.check([web.name(), "picky:80"]);
    picky.unreachable("service-no-task").words(["no suitable node", "node.labels.disk==ssd", "--constraint-rm"]);
    picky.fix_works(&stack);
    let asleep = lab.check([web.name(), "asleep:80"]);
    asleep.unreachable("service-no-task").words(["scaled to zero"]);
    asleep.fix_works(&stack);
    lab.check([web.name(), "lost:80"]).unreachable("service-no-task").words(["No such image: nowhere:1", "registry"]);
    lab.check([web.name(), "dying:80"])
        .unreachable("service-no-task")
        .words(["non-zero exit (3)", "docker service logs"]);
}

#[test]
fn services_that_share_no_network() {
    let Some(lab) = Lab::new() else { return };
    lab.init_swarm();
    lab.overlay("front");
    lab.overlay("back");
    lab.service("web", &["--endpoint-mode", "dnsrr", "--network", "front"], &["nginx"]);
    lab.service("db", &["--endpoint-mode", "dnsrr", "--network", "back"], &["mongod", "--bind_ip_all"]);
    let stack = lab.stack();
    let shell = stack.container("shell").flags(["--network", "front"]).start();
    lab.wait_for_tasks("web", 1);
    lab.wait_for_tasks("db", 1);

    let by_hand = lab.check([shell.name(), "db:27017"]);
    by_hand.unreachable("no-shared-network").words(["front", "back", "docker network connect"]);
    by_hand.fix_works(&stack);
    let services = lab.check(["web", "db:27017"]);
    services.unreachable("no-shared-network").words(["docker service update --network-add back web"]);
    services.fix_works(&stack);
    let from_host = lab.check(["host", "web:80"]);
    from_host.unreachable("not-published").words(["docker service update --publish-add"]);
    from_host.fix_works(&stack);
    let misspelt = lab.check([shell.name(), "webb:80"]);
    misspelt.unreachable("unknown-name").words(["web:80"]);
}

#[test]
fn vip_broken() {
    let Some(lab) = Lab::new() else { return };
    lab.init_swarm();
    if Path::new("/proc/net/ip_vs").exists() {
        // The kernel has IPVS, and with it what makes virtual addresses work.
        return;
    }
    lab.overlay("shop");
    let stack = lab.stack();
    let web = stack.container("web").flags(["--network", "shop"]).start();
    lab.service("api", &["--network", "shop", "--replicas", "2"], &["nginx"]);
    lab.service("shop", &["--network", "shop", "--publish", "8080:80"], &["nginx"]);
    lab.service("deaf", &["--network", "shop"], &["idle"]);
    for (service, tasks) in [("api", 2), ("shop", 1), ("deaf", 1)] {
        lab.wait_for_tasks(service, tasks);
    }

    let outcome = lab.check([web.name(), "api:80"]);
    outcome.unreachable("vip-broken").words(["virtual address", "IPVS", "tasks.api:80"]);
    outcome.dial_works();
    for command in outcome.checks()[0]["diagnoses"][0]["fixes"][1]["commands"].as_array().expect("commands") {
        stack.type_command(command.as_str().expect("a command"));
    }
    outcome.passes_now();
    let published = lab.check([web.name(), "shop:80"]);
    published.unreachable("vip-broken").words(["tasks.shop:80"]);
    published.dial_works();
    let mesh = lab.check(["host", "localhost:8080"]);
    mesh.unreachable("vip-broken").words(["8080", "routing mesh"]);
    lab.check(["host", "shop"]).unreachable("vip-broken");
    mesh.fix_works(&stack);
    lab.check([web.name(), "deaf:80"]).unreachable("nothing-listening");
}
