//! Faults of published ports, seen from the host.

use dprobe_tests::{Stack, check, host};

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
