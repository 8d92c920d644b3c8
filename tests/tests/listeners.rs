//! Faults of the listening socket: the packets arrive, and the server is not there for them.

use dprobe_tests::{Stack, check, host};

/// A web and a server on one network; what `web` sees of `server:PORT`, and what it sees after the program was started
/// as the fix says.
fn loopback_and_back(server: &str, argv: &[&str], port: u16, words: &[&str]) {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let container = stack.container(server).on(&net).alias(server).runs(argv.iter().copied()).start();

    let outcome = check([web.name(), &format!("{server}:{port}")]);
    outcome.unreachable("bind-loopback").words(["127.0.0.1"]).words(words);
    container.recreate(outcome.argv());
    outcome.passes_now();
}

#[test]
fn bind_loopback_of_mongod() {
    loopback_and_back("mongodb", &["mongod"], 27017, &["mongod", "--bind_ip_all"]);
}

#[test]
fn bind_loopback_of_mongod_that_was_told_so() {
    loopback_and_back(
        "mongodb",
        &["mongod", "--bind_ip", "127.0.0.1", "--port", "27018"],
        27018,
        &["--bind_ip_all", "27018"],
    );
}

#[test]
fn bind_loopback_of_redis() {
    loopback_and_back("redis", &["redis-server", "--protected-mode", "no"], 6379, &["redis-server", "--bind"]);
}

#[test]
fn bind_loopback_of_postgres() {
    loopback_and_back("postgres", &["postgres"], 5432, &["listen_addresses"]);
}

#[test]
fn bind_loopback_of_a_program_that_serves_something_else_to_all() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api");
    api.runs(["node", "server.js", "tcp:127.0.0.1:3000,http=200", "tcp:0.0.0.0:9100,http=200"]).start();

    let outcome = check([web.name(), "http://api:3000/"]);
    outcome
        .unreachable("bind-loopback")
        .words(["127.0.0.1:3000", "0.0.0.0"])
        .shows(["127.0.0.1:3000", "bind-loopback"]);
}

#[test]
fn bind_loopback_of_ipv6() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api");
    // The engine turns IPv6 off in containers of a network without it, loopback included.
    let api = api.flags(["--sysctl", "net.ipv6.conf.lo.disable_ipv6=0"]);
    api.runs(["node", "tcp:[::1]:3000,http=200"]).start();

    let outcome = check([web.name(), "api:3000"]);
    outcome.unreachable("bind-loopback").words(["::1"]);
}

#[test]
fn bind_other_address() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let address = back.address(9).to_string();
    let web = stack.container("web").on(&front).start();
    let db = stack.container("mongodb").on(&front).alias("mongodb").runs(["mongod", "--bind_ip", &address]).create();
    db.join(&back, &["--ip", &address]);
    db.docker("start");
    db.wait_for_log("ready");

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("bind-other-address").words([&address, "0.0.0.0"]);
}

#[test]
fn bind_one_family() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["node", "tcp:[::]:3000,v6only"]).start();

    let outcome = check([web.name(), "api:3000"]);
    outcome.unreachable("bind-one-family").words(["IPv6", "IPv4", "3000"]);
}

#[test]
fn nothing_listening() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let db = stack.container("mongodb").on(&net).alias("mongodb").runs(["idle"]).start();

    let outcome = check([web.name(), "mongodb:27017"]);
    outcome.unreachable("nothing-listening").words([db.name(), "idle", "27017"]);
}

#[test]
fn wrong_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("api").on(&net).alias("api").runs(["node", "tcp:0.0.0.0:3000,http=200"]).start();

    let outcome = check([web.name(), "http://api:8080/health"]);
    outcome.unreachable("wrong-port").words(["8080", "3000"]);
    outcome.dial_works();
}

#[test]
fn wrong_port_is_not_said_of_a_port_that_only_loopback_has() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let api = stack.container("api").on(&net).alias("api");
    api.runs(["node", "tcp:127.0.0.1:9229", "tcp:0.0.0.0:3000"]).start();

    let outcome = check([web.name(), "api:8080"]);
    outcome.unreachable("wrong-port").words(["3000"]);
    assert_eq!(outcome.fix()["dial"].as_str().map(|dial| dial.ends_with(":3000")), Some(true), "{}", outcome.fix());
}

#[test]
fn host_port_used_inside() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let port = host::free_port();
    let db = stack.container("db").on(&net).alias("db").flags(["-p", &format!("{port}:5432")]);
    db.runs(["postgres", "-h", "*"]).start();

    let outcome = check([web.name(), &format!("postgres://user@db:{port}/shop")]);
    outcome.unreachable("host-port-used-inside").words([&port.to_string(), "5432"]);
    outcome.dial_works();
}

#[test]
fn udp_not_tcp() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("dns").on(&net).alias("dns").runs(["web", "udp:0.0.0.0:53,echo"]).start();

    let outcome = check([web.name(), "dns:53"]);
    outcome.unreachable("udp-not-tcp").words(["udp", "53"]);
    outcome.dial_works();
}
