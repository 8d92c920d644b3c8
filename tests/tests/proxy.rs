//! Sources that are told to use a proxy, or should be.

use dprobe_tests::{Lab, Stack, check};

/// A proxy that answers every request with this status.
fn proxy(stack: &Stack, net: &dprobe_tests::Network, status: u16) {
    stack.container("proxy").on(net).alias("proxy").runs(["web", &format!("tcp:0.0.0.0:3128,http={status}")]).start();
}

#[test]
fn a_proxy_that_does_not_know_the_neighbours() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    proxy(&stack, &net, 502);
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let web = stack.container("web").on(&net).flags(["-e", "HTTP_PROXY=http://user:hunter2@proxy:3128"]).start();

    let outcome = check([web.name(), "http://api/"]);
    outcome.unreachable("proxy-captures-internal").words(["NO_PROXY", "api", "502"]);
    assert!(!outcome.report.to_string().contains("hunter2"), "a password got into the report");
    check([web.name(), "api:80"]).healthy();
}

#[test]
fn a_proxy_on_the_loopback_of_the_source() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let web = stack.container("web").on(&net).flags(["-e", "http_proxy=http://127.0.0.1:7890"]).start();

    check([web.name(), "http://api/"])
        .unreachable("proxy-is-loopback")
        .words(["127.0.0.1:7890", "host.docker.internal"]);
}

#[test]
fn a_proxy_that_is_not_there() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let closed = stack.container("idler").on(&net).alias("proxy").start();
    let flags = ["-e", "ALL_PROXY=http://proxy:3128"];
    let web = stack.container("web").on(&net).flags(flags).start();

    check([web.name(), "http://api/"]).unreachable("proxy-unreachable").words(["proxy:3128", "dprobe check"]);
    closed.remove();
    check([web.name(), "http://api/"]).unreachable("proxy-unreachable");
}

#[test]
fn healthy_with_proxies() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    proxy(&stack, &net, 200);
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let by = |name: &str, flags: &[&str]| stack.container(name).on(&net).flags(flags.iter().copied()).start();

    // A proxy that delivers, and one that is not asked.
    let through = by("through", &["-e", "HTTP_PROXY=http://proxy:3128"]);
    check([through.name(), "http://api/"]).healthy();
    check([through.name(), "http://www.outside.test/"]).healthy();
    let excepted = by("excepted", &["-e", "HTTP_PROXY=http://127.0.0.1:1", "-e", "NO_PROXY=localhost,api"]);
    check([excepted.name(), "http://api/"]).healthy();
    let other = by("other", &["-e", "HTTPS_PROXY=http://127.0.0.1:1"]);
    check([other.name(), "http://api/"]).healthy();
    let own = stack.container("own").on(&net).flags(["-e", "HTTP_PROXY=http://127.0.0.1:3128"]);
    let own = own.runs(["web", "tcp:127.0.0.1:3128,http=200"]).start();
    check([own.name(), "http://api/"]).healthy();
}

#[test]
fn an_outside_that_only_the_proxy_reaches() {
    let Some(lab) = Lab::new() else { return };
    let stack = lab.stack();
    let net = stack.network("favorites-net");
    proxy(&stack, &net, 200);
    let web = stack.container("web").on(&net).start();
    // The first container on a network gets the second address.
    let address = net.address(2);
    let told = stack.container("told").on(&net).flags(["-e", &format!("HTTP_PROXY=http://{address}:3128")]);
    let url = format!("http://{}/", lab.outside_address());
    lab.host(
        "iptables -P OUTPUT DROP && iptables -I OUTPUT -o lo -j ACCEPT && iptables -I DOCKER-USER -o eth0 -j DROP",
    );
    let told = told.start();

    lab.check([web.name(), &url]).unreachable("proxy-required").words(["3128", "HTTP_PROXY", told.name()]);
    lab.check([told.name(), &url]).healthy();
}
