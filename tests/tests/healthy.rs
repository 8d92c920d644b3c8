//! Healthy stacks: `reachable`, exit code 0, and not a word of warning.

use dprobe_tests::{HostListener, Stack, check, host};

/// mongod as one starts it to be reached.
const MONGOD: [&str; 2] = ["mongod", "--bind_ip_all"];

#[test]
fn two_containers_on_one_network_by_name_and_without_a_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).runs(MONGOD).start();

    check([web.name(), &mongo.port(27017)]).healthy().shows(["REACHABLE", "27017"]);
    check([web.name(), mongo.name()]).healthy();
    check([web.name(), "->", mongo.name()]).healthy();
    check([format!("{web} -> {mongo}")]).healthy();
    check([format!("{web}→{mongo}")]).healthy();
}

#[test]
fn two_networks_with_an_alias_on_the_shared_one() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let web = stack.container("web").on(&front).start();
    let mongo = stack.container("mongodb").on(&back).runs(MONGOD).start();
    mongo.join(&front, &["--alias", "database"]);

    check([web.name(), "database:27017"]).healthy();
    check([web.name(), &mongo.port(27017)]).healthy();
}

#[test]
fn address_on_the_default_bridge() {
    let stack = Stack::new();
    let web = stack.container("web").start();
    let mongo = stack.container("mongodb").runs(MONGOD).start();

    check([web.name(), &format!("{}:27017", mongo.ip("bridge"))]).healthy();
}

#[test]
fn legacy_link_on_the_default_bridge() {
    let stack = Stack::new();
    let mongo = stack.container("mongodb").runs(MONGOD).start();
    let web = stack.container("web").flags(["--link", &format!("{mongo}:db")]).start();

    check([web.name(), "db:27017"]).healthy();
    check([web.name(), &mongo.port(27017)]).healthy();
}

#[test]
fn own_loopback() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).runs(["web", "tcp:127.0.0.1:3000,http=200"]).start();

    check([web.name(), "localhost:3000"]).healthy();
    check([web.name(), "http://127.0.0.1:3000/"]).healthy();
}

#[test]
fn published_port_from_the_host() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).flags(["-p", "80"]).runs(["nginx", "-g", "daemon off;"]).start();

    let port = web.published("80/tcp");
    check(["host", &format!("localhost:{port}")]).healthy();
    check(["host", &format!("http://127.0.0.1:{port}/")]).healthy();
    check(["host", &web.port(80)]).healthy();
}

#[test]
fn host_service_through_host_gateway() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let listener = HostListener::on("0.0.0.0");
    let flags = ["--add-host", "host.docker.internal:host-gateway"];
    let web = stack.container("web").on(&net).flags(flags).start();

    let port = listener.port();
    check([web.name(), &format!("host.docker.internal:{port}")]).healthy();
    check([web.name(), &format!("http://host.docker.internal:{port}/")]).healthy();
    check([web.name(), &format!("gateway:{port}")]).healthy();
    check([web.name(), &format!("{}:{port}", net.address(1))]).healthy();
}

#[test]
fn listener_for_both_families() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api").runs(["node", "tcp:[::]:3000,http=200"]).start();

    check([web.name(), "http://api:3000/"]).healthy();
    check([web.name(), api.name()]).healthy();
}

#[test]
fn network_with_both_families() {
    let stack = Stack::new();
    // A private range (RFC 4193) of its own for each process.
    let range = format!("fd00:d0b3:{:x}::/64", std::process::id() & 0xffff);
    let net = stack.network_with("dual", &["--ipv6", "--subnet", &range]);
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api").runs(["node", "tcp:[::]:3000,http=200"]).start();

    check([web.name(), "api:3000"]).healthy();
    check([web.name(), &format!("[{}]:3000", api.ipv6(net.name()))]).healthy();
}

#[test]
fn network_with_both_families_and_a_server_of_one() {
    let stack = Stack::new();
    let range = format!("fd00:d0b4:{:x}::/64", std::process::id() & 0xffff);
    let net = stack.network_with("dual", &["--ipv6", "--subnet", &range]);
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(MONGOD).start();

    // A program goes on with the next address when one refuses (RFC 8305).
    let outcome = check([web.name(), "mongodb:27017"]);
    assert!(["reachable", "degraded"].contains(&outcome.verdict()), "{}", outcome.verdict());
}

#[test]
fn replicas_that_share_an_alias() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    for replica in ["api-1", "api-2", "api-3"] {
        stack.container(replica).on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();
    }

    check([web.name(), "api:3000"]).healthy();
    check([web.name(), "http://api:3000/"]).healthy();
}

#[test]
fn different_containers_that_share_an_alias_and_all_serve() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("blue").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();
    stack.container("green").on(&net).alias("api").runs(["node", "green.js", "tcp:0.0.0.0:3000,http=200"]).start();

    let outcome = check([web.name(), "api:3000"]);
    outcome.says("reachable", None, 0);
}

#[test]
fn containers_that_share_a_namespace() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let vpn = stack.container("vpn").on(&net).start();
    let mode = format!("container:{vpn}");
    let web = stack.container("web").flags(["--network", &mode]).start();
    stack.container("cache").flags(["--network", &mode]).runs(["redis-server"]).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(MONGOD).start();

    check([web.name(), "mongodb:27017"]).healthy();
    check([web.name(), "localhost:6379"]).healthy();
}

#[test]
fn source_in_host_mode() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").flags(["--network", "host"]).start();
    let api = stack.container("api").on(&net).flags(["-p", "3000"]).runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();

    check([web.name(), &format!("localhost:{}", api.published("3000/tcp"))]).healthy();
}

#[test]
fn target_in_host_mode() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net).start();
    stack.container("api").flags(["--network", "host"]).runs(["node", &format!("tcp:0.0.0.0:{port},http=200")]).start();

    check([web.name(), &format!("gateway:{port}")]).healthy();
    check(["host", &format!("localhost:{port}")]).healthy();
}

#[test]
fn debug_port_on_loopback_beside_the_public_one() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net);
    let api = api.runs(["node", "server.js", "tcp:127.0.0.1:9229", "tcp:0.0.0.0:3000,http=200"]).start();

    check([web.name(), api.name()]).healthy();
}

#[test]
fn dns_server_on_udp() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let server = stack.container("dns").on(&net).alias("dns");
    server.runs(["web", "dns:0.0.0.0:53,zone=name.test=198.51.100.7"]).start();

    check([web.name(), "dns:53/udp"]).healthy();
    check([web.name(), "dns:53"]).healthy();
}

#[test]
fn outside_name_from_the_containers_own_dns_server() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let api = stack.container("api").on(&net).runs(["nginx"]).start();
    let dns = stack.nameserver(Some(&net), &[("api.example.test", &api.ip(net.name()).to_string())]);
    let web = stack.container("web").on(&net).asks(dns).start();

    check([web.name(), "http://api.example.test/"]).healthy();
}

#[test]
fn http_url_and_database_urls() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    stack.container("db").on(&net).alias("postgres_db").runs(["postgres", "-h", "*"]).start();
    let cache = stack.container("cache").on(&net).alias("redis");
    cache.runs(["redis-server", "--bind", "*", "--protected-mode", "no"]).start();

    let outcome = check([
        web.name(),
        "http://api/health",
        "postgres://app:hunter2@postgres_db/shop",
        "redis://redis",
        "http://api",
    ]);
    outcome.healthy();
    assert!(!outcome.report.to_string().contains("hunter2"), "a password in the report");
}

#[test]
fn fresh_agent_in_a_network() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    stack.container("mongodb").on(&net).alias("mongodb").runs(MONGOD).start();

    check([&format!("net:{}", net.name()), "mongodb:27017"]).healthy();
}

#[test]
fn names_in_another_case_and_ids() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(MONGOD).start();

    check([web.name(), "MongoDB:27017"]).healthy();
    check([web.id(), "mongodb:27017"]).healthy();
    check([&web.id()[..12], &format!("{}:27017", &mongo.id()[..12])]).healthy();
}

#[test]
fn extra_host_that_says_the_right_address() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let address = net.address(9).to_string();
    stack.container("mongodb").on(&net).alias("mongodb").flags(["--ip", &address]).runs(MONGOD).start();
    let web = stack.container("web").on(&net).flags(["--add-host", &format!("mongodb:{address}")]).start();

    check([web.name(), "mongodb:27017"]).healthy();
}

#[test]
fn own_name() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).runs(["nginx"]).start();

    check([web.name(), &web.port(80)]).healthy();
}

#[test]
fn port_that_another_container_publishes_through_the_host() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let api = stack.container("api").on(&back).flags(["-p", "80"]).runs(["nginx"]).start();
    let web = stack.container("web").on(&front).flags(["--add-host", "host.docker.internal:host-gateway"]).start();

    let port = api.published("80/tcp");
    check([web.name(), &format!("host.docker.internal:{port}")]).healthy();
    check([web.name(), &format!("gateway:{port}")]).healthy();
}

#[test]
fn port_that_is_published_on_loopback_only_from_the_host() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let api = stack.container("api").on(&net).flags(["-p", "127.0.0.1::80"]).runs(["nginx"]).start();

    check(["host", &format!("localhost:{}", api.published("80/tcp"))]).healthy();
    check(["host", &api.port(80)]).healthy();
}

#[test]
fn name_of_the_namespace_that_the_server_lives_in() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let vpn = stack.container("vpn").on(&net).alias("vpn").start();
    stack.container("app").flags(["--network", &format!("container:{vpn}")]).runs(["node", "tcp:0.0.0.0:8080"]).start();

    check([web.name(), "vpn:8080"]).healthy();
    check([web.name(), &vpn.port(8080)]).healthy();
}

#[test]
fn several_listeners_and_no_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).flags(["--expose", "3000"]);
    let api = api.runs(["node", "tcp:0.0.0.0:3000,http=200", "tcp:0.0.0.0:9100,http=200"]).start();

    check([web.name(), api.name()]).healthy();
}
