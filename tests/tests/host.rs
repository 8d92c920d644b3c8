//! Faults of the way from a container to its host.

use dprobe_tests::{HostListener, Stack, check, host};

/// The flags that give a container the name of its host.
const HOST_NAME: [&str; 2] = ["--add-host", "host.docker.internal:host-gateway"];

#[test]
fn host_name_missing() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let dns = stack.nameserver(Some(&net), &[]);
    let listener = HostListener::on("0.0.0.0");
    let web = stack.container("web").on(&net).asks(dns).start();

    let outcome = check([web.name(), &format!("host.docker.internal:{}", listener.port())]);
    outcome.unreachable("host-name-missing").words(["host.docker.internal", "host-gateway"]);
    web.recreate_with(&HOST_NAME, ["idle"]);
    outcome.passes_now();
}

#[test]
fn host_bind_loopback() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let listener = HostListener::on("127.0.0.1");
    let web = stack.container("web").on(&net).flags(HOST_NAME).start();

    for name in ["host.docker.internal", "gateway", "host"] {
        let outcome = check([web.name(), &format!("{name}:{}", listener.port())]);
        outcome.unreachable("host-bind-loopback").words([&format!("127.0.0.1:{}", listener.port()), "0.0.0.0"]);
    }
}

#[test]
fn host_not_listening() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let port = host::free_port();
    let web = stack.container("web").on(&net).flags(HOST_NAME).start();

    for name in ["host.docker.internal", "gateway", &net.address(1).to_string()] {
        let outcome = check([web.name(), &format!("{name}:{port}")]);
        outcome.unreachable("host-not-listening").words(["host", &port.to_string()]);
    }
}

#[test]
fn published_loopback_from_container() {
    let stack = Stack::new();
    let (front, back) = (stack.network("front"), stack.network("back"));
    let api = stack.container("api").on(&back).flags(["-p", "127.0.0.1::80"]).runs(["nginx"]).start();
    let web = stack.container("web").on(&front).flags(HOST_NAME).start();

    let outcome = check([web.name(), &format!("host.docker.internal:{}", api.published("80/tcp"))]);
    outcome.unreachable("published-loopback-from-container").words([api.name(), "127.0.0.1"]);
}

#[test]
fn host_gateway_mismatch() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let address = net.address(1).to_string();
    let listener = HostListener::on(&address);
    let port = listener.port();
    let web = stack.container("web").on(&net).flags(HOST_NAME).start();

    let outcome = check([web.name(), &format!("host.docker.internal:{port}")]);
    outcome.unreachable("host-gateway-mismatch").words([&format!("{address}:{port}"), "0.0.0.0", "--add-host"]);
    outcome.dial_works();
    check([web.name(), &format!("gateway:{port}")]).healthy();
    web.remove();
    let entry = format!("host.docker.internal:{address}");
    stack.container("web").on(&net).flags(["--add-host", &entry]).start();
    outcome.passes_now();
}
