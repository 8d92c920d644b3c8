//! Faults of names: what the source calls the target does not lead there.

use dprobe_tests::{HostListener, Stack, check};

#[test]
fn unknown_name_is_told_the_name_it_meant() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]);
    mongo.start();

    let outcome = check([web.name(), "mongdb:27017"]);
    outcome.unreachable("unknown-name").words(["mongdb", "mongodb"]).shows(["unknown-name", "mongodb"]);
    outcome.dial_works();
}

#[test]
fn unknown_name_sees_through_the_separators_of_compose() {
    let stack = Stack::new();
    let net = stack.network("shop");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    let db = stack.container("shop-db-1").on(&net).runs(["postgres", "-h", "*"]).start();

    let old_name = db.name().replace('-', "_");
    let outcome = check([web.name(), &format!("{old_name}:5432")]);
    outcome.unreachable("unknown-name").words([db.name()]);
    outcome.dial_works();
}

#[test]
fn unknown_name_is_known_for_one_although_the_upstream_server_is_dead() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let silent = net.address(14).to_string();
    stack.container("silent").on(&net).flags(["--ip", &silent]).runs(["web", "dns:0.0.0.0:53,silent"]).start();
    let web = stack.container("web").on(&net).flags(["--dns", &silent]).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), "mongdb:27017"]);
    outcome.unreachable("unknown-name").words(["mongodb"]);
    outcome.dial_works();
}

#[test]
fn unknown_name_of_nothing_at_all() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    // The names that do work from there are the best help there is.
    check([web.name(), "zzz:80"]).unreachable("unknown-name").words(["zzz", "mongodb"]);
}

#[test]
fn unknown_name_of_a_container_that_lives_in_the_namespace_of_another() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    let vpn = stack.container("vpn").on(&net).start();
    let mode = format!("container:{vpn}");
    let app = stack.container("app").flags(["--network", &mode]).runs(["node", "tcp:0.0.0.0:8080"]).start();

    let outcome = check([web.name(), &app.port(8080)]);
    outcome.unreachable("unknown-name").words([app.name(), vpn.name()]);
    outcome.dial_works();
}

#[test]
fn default_bridge_no_dns() {
    let stack = Stack::new();
    let dns = stack.nameserver(None, &[]);
    let web = stack.container("web").asks(dns).start();
    let mongo = stack.container("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("default-bridge-no-dns").words(["bridge", "docker network create", "docker network connect"]);
    outcome.fix_works(&stack);
}

#[test]
fn no_shared_network_by_name() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let dns = stack.nameserver(Some(&front), &[]);
    let web = stack.container("web").on(&front).asks(dns).start();
    let mongo = stack.container("mongodb").on(&back).runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("no-shared-network").words([front.name(), back.name(), "docker network connect"]);
    outcome.shows(["no-shared-network", "docker network connect"]);
    outcome.fix_works(&stack);
}

#[test]
fn no_shared_network_by_address() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let web = stack.container("web").on(&front).start();
    let mongo = stack.container("mongodb").on(&back).runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &format!("{}:27017", mongo.ip(back.name()))]);
    outcome.unreachable("no-shared-network").words([front.name(), back.name(), mongo.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn no_shared_network_between_the_default_bridge_and_another() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(None, &[]);
    let web = stack.container("web").asks(dns).start();
    let mongo = stack.container("mongodb").on(&net).runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("no-shared-network").words(["bridge", net.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn no_shared_network_when_only_the_source_has_one_with_names() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(dns).start();
    let mongo = stack.container("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("no-shared-network").words(["bridge", net.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn the_fault_that_blocks_first_comes_first_and_the_others_are_told_too() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let dns = stack.nameserver(Some(&front), &[]);
    let web = stack.container("web").on(&front).asks(dns).start();
    let mongo = stack.container("mongodb").on(&back).runs(["mongod"]).start();

    let outcome = check([web.name(), &mongo.port(27017)]);
    outcome.unreachable("no-shared-network");
    assert_eq!(outcome.codes()[1..], ["bind-loopback"], "{:?}", outcome.codes());
}

#[test]
fn hosts_override_to_an_address_of_nobody() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dead = net.address(13).to_string();
    let web = stack.container("web").on(&net).flags(["--add-host", &format!("mongodb:{dead}")]).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("hosts-override").words(["mongodb", &dead, "hosts"]);
}

#[test]
fn hosts_override_to_another_container() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let other = net.address(9).to_string();
    let cache = stack.container("cache").on(&net).flags(["--ip", &other]).runs(["redis-server", "--bind", "*"]).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let web = stack.container("web").on(&net).flags(["--add-host", &format!("mongodb:{other}")]).start();

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("hosts-override").words(["mongodb", &other, cache.name()]);
}

#[test]
fn ambiguous_name_of_which_only_one_serves() {
    let stack = Stack::new();
    let net = stack.network("shared");
    let right = stack.container("mongodb").on(&net).alias("db").runs(["mongod", "--bind_ip_all"]).start();
    let wrong = stack.container("postgres").on(&net).alias("db").runs(["postgres", "-h", "*"]).start();
    let web = stack.container("web").on(&net).start();

    let outcome = check([web.name(), "db:27017"]);
    outcome.degraded("ambiguous-name").words(["db", right.name(), wrong.name()]);
    outcome.dial_works();
}

#[test]
fn localhost_is_container_names_the_peer_that_serves_the_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    for target in ["localhost:27017", "127.0.0.1:27017", "mongodb://user:secret@localhost:27017/favorites"] {
        let outcome = check([web.name(), target]);
        outcome.unreachable("localhost-is-container").words(["mongodb:27017", mongo.name(), web.name()]);
        assert!(!outcome.report.to_string().contains("secret"), "a password in the report");
        outcome.dial_works();
    }
}

#[test]
fn source_host_network() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let monitor = stack.container("monitor").flags(["--network", "host"]).start();
    let web = stack.container("web").on(&net).runs(["nginx"]).start();

    let outcome = check([monitor.name(), &web.port(80)]);
    outcome.unreachable("source-host-network").words([monitor.name(), "--network host", "80:80", "localhost"]);
}

#[test]
fn localhost_is_container_where_the_port_is_published_on_the_host() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = dprobe_tests::host::free_port();
    let web = stack.container("web").on(&net).start();
    let db = stack.container("postgres_db").on(&net).alias("postgres_db").flags(["-p", &format!("{port}:5432")]);
    let db = db.runs(["postgres", "-h", "*"]).start();

    let outcome = check([web.name(), &format!("postgres://app@localhost:{port}/shop")]);
    outcome.unreachable("localhost-is-container").words([db.name(), "postgres_db:5432"]);
    outcome.dial_works();
}

#[test]
fn localhost_is_container_names_the_host_when_it_serves_the_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let host = HostListener::on("0.0.0.0");
    let web = stack.container("web").on(&net).flags(["--add-host", "host.docker.internal:host-gateway"]).start();

    let outcome = check([web.name(), &format!("localhost:{}", host.port())]);
    outcome.unreachable("localhost-is-container").words(["host.docker.internal"]);
    outcome.dial_works();
}

#[test]
fn stale_ip_of_nobody() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    let old = net.address(11).to_string();

    let outcome = check([web.name(), &format!("{old}:27017")]);
    outcome.unreachable("stale-ip").words([&old, mongo.name(), &mongo.ip(net.name()).to_string()]);
    outcome.dial_works();
}

#[test]
fn stale_ip_that_another_container_has_now() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let old = net.address(9).to_string();
    let cache = stack.container("cache").on(&net).flags(["--ip", &old]).runs(["redis-server", "--bind", "*"]).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), &format!("{old}:27017")]);
    outcome.unreachable("stale-ip").words([&old, cache.name(), mongo.name()]);
    outcome.dial_works();
}
