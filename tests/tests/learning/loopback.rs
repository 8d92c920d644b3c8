//! The loopback address of a container, and the gateway of the default bridge as the way to the host.

use dprobe_tests::{HostListener, Stack, check, host};

#[test]
fn each_container_has_a_loopback_of_its_own() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let argv = ["node", "tcp:127.0.0.1:3000,http=200"];
    let web = stack.container("web").on(&net).alias("web").runs(argv).start();
    let peer = stack.container("peer").on(&net).start();

    check([web.name(), "localhost:3000", "127.0.0.1:3000"]).healthy();
    let outcome = check([peer.name(), "web:3000"]);
    outcome.unreachable("bind-loopback").words(["127.0.0.1:3000", "0.0.0.0"]);
    web.recreate(outcome.argv());
    outcome.passes_now();
    // For the peer, localhost is still itself.
    let outcome = check([peer.name(), "localhost:3000"]);
    outcome.unreachable("localhost-is-container").words(["web:3000", web.name()]);
    outcome.dial_works();
}

#[test]
fn the_gateway_of_the_default_bridge_is_the_host() {
    let stack = Stack::new();
    let web = stack.container("web").start();
    let inspected = stack.engine().inspect(web.name()).expect("the container");
    let gateway = inspected["NetworkSettings"]["Gateway"].as_str().expect("a gateway").to_owned();

    for address in ["0.0.0.0", &gateway] {
        let on_the_host = HostListener::on(address);
        check([web.name(), &format!("gateway:{}", on_the_host.port())]).healthy();
        check([web.name(), &format!("{gateway}:{}", on_the_host.port())]).healthy();
    }
    let on_the_host = HostListener::on("127.0.0.1");
    let outcome = check([web.name(), &format!("{gateway}:{}", on_the_host.port())]);
    outcome.unreachable("host-bind-loopback").words([&format!("127.0.0.1:{}", on_the_host.port()), "0.0.0.0"]);
    // What listens on the host is no nearer by the name that the host calls itself.
    check([web.name(), &format!("localhost:{}", on_the_host.port())]).unreachable("localhost-is-container");
}

#[test]
fn published_and_still_on_localhost() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net).flags(["-p", &format!("{port}:3000")]);
    let web = web.runs(["node", "server.js", "tcp:127.0.0.1:3000,http=200"]).start();

    let outcome = check(["host", &format!("http://localhost:{port}/")]);
    outcome.unreachable("bind-loopback").words([web.name(), "127.0.0.1:3000", "0.0.0.0"]);
    web.recreate(outcome.argv());
    outcome.passes_now();
}
