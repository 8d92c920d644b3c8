//! Ports that are published in every form, and links of old.

use dprobe_tests::{Container, Stack, check, host};

/// A server on these TCP ports, and on UDP port 53.
fn serving(ports: [u16; 4]) -> Vec<String> {
    let tcp = ports.iter().map(|port| format!("tcp:0.0.0.0:{port},http=200"));
    ["web".to_owned()].into_iter().chain(tcp).chain(["udp:0.0.0.0:53,echo".to_owned()]).collect()
}

#[test]
fn every_form_of_a_mapping() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let [first, second, dns] = [(); 3].map(|()| host::free_port());
    let mappings = [
        format!("{first}:80"),
        format!("127.0.0.1:{second}:81"),
        "127.0.0.1::82".to_owned(),
        "83".to_owned(),
        format!("{dns}:53/udp"),
    ];
    let flags = mappings.iter().flat_map(|mapping| ["-p", mapping]);
    let web = stack.container("web").on(&net).flags(flags).runs(serving([80, 81, 82, 83])).start();

    assert_eq!((web.published("80/tcp"), web.published("81/tcp")), (first, second));
    for port in ["80/tcp", "81/tcp", "82/tcp", "83/tcp"] {
        let published = web.published(port);
        check(["host", &format!("http://localhost:{published}/")]).healthy();
        check(["host", &format!("127.0.0.1:{published}")]).healthy();
    }
    check(["host", &format!("localhost:{dns}/udp")]).healthy();

    // Peers use the ports of the container, whatever is published.
    let peer = stack.container("peer").on(&net).start();
    check([peer.name(), &web.port(80), &web.port(81), &web.port(83)]).healthy();
    check([peer.name(), &format!("{}:53/udp", web.name())]).healthy();
    let outcome = check([peer.name(), &web.port(first)]);
    outcome.unreachable("host-port-used-inside").words([&first.to_string(), &web.port(80)]);
    outcome.dial_works();
}

#[test]
fn all_exposed_ports_at_random() {
    let stack = Stack::new();
    let port = host::free_port();
    let argv = ["node".to_owned(), format!("tcp:0.0.0.0:{port},http=200")];
    let web = stack.container("web").flags(["-P", "--expose", &port.to_string()]).runs(argv).start();
    let published = web.published(&format!("{port}/tcp"));

    check(["host", &format!("http://localhost:{published}/")]).healthy();
    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-random-port").words([web.name(), &published.to_string()]);
    outcome.dial_works();
}

#[test]
fn published_for_this_machine_only() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let apart = stack.network("apart");
    let port = host::free_port();
    let narrow = format!("127.0.0.1:{port}:27017");
    let mongodb = stack.container("mongodb").on(&net).flags(["-p", &narrow]).runs(["mongod", "--bind_ip_all"]).start();
    let host_name = ["--add-host", "host.docker.internal:host-gateway"];
    let web = stack.container("web").on(&apart).flags(host_name).start();

    check(["host", &format!("localhost:{port}")]).healthy();
    // From elsewhere, as which the host's own address in a network does here.
    let from_elsewhere = check(["host", &format!("{}:{port}", net.address(1))]);
    from_elsewhere.unreachable("published-loopback-only").words([mongodb.name(), &narrow]);
    let from_a_container = check([web.name(), &format!("host.docker.internal:{port}")]);
    from_a_container.unreachable("published-loopback-from-container").words([mongodb.name(), "127.0.0.1"]);

    mongodb.remove();
    let wide = format!("{port}:27017");
    stack.container("mongodb").on(&net).flags(["-p", &wide]).runs(["mongod", "--bind_ip_all"]).start();
    from_elsewhere.passes_now();
    from_a_container.passes_now();
}

#[test]
fn exposed_is_not_published_and_udp_is_not_tcp() {
    let stack = Stack::new();
    let port = host::free_port();
    let argv = ["web".to_owned(), format!("tcp:0.0.0.0:{port}"), format!("udp:0.0.0.0:{port},echo")];
    let web = stack.container("web").flags(["--expose", &port.to_string()]).runs(argv.clone()).start();
    let target = format!("localhost:{port}");

    check(["host", &target]).unreachable("not-published").words([web.name(), &format!("-p {port}:{port}")]);
    web.recreate_with(&["-p", &format!("{port}:{port}/udp")], argv.clone());
    check(["host", &format!("{target}/udp")]).healthy();
    let outcome = check(["host", &target]);
    outcome.unreachable("published-other-protocol").words([web.name(), "udp", "tcp"]);
    web.recreate_with(&["-p", &format!("{port}:{port}")], argv);
    outcome.passes_now();
}

#[test]
fn a_link_and_its_alias() {
    let stack = Stack::new();
    let redis = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"];
    let db = stack.container("db").runs(redis).start();
    let web = stack.container("web").flags(["--link", &format!("{db}:database")]).start();
    check([web.name(), "database:6379", &db.port(6379)]).healthy();

    let before = db.ip("bridge");
    db.remove();
    // Others take the address before it is made anew.
    let others: Vec<Container> = (0..20)
        .map(|number| stack.container(&format!("other{number}")).start())
        .take_while(|other| other.ip("bridge") != before)
        .collect();
    let db = stack.container("db").runs(redis).start();
    drop(others);

    let outcome = check([web.name(), "database:6379"]);
    outcome.unreachable("link-stale").words([&before.to_string(), &db.ip("bridge").to_string(), "--link"]);
    web.recreate(["idle"]);
    outcome.passes_now();
}
