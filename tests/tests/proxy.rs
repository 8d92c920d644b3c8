//! Sources that are told to use a proxy, or should be.

use dprobe_tests::servers::certificates::Claims;
use dprobe_tests::servers::{Authority, Microsocks, Nginx, Tinyproxy};
use dprobe_tests::{Lab, Stack, check};

/// Where an image of Debian's has its bundle.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

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

#[test]
fn real_proxies_deliver() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let authority = Authority::new("Example CA");
    let pair = authority.issues(&Claims::of(["api"]));
    stack.server("api", &Nginx::secure(&pair)).on(&net).alias("api").start();
    stack.server("plain", &Nginx::default()).on(&net).alias("plain").start();
    stack.server("tinyproxy", &Tinyproxy::default()).on(&net).alias("proxy").start();
    stack.server("microsocks", &Microsocks::default()).on(&net).alias("socks").start();
    for (name, proxy) in [
        ("http", "http://proxy:8888"),
        ("bare", "proxy:8888"),
        ("socks5", "socks5://socks:1080"),
        ("socks5h", "socks5h://socks:1080"),
    ] {
        let flag = format!("ALL_PROXY={proxy}");
        let web = stack.container(name).on(&net).flags(["-e", &flag]).file(BUNDLE, authority.pem()).start();
        for url in ["http://plain/", "https://api/", "http://plain/nothing-there", "ws://plain/"] {
            let outcome = check([web.name(), url]);
            outcome.healthy();
            let through = outcome.report["observations"].as_array().expect("observations").iter();
            let mut through = through.filter(|seen| seen["via"].is_object());
            assert!(through.any(|seen| seen["status"].is_number() && seen["failure"].is_null()), "{}", outcome.report);
        }
    }
}

#[test]
fn real_proxies_that_refuse() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    stack.server("plain", &Nginx::default()).on(&net).alias("plain").start();
    let ports = Tinyproxy { allow: Some("198.51.100.0/24"), ..Tinyproxy::default() };
    stack.server("tinyproxy", &ports).on(&net).alias("proxy").start();
    let login = Some(("ada", "lovelace"));
    stack.server("closed", &Tinyproxy { auth: login, ..Tinyproxy::default() }).on(&net).alias("closed").start();
    stack.server("microsocks", &Microsocks { auth: login }).on(&net).alias("socks").start();
    let told = |name: &str, proxy: &str| {
        let flag = format!("http_proxy={proxy}");
        stack.container(name).on(&net).flags(["-e", &flag]).start()
    };

    let denied = told("denied", "http://proxy:8888");
    let outcome = check([denied.name(), "http://plain/"]);
    outcome.unreachable("proxy-captures-internal").words(["NO_PROXY=plain", "403"]);
    // The fix, typed.
    denied.recreate_with(
        &["-e", "http_proxy=http://proxy:8888", "-e", "NO_PROXY=plain", "-e", "no_proxy=plain"],
        ["idle"],
    );
    check([denied.name(), "http://plain/"]).healthy();

    // Without the login that it wants, both turn the request down; what the variable has, dprobe does not use.
    for (name, host) in [("tiny", "http://{}closed:8888"), ("micro", "socks5h://{}socks:1080")] {
        let without = told(&format!("{name}-without"), &host.replace("{}", ""));
        check([without.name(), "http://plain/"]).unreachable("proxy-captures-internal");
        let with = told(&format!("{name}-with"), &host.replace("{}", "ada:hunter2@"));
        let outcome = check([with.name(), "http://plain/"]);
        outcome.healthy();
        assert!(!outcome.report.to_string().contains("hunter2"), "a password got into the report");
    }
}

#[test]
fn a_proxy_that_is_not_spoken_is_said_to_be_left_out() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();
    let web = stack.container("web").on(&net).flags(["-e", "ALL_PROXY=socks4://proxy:1080"]).start();
    check([web.name(), "http://api/"]).healthy().shows(["does not speak socks4"]);
}

#[test]
fn a_proxy_that_reads_the_traffic() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let (own, foreign) = (Authority::new("Example CA"), Authority::new("Inspection CA"));
    let bundle = own.pem();
    // What the proxy makes of the name of the target is played by another server that has it.
    stack.server("api", &Nginx::secure(&own.issues(&Claims::of(["api"])))).on(&net).alias("api").start();
    let fake = stack.server("fake", &Nginx::secure(&foreign.issues(&Claims::of(["api"])))).on(&net).start();
    let host = format!("api:{}", fake.ip(net.name()));
    let proxy = stack.server("proxy", &Tinyproxy::default()).on(&net).alias("proxy");
    proxy.flags(["--add-host", &host]).start();
    let web =
        stack.container("web").on(&net).flags(["-e", "HTTPS_PROXY=http://proxy:8888"]).file(BUNDLE, bundle).start();

    let outcome = check([web.name(), "https://api/"]);
    outcome.unreachable("tls-untrusted").words(["Inspection CA", "proxy:8888"]);
}

#[test]
fn a_service_without_exceptions_comes_with_a_patch_for_the_file() {
    let stack = Stack::new();
    let file = "version: '3.7'\nx-actor: &actor @actor\nservices:\n  web:\n    <<: *actor\n    command: [idle]\n    \
                environment:\n      HTTP_PROXY: http://proxy:3128\n      API_TOKEN: hunter2\n      NO_PROXY: localhost\n    \
                networks: [inner]\n  api:\n    <<: *actor\n    command: [nginx]\n    networks: [inner]\n  proxy:\n    \
                <<: *actor\n    command: [web, 'tcp:0.0.0.0:3128,http=503']\n    networks: [inner]\nnetworks:\n  inner: \
                @subnet\n";
    let shop = stack.compose("shop", file);
    shop.wait_until_ready();

    let outcome = check([&shop.service("web"), "http://api/"]);
    outcome.unreachable("proxy-captures-internal").words(["NO_PROXY", "localhost,api"]);
    let patch = outcome.patch_works(&stack);
    assert!(patch.contains("+      NO_PROXY: \"localhost,api\"") && !patch.contains("hunter2"), "{patch}");
}
