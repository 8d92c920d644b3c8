//! Faults of containers that share something: a network namespace, a legacy link, a name, an idea of what health is.

use std::time::Duration;

use dprobe_tests::docker::inspect;
use dprobe_tests::{Container, Stack, check, poll};

/// A VPN-like container on a network, a dependent in its namespace, and a server beside them.
fn dependents(stack: &Stack) -> (Container, Container, Container) {
    let net = stack.network("favorites-net");
    let vpn = stack.container("vpn").on(&net).start();
    let web = stack.container("web").flags(["--network", &format!("container:{vpn}")]).start();
    let mongo = stack.container("mongodb").on(&net).runs(["mongod", "--bind_ip_all"]).start();
    (vpn, web, mongo)
}

#[test]
fn source_netns_stranded() {
    let stack = Stack::new();
    let (vpn, web, mongo) = dependents(&stack);
    check([web.name(), &mongo.port(27017)]).healthy();
    vpn.docker("restart");

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("source-netns-stranded").words([vpn.name(), &format!("docker restart {web}")]);
    let alone = check([web.name(), &mongo.port(27017), "--no-agent"]);
    alone.unreachable("source-netns-stranded");
    outcome.fix_works(&stack);
}

#[test]
fn source_netns_stranded_by_a_container_that_ended() {
    let stack = Stack::new();
    let (vpn, web, mongo) = dependents(&stack);
    vpn.docker("stop");

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("source-netns-stranded").words([&format!("docker start {vpn}"), "has ended"]);
    outcome.fix_works(&stack);
}

#[test]
fn source_netns_stranded_by_a_container_that_was_removed() {
    let stack = Stack::new();
    let (vpn, web, mongo) = dependents(&stack);
    vpn.remove();

    check([web.name(), &mongo.port(27017)]).unreachable("source-netns-stranded").words(["removed", "recreate"]);
}

/// A client, and servers with health checks of every kind. `exit=0` ends well whatever there is, `dial:` connects.
const CHECKED: &str = "
version: '3.7'
x-actor: &actor @actor
x-always: &always { test: [CMD, /usr/bin/web, exit=0], interval: 1s, retries: 1 }
services:
  web: { <<: *actor, command: [idle] }
  idle: { <<: *actor, command: [idle], healthcheck: *always }
  loopback: { <<: *actor, command: [mongod], healthcheck: *always }
  honest:
    <<: *actor
    command: [mongod, --bind_ip_all]
    healthcheck: { test: [CMD, /usr/bin/web, 'dial:127.0.0.1:27017'], interval: 1s, retries: 1 }
  slandered:
    <<: *actor
    command: [mongod, --bind_ip_all]
    healthcheck: { test: [CMD, /usr/bin/web, 'dial:[::1]:27017'], interval: 1s, retries: 1 }
networks:
  default: @subnet
";

#[test]
fn health_lies() {
    let stack = Stack::new();
    let project = stack.compose("checked", CHECKED);
    project.wait_until_ready();
    for (service, status) in
        [("idle", "healthy"), ("loopback", "healthy"), ("honest", "healthy"), ("slandered", "unhealthy")]
    {
        let container = project.container(service);
        poll::until(&format!("{service} to be {status}"), Duration::from_secs(30), || {
            let all = inspect(&container)?;
            (all["State"]["Health"]["Status"] == status).then_some(())
        });
    }
    let web = project.service("web");

    let outcome = check([&web, "idle:27017"]);
    outcome.unreachable("nothing-listening").also("health-lies").shows(["is called healthy", "exit=0"]);
    check([&web, "loopback:27017"]).unreachable("bind-loopback").also("health-lies");
    check([&web, "honest:27017"]).healthy();
    assert!(check([&web, "honest:27017"]).codes().is_empty());
    check([&web, "slandered:27017"]).healthy().also("health-lies").shows(["is called unhealthy", "dial:"]);
}

#[test]
fn legacy_link_to_a_container_that_was_made_anew() {
    let stack = Stack::new();
    let db = stack.container("db").runs(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]).start();
    let link = format!("{db}:cache");
    let web = stack.container("web").flags(["--link", &link]).start();
    check([web.name(), "cache:6379"]).healthy();
    let before = db.ip("bridge");
    db.remove();
    // Somebody else takes the address, so that the next one gets another.
    let taken: Vec<Container> = (0..20)
        .map(|number| stack.container(&format!("other{number}")).start())
        .take_while(|other| other.ip("bridge") != before)
        .collect();
    let db = stack.container("db").runs(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]).start();
    drop(taken);

    for name in ["cache", db.name()] {
        let outcome = check([web.name(), &format!("{name}:6379")]);
        outcome.unreachable("link-stale").words([&before.to_string(), &db.ip("bridge").to_string(), "--link"]);
    }
    let outcome = check([web.name(), "cache:6379"]);
    web.recreate(["idle"]);
    outcome.passes_now();
}

#[test]
fn link_env_collision() {
    let stack = Stack::new();
    let redis = stack
        .container("redis")
        .flags(["--expose", "6379"])
        .runs(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"])
        .start();
    let web = stack.container("web").flags(["--link", &format!("{redis}:re-dis")]).start();

    let outcome = check([web.name(), "re-dis:6379"]);
    outcome.says("reachable", None, 0).also("link-env-collision").words(["RE_DIS_PORT", "-e RE_DIS_PORT=6379"]);
    web.recreate_with(&["-e", "RE_DIS_PORT=6379"], ["idle"]);
    check([web.name(), "re-dis:6379"]).healthy();
}

#[test]
fn localhost_socket() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let argv = ["web", "tcp:0.0.0.0:3306"];
    let mysql = stack.container("mysql").on(&net).alias("mysql").flags(["--expose", "3306"]).runs(argv).start();
    let web = stack.container("web").on(&net).flags(["-e", "DB_HOST=localhost", "-e", "DB_PASSWORD=hunter2"]).start();

    let outcome = check([web.name(), "localhost:3306"]);
    outcome.unreachable("localhost-socket").words(["DB_HOST", "socket", mysql.name()]);
    assert!(!outcome.report.to_string().contains("hunter2"));
    outcome.dial_works();
    check([web.name(), "mysql:3306"]).says("reachable", None, 0).also("localhost-socket");
    let told = stack.container("told").on(&net).flags(["-e", "DB_HOST=mysql"]).start();
    check([told.name(), "mysql:3306"]).healthy();
    check([told.name(), "localhost:3306"]).unreachable("localhost-is-container");
}

#[test]
fn underscore_hostname() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let argv = ["node", "tcp:0.0.0.0:8080,http=200,not_host=_"];
    let name = "router_one";
    let router = stack.container(name).on(&net).alias(name).runs(argv).start();

    check([web.name(), "router_one:8080"]).healthy();
    let outcome = check([web.name(), "http://router_one:8080/api?a=1"]);
    outcome.unreachable("underscore-hostname").words(["router_one", "router-one", "400"]);
    let commands: Vec<String> = outcome.fix()["commands"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|command| command.as_str().map(ToOwned::to_owned))
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        stack.type_command(&command);
    }
    outcome.dial_works();
    // Nothing else is lost: the name that others use still leads there.
    check([web.name(), "router_one:8080"]).healthy();
    drop(router);
}

#[test]
fn underscores_that_nobody_minds() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("good").on(&net).alias("router_one").runs(["node", "tcp:0.0.0.0:8080,http=200"]).start();
    stack.container("picky").on(&net).alias("other_one").runs(["node", "tcp:0.0.0.0:8080,http=400"]).start();

    check([web.name(), "http://router_one:8080/"]).healthy();
    assert!(!check([web.name(), "http://other_one:8080/"]).codes().contains(&"underscore-hostname"));
}
