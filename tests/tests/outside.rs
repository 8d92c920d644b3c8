//! Faults of the way from a container to the outside world.

use dprobe_tests::{Outside, Stack, check};

#[test]
fn internal_network_by_address() {
    let stack = Stack::new();
    let net = stack.network_with("backend", &["--internal"]);
    let web = stack.container("web").on(&net).start();
    let outside = Outside::new();
    let address = outside.as_ref().map_or_else(|| "198.51.100.7".to_owned(), |outside| outside.address().to_string());

    let outcome = check([web.name(), &format!("{address}:80")]);
    outcome.unreachable("internal-network").words([net.name(), "internal", "docker network connect"]);
    // Without the right to make one, there is nobody outside who would answer.
    if outside.is_some() {
        outcome.fix_works(&stack);
    }
}

#[test]
fn internal_network_by_name() {
    let stack = Stack::new();
    let net = stack.network_with("backend", &["--internal"]);
    let web = stack.container("web").on(&net).start();

    let outcome = check([web.name(), "https://api.example.test/v1"]);
    outcome.unreachable("internal-network").words([net.name(), "internal"]);
}

#[test]
fn internal_network_is_not_to_blame_between_its_own_containers() {
    let stack = Stack::new();
    let net = stack.network_with("backend", &["--internal"]);
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();
    stack.container("redis").on(&net).alias("redis").runs(["redis-server"]).start();

    check([web.name(), "mongodb:27017"]).healthy();
    check([web.name(), "redis:6379"]).unreachable("bind-loopback");
}

#[test]
fn the_outside_is_reached_from_a_normal_network() {
    let stack = Stack::new();
    let net = stack.network("frontend");
    let web = stack.container("web").on(&net).start();
    let Some(outside) = Outside::new() else { return };

    check([web.name(), &format!("http://{}/", outside.address())]).healthy();
    check(["host", &format!("http://{}/", outside.address())]).healthy();
}
