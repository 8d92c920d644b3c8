//! Faults of published ports, seen from the host.

use dprobe_tests::{Container, HostListener, Stack, check, host, poll};

#[test]
fn not_published() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let argv = ["node".to_owned(), format!("tcp:0.0.0.0:{port},http=200")];
    let web = stack.container("web").on(&net).flags(["--expose", &port.to_string()]).runs(argv.clone()).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("not-published").words([web.name(), &port.to_string(), "-p"]);
    web.recreate_with(&["-p", &format!("{port}:{port}")], argv);
    outcome.passes_now();
}

#[test]
fn not_published_by_the_name_of_the_container() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).runs(["nginx"]).start();

    let outcome = check(["host", &web.port(80)]);
    outcome.unreachable("not-published").words([web.name(), "80:80"]);
}

#[test]
fn published_wrong_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net);
    let web = web.flags(["-p", &format!("{port}:80")]).runs(["node", "tcp:0.0.0.0:8080,http=200"]).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-wrong-port").words([web.name(), "80", "8080", &format!("{port}:8080")]);
}

#[test]
fn published_other_protocol() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let dns = stack.container("dns").on(&net);
    let dns = dns.flags(["-p", &format!("{port}:53/udp")]).runs(["web", "dns:0.0.0.0:53"]).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-other-protocol").words([dns.name(), "udp", "tcp", &port.to_string()]);
}

#[test]
fn published_but_bound_to_loopback() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let db = stack.container("mongodb").on(&net).flags(["-p", &format!("{port}:27017")]).runs(["mongod"]).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("bind-loopback").words(["127.0.0.1", "--bind_ip_all"]);
    db.recreate(outcome.argv());
    outcome.passes_now();
}

#[test]
fn published_and_stopped() {
    let stack = Stack::new();
    let port = host::free_port();
    let db =
        stack.container("mongodb").flags(["-p", &format!("{port}:27017")]).runs(["mongod", "--bind_ip_all"]).start();
    db.docker("stop");

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("target-not-running").words([db.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn published_random_port() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let argv = ["node".to_owned(), format!("tcp:0.0.0.0:{port},http=200")];
    let web = stack.container("web").on(&net).flags(["-p", &port.to_string()]).runs(argv).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    let chosen = web.published(&format!("{port}/tcp"));
    outcome.unreachable("published-random-port").words([web.name(), &chosen.to_string(), &format!("-p {port}:{port}")]);
    outcome.dial_works();
    check(["host", &web.port(port)]).healthy();
}

#[test]
fn published_on_another_port_that_somebody_chose() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let (inside, outside) = (host::free_port(), host::free_port());
    let argv = ["node".to_owned(), format!("tcp:0.0.0.0:{inside},http=200")];
    let web = stack.container("web").on(&net).flags(["-p", &format!("{outside}:{inside}")]).runs(argv).start();

    let outcome = check(["host", &format!("localhost:{inside}")]);
    outcome.unreachable("nothing-listening").words([web.name(), &outside.to_string()]);
    outcome.dial_works();
}

#[test]
fn published_loopback_only() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let narrow = format!("127.0.0.1:{port}:80");
    let web = stack.container("web").on(&net).flags(["-p", &narrow]).runs(["nginx"]).start();

    // The host's own address in the network stands for the one that it has in the local network.
    let outcome = check(["host", &format!("{}:{port}", net.address(1))]);
    outcome.unreachable("published-loopback-only").words([web.name(), &narrow, &format!("-p {port}:80")]);
    check(["host", &format!("127.0.0.1:{port}")]).healthy();
    web.remove();
    stack.container("web").on(&net).flags(["-p", &format!("{port}:80")]).runs(["nginx"]).start();
    outcome.passes_now();
}

#[test]
fn published_on_an_address_that_is_not_loopback() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let address = net.address(1);
    let web = stack.container("web").on(&net).flags(["-p", &format!("{address}:{port}:80")]).runs(["nginx"]).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-loopback-only").words([web.name(), &address.to_string()]);
    outcome.dial_works();
}

#[test]
fn publish_failed_for_another_container() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let mapping = format!("{port}:80");
    let old = stack.container("old").on(&net).flags(["-p", &mapping]).runs(["nginx"]).start();
    let web = stack.container("web").on(&net).flags(["-p", &mapping]).runs(["nginx"]).create();
    web.fails_to_start();

    let outcome = check(["host", &web.port(80)]);
    outcome.unreachable("publish-failed").words([web.name(), old.name(), &port.to_string(), "docker start"]);
    // Whoever it is that answers there.
    check(["host", &format!("localhost:{port}")]).healthy();
    outcome.fix_works(&stack);
}

#[test]
fn publish_failed_for_a_program_of_the_host() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let listener = HostListener::on("127.0.0.1");
    let mapping = format!("{}:80", listener.port());
    let web = stack.container("web").on(&net).flags(["-p", &mapping]).runs(["nginx"]).create();
    let app = stack.container("app").on(&net).asks(dns).start();
    web.fails_to_start();

    for from in ["host", app.name()] {
        let outcome = check([from, &web.port(80)]);
        outcome.unreachable("publish-failed").words([&format!("127.0.0.1:{}", listener.port()), "ss -ltnp"]);
    }
    let outcome = check(["host", &web.port(80)]);
    check(["host", &format!("localhost:{}", listener.port())]).says("reachable", None, 0).also("publish-failed");
    drop(listener);
    outcome.fix_works(&stack);
}

#[test]
fn published_on_internal() {
    let stack = Stack::new();
    let net = stack.network_with("backend", &["--internal"]);
    let port = host::free_port();
    let web = stack.container("web").on(&net).flags(["-p", &format!("{port}:80")]).runs(["nginx"]).start();

    check(["host", &web.port(80)]).unreachable("published-on-internal").words([web.name(), net.name(), "internal"]);
    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-on-internal").words([web.name(), net.name()]);
    outcome.fix_works(&stack);
}

#[test]
fn published_from_an_internal_network_and_a_normal_one() {
    let stack = Stack::new();
    let internal = stack.network_with("backend", &["--internal"]);
    let normal = stack.network("front");
    let port = host::free_port();
    let web = stack.container("web").on(&normal).flags(["-p", &format!("{port}:80")]).runs(["nginx"]).start();
    web.join(&internal, &[]);

    check(["host", &format!("localhost:{port}")]).healthy();
}

#[test]
fn flag_after_image() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let flag = format!("{port}:80");
    let web = stack.container("web").on(&net).runs(["nginx", "-p", &flag]).start();

    check(["host", &web.port(80)]).unreachable("flag-after-image").words([web.name(), &flag]);
    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("flag-after-image").words([web.name(), &format!("-p {flag}"), "before the image"]);
    web.recreate_with(&["-p", &flag], outcome.argv());
    outcome.passes_now();
}

#[test]
fn flag_after_image_that_the_program_died_of() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net).runs(["web", "-p", &format!("{port}:80")]).unready().start();
    web.wait_for_status("exited");

    check(["host", &format!("localhost:{port}")]).unreachable("flag-after-image").words([web.name(), "does not run"]);
}

#[test]
fn an_argument_that_looks_like_a_flag_of_docker() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net).flags(["-p", &format!("{port}:80")]);
    web.runs(["nginx", "-p", "8080:80"]).start();

    check(["host", &format!("localhost:{port}")]).healthy();
}

#[test]
fn wrong_server_answers() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let listener = HostListener::on("127.0.0.1");
    let (port, address) = (listener.port(), net.address(1));
    let db = stack.container("db").on(&net).flags(["-p", &format!("{address}:{port}:80")]).runs(["nginx"]).start();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.degraded("wrong-server-answers").words([db.name(), &format!("127.0.0.1:{port}"), &address.to_string()]);
    outcome.dial_works();
    check(["host", &format!("http://127.0.0.1:{port}/")]).degraded("wrong-server-answers");
    // The container itself, wherever it is dialled.
    check(["host", &format!("{address}:{port}")]).healthy();
    check(["host", &db.port(80)]).healthy();
}

#[test]
fn wrong_server_answers_a_container() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let listener = HostListener::on(&net.address(1).to_string());
    let port = listener.port();
    let db = stack.container("db").on(&net).flags(["-p", &format!("127.0.0.1:{port}:80")]).runs(["nginx"]).start();
    let web = stack.container("web").on(&net).start();

    let outcome = check([web.name(), &format!("gateway:{port}")]);
    outcome.degraded("wrong-server-answers").words([db.name(), "127.0.0.1"]);
    outcome.dial_works();
}

/// A container in host mode whose hosts file has `::1` for localhost, as most systems have it.
fn in_host_mode(stack: &Stack) -> Container {
    stack.container("client").flags(["--network", "host", "--add-host", "localhost:::1"]).start()
}

#[test]
fn localhost_v6() {
    let stack = Stack::new();
    // A private range (RFC 4193) of its own for each process.
    let range = format!("fd00:d0b5:{:x}::/64", std::process::id() & 0xffff);
    let net = stack.network_with("dual", &["--ipv6", "--subnet", &range]);
    let port = host::free_port();
    let web = stack.container("web").on(&net).flags(["-p", &format!("{port}:80")]);
    let web = web.runs(["node", "tcp:0.0.0.0:80,http=200"]).start();
    let client = in_host_mode(&stack);

    let outcome = poll::until("the proxy to give up on IPv6", std::time::Duration::from_secs(20), || {
        let outcome = check([client.name(), &format!("localhost:{port}")]);
        (outcome.verdict() != "reachable").then_some(outcome)
    });
    outcome.unreachable("localhost-v6").words(["::1", &format!("127.0.0.1:{port}")]);
    outcome.dial_works();
    web.recreate(["node", "tcp:[::]:80,http=200"]);
    outcome.passes_now();
}

#[test]
fn localhost_v6_of_another_program() {
    let stack = Stack::new();
    let range = format!("fd00:d0b6:{:x}::/64", std::process::id() & 0xffff);
    let net = stack.network_with("dual", &["--ipv6", "--subnet", &range]);
    let web = stack.container("web").on(&net).runs(["node", "tcp:127.0.0.1:3000,http=200", "tcp:[::1]:3000,reset"]);
    let web = web.start();

    let outcome = check([web.name(), "localhost:3000"]);
    outcome.unreachable("localhost-v6").words(["::1", "127.0.0.1:3000"]);
    outcome.dial_works();
}

#[test]
fn localhost_where_both_families_lead_to_the_same_server() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    stack.container("web").on(&net).flags(["-p", &format!("{port}:80")]).runs(["nginx"]).start();
    let client = in_host_mode(&stack);

    check([client.name(), &format!("localhost:{port}")]).healthy();
    check([client.name(), &format!("http://localhost:{port}/")]).healthy();
}

#[test]
fn container_ip_from_desktop() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).flags(["-p", "80"]).runs(["nginx"]).start();

    // Only Docker Desktop keeps containers in a virtual machine; what it says of itself takes the place of this engine's.
    let outcome = check(["host", &format!("{}:80", web.ip(net.name()))]);
    outcome.healthy();
    let desktop = outcome.replayed_with(|report| report["topology"]["flavor"] = "desktop".into());
    desktop.unreachable("container-ip-from-desktop").words(["virtual machine", "localhost:"]);
    let by_name = check(["host", &web.port(80)]);
    by_name.healthy().replayed_with(|report| report["topology"]["flavor"] = "desktop".into()).healthy();
}
