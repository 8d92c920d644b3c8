//! An application that asks a public web API, a database on its host, and a database in another container.

use dprobe_tests::{Container, HostListener, Network, Outside, Stack, check};

/// The flags that give a container a name for its host.
const HOST_NAME: [&str; 2] = ["--add-host", "host.docker.internal:host-gateway"];

/// A mongod that others can reach.
const MONGOD: [&str; 2] = ["mongod", "--bind_ip_all"];

#[test]
fn by_address_on_the_default_bridge_then_by_name_on_a_network() {
    let stack = Stack::new();
    let dns = stack.nameserver(None, &[]);
    let on_the_host = HostListener::on("0.0.0.0");
    let web = stack.container("web").asks(dns).start();
    let mongodb = stack.container("mongodb").runs(MONGOD).start();

    check([web.name(), &format!("{}:27017", mongodb.ip("bridge"))]).healthy();
    check([web.name(), &format!("gateway:{}", on_the_host.port())]).healthy();

    let outcome = check([web.name(), &mongodb.port(27017)]);
    outcome.unreachable("default-bridge-no-dns").words(["docker network create", web.name(), mongodb.name()]);
    outcome.fix_works(&stack);
    // What worked before works still.
    check([web.name(), &format!("gateway:{}", on_the_host.port())]).healthy();
}

#[test]
fn the_host_and_peers_at_once() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let on_the_host = HostListener::on("0.0.0.0");
    let outside = Outside::new();
    let web = stack.container("web").on(&net).flags(HOST_NAME).start();
    mongodb(&stack, &net);

    let host = format!("host.docker.internal:{}", on_the_host.port());
    let mut targets = vec![web.name().to_owned(), "mongodb:27017".to_owned(), host];
    targets.extend(outside.as_ref().map(|outside| format!("http://{}/people/1/", outside.address())));
    check(targets).healthy();
}

#[test]
fn the_web_api_by_its_name() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let Some(outside) = Outside::new() else { return };
    let dns = stack.nameserver(Some(&net), &[("api.people.test", &outside.address().to_string())]);
    let web = stack.container("web").on(&net).asks(dns).start();

    check([web.name(), "http://api.people.test/people/1/"]).healthy();
    let outcome = check([web.name(), "http://api.poeple.test/people/1/"]);
    outcome.unreachable("dns-name-not-found").words(["api.poeple.test", "spelling"]);
}

#[test]
fn a_network_that_nobody_made() {
    let stack = Stack::new();
    let network = stack.unique("favorites-net");
    let flags = ["--network", &network];
    let web = stack.container("web").flags(flags).create();
    let mongodb = stack.container("mongodb").flags(flags).runs(MONGOD).create();
    for container in [&web, &mongodb] {
        let said = stack.engine().docker(["start", container.name()]);
        assert!(said.stderr.contains("not found"), "{}", said.stderr);
    }

    let outcome = check([web.name(), &mongodb.port(27017)]);
    outcome.unreachable("network-missing").words(["docker network create", &network, "docker start"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_network_that_is_joined_while_the_application_runs() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(None, &[]);
    let on_the_host = HostListener::on("0.0.0.0");
    let web = stack.container("web").asks(dns).flags(HOST_NAME).start();
    let mongodb = mongodb(&stack, &net);

    let outcome = check([web.name(), &mongodb.port(27017)]);
    outcome.unreachable("no-shared-network").words(["docker network connect", net.name(), web.name()]);
    outcome.fix_works(&stack);
    check([web.name(), "mongodb:27017", &format!("host.docker.internal:{}", on_the_host.port())]).healthy();
}

#[test]
fn localhost_instead_of_the_name_of_the_peer() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let url = "mongodb://localhost:27017/favorites";
    let web = stack.container("web").on(&net).flags(["-e", &format!("MONGO_URL={url}")]).start();
    let mongodb = mongodb(&stack, &net);

    let outcome = check([web.name(), url]);
    outcome.unreachable("localhost-is-container").words(["mongodb:27017", mongodb.name()]);
    outcome.dial_works();
    check([web.name(), "mongodb://mongodb:27017/favorites"]).healthy();
}

#[test]
fn the_address_of_a_container_that_was_made_anew() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let before = mongodb(&stack, &net);
    let old = before.ip(net.name());
    check([web.name(), &format!("{old}:27017")]).healthy();

    before.remove();
    // Whoever is started next gets the address that became free.
    let cache = stack.container("cache").on(&net).runs(["redis-server", "--bind", "0.0.0.0"]).start();
    assert_eq!(cache.ip(net.name()), old);
    let mongodb = mongodb(&stack, &net);

    let outcome = check([web.name(), &format!("{old}:27017")]);
    outcome.unreachable("stale-ip").words([cache.name(), mongodb.name(), &old.to_string()]);
    outcome.dial_works();
    check([web.name(), "mongodb:27017"]).healthy();
}

#[test]
fn a_database_on_the_loopback_of_the_host() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let listener = HostListener::on("127.0.0.1");
    let (port, plain) = (listener.port(), stack.nameserver(Some(&net), &[]));
    let web = stack.container("web").on(&net).asks(plain).start();

    let target = format!("host.docker.internal:{port}");
    let outcome = check([web.name(), &target]);
    outcome.unreachable("host-name-missing").words(["host-gateway"]);
    web.recreate_with(&HOST_NAME, ["idle"]);
    // One fault hid the next.
    let outcome = check([web.name(), &target]);
    outcome.unreachable("host-bind-loopback").words([&format!("127.0.0.1:{port}"), "0.0.0.0"]);
    drop(listener);
    let _everywhere = HostListener::at("0.0.0.0", port);
    outcome.passes_now();
}

/// The database of the favourites, on a network.
fn mongodb(stack: &Stack, net: &Network) -> Container {
    stack.container("mongodb").on(net).alias("mongodb").runs(MONGOD).start()
}
