//! Reverse proxies whose upstream fails: real nginx, and what stands behind it played by the actor.

use dprobe_tests::servers::{Caddy, Haproxy, Nginx};
use dprobe_tests::{Container, Network, Stack, check, docker, until};

/// What is behind the proxy, when all is well.
const APP: &str = "tcp:0.0.0.0:8080,http=200,body=ok";

/// A server block that hands everything on.
fn passing(to: &str) -> String {
    format!("server {{\n    listen 8080;\n    location / {{\n        proxy_pass {to};\n    }}\n}}\n")
}

/// A network with `web`, which asks, and `front`, an nginx with this configuration.
struct Front {
    net: Network,
    web: Container,
    nginx: Container,
}

impl Front {
    fn new(stack: &Stack, net: Network, config: &str) -> Self {
        let web = stack.container("web").on(&net).start();
        let server = Nginx { config, port: 8080, tls: None };
        let nginx = stack.server("front", &server).on(&net).alias("front").start();
        Self { net, web, nginx }
    }

    fn check(&self) -> dprobe_tests::Outcome {
        check([self.web.name(), "http://front:8080/"])
    }
}

/// The code that the first check which this one led to came to.
fn inner(outcome: &dprobe_tests::Outcome) -> &str {
    outcome.checks()[0]["followed"][0]["check"]["diagnoses"][0]["code"].as_str().unwrap_or_default()
}

#[test]
fn an_upstream_on_loopback() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let app = stack.container("router_one").on(&net).alias("router_one").runs(["web", "tcp:127.0.0.1:8080,http=200"]);
    let app = app.start();
    let front = Front::new(&stack, net, &passing("http://router_one:8080"));

    let outcome = front.check();
    outcome.degraded("bad-gateway").words(["502", "router_one", "bind-loopback", "Connection refused", "default.conf"]);
    assert_eq!(inner(&outcome), "bind-loopback");
    outcome.shows(["router_one:8080 UNREACHABLE", "error[bind-loopback]", "127.0.0.1:8080"]);
    app.recreate(["web", APP]);
    front.nginx.docker("restart");
    outcome.passes_now();
}

#[test]
fn an_upstream_that_was_stopped() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let app = stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let front = Front::new(&stack, net, &passing("http://router_one:8080"));
    front.check().healthy();
    app.docker("stop");

    // A container that has just gone is waited for, until the kernel has forgotten where it was; later there is a 502.
    let outcome = front.check();
    assert_eq!((outcome.codes().first(), inner(&outcome)), (Some(&"bad-gateway"), "target-not-running"));
    outcome.words(["router_one", "docker start"]).replays();
    app.docker("start");
    front.nginx.docker("restart");
    outcome.passes_now();
}

#[test]
fn a_name_that_is_misspelt_and_looked_up_while_it_runs() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let nameserver = stack.nameserver(Some(&net), &[]);
    stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let config = "server { listen 8080; resolver 127.0.0.11 valid=5s;\n location / { set $up router_on;\n proxy_pass http://$up:8080; } }";
    let web = stack.container("web").on(&net).start();
    let nginx = Nginx { config, port: 8080, tls: None };
    stack.server("front", &nginx).on(&net).alias("front").asks(nameserver).start();

    let outcome = check([web.name(), "http://front:8080/api"]);
    outcome.degraded("bad-gateway").words(["router_on", "unknown-name", "could not be resolved", "router_one:8080"]);
    assert_eq!(inner(&outcome), "unknown-name");
}

#[test]
fn an_upstream_with_another_address_than_before() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let app = stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let front = Front::new(&stack, net, &passing("http://router_one:8080/"));
    front.check().healthy();
    app.remove();
    // Takes the address that has become free.
    stack.container("other").on(&front.net).start();
    stack.container("router_one").on(&front.net).alias("router_one").runs(["web", APP]).start();

    let outcome = front.check();
    outcome.degraded("upstream-stale").words(["router_one", "-s reload", "resolver 127.0.0.11 valid=10s"]);
    outcome.fix_works(&stack);
}

#[test]
fn an_upstream_that_is_slow() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    // It takes the connection and says nothing.
    stack.container("router_one").on(&net).alias("router_one").runs(["web", "tcp:0.0.0.0:8080"]).start();
    let config = passing("http://router_one:8080;\n        proxy_read_timeout 1s");
    let front = Front::new(&stack, net, &config);

    front.check().degraded("bad-gateway").words(["504", "router_one", "timed out", "proxy_read_timeout"]);
}

#[test]
fn the_wrong_port_of_an_upstream() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let front = Front::new(&stack, net, &passing("http://router_one:8081"));

    front.check().degraded("bad-gateway").words(["router_one", "wrong-port", "router_one:8080", "nginx -s reload"]);
}

#[test]
fn an_upstream_on_another_network() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let apart = stack.network("backend");
    let nameserver = stack.nameserver(Some(&net), &[]);
    let app = stack.container("router_one").on(&apart).runs(["web", APP]).start();
    let config = format!(
        "server {{ listen 8080; resolver 127.0.0.11 valid=1s;\n location / {{ set $up {};\n proxy_pass http://$up:8080; }} }}",
        app.name()
    );
    let web = stack.container("web").on(&net).start();
    let nginx = Nginx { config: &config, port: 8080, tls: None };
    stack.server("front", &nginx).on(&net).alias("front").asks(nameserver).start();

    let outcome = check([web.name(), "http://front:8080/"]);
    outcome.degraded("bad-gateway").words(["no-shared-network", "docker network connect"]);
    outcome.fix_works(&stack);
}

#[test]
fn a_location_of_its_own() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    stack.container("router_one").on(&net).alias("router_one").runs(["web", "tcp:127.0.0.1:8080,http=200"]).start();
    let config = "server { listen 8080; location / { return 200 ok; }\n location /api/v1/ { proxy_pass http://router_one:8080/; } }";
    let front = Front::new(&stack, net, config);

    front.check().healthy();
    check([front.web.name(), "http://front:8080/api/v1/users?token=hunter2"])
        .degraded("bad-gateway")
        .words(["router_one", "bind-loopback"]);
}

#[test]
fn healthy_behind_a_proxy_and_without_one() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let front = Front::new(&stack, net, &passing("http://router_one:8080/"));
    front.check().healthy();

    // An application that says by itself that something is wrong with it.
    for status in ["500", "502", "503"] {
        let port = format!("tcp:0.0.0.0:80,http={status},body=the bank is closed");
        stack.container(&format!("app{status}")).on(&front.net).alias("app").runs(["web", &port]).start();
        let said = check([front.web.name(), &format!("http://{}/", stack.unique(&format!("app{status}")))]);
        assert!(!said.codes().contains(&"bad-gateway"), "{:?}", said.codes());
    }
}

#[test]
fn an_nginx_that_did_not_find_its_upstream_when_it_started() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let nameserver = stack.nameserver(Some(&net), &[]);
    let config = passing("http://latecomer:8080/");
    let web = stack.container("web").on(&net).start();
    let nginx = Nginx { config: &config, port: 8080, tls: None };
    let front = stack.server("front", &nginx).on(&net).alias("front").asks(nameserver).unready().start();
    front.wait_for_status("exited");
    let target = front.port(8080);

    let outcome = check([web.name(), &target]);
    outcome.unreachable("target-not-running").words(["latecomer", "default.conf", "line 4", "did not find"]);
    assert_eq!(inner(&outcome), "unknown-name");

    stack.container("latecomer").on(&net).alias("latecomer").runs(["web", APP]).start();
    let outcome = check([web.name(), &target]);
    outcome.unreachable("target-not-running").words(["latecomer", "depends_on", "docker start"]);
    outcome.fix_works(&stack);
}

#[test]
fn an_nginx_that_is_started_again_and_again_for_a_name() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let nameserver = stack.nameserver(Some(&net), &[]);
    stack.container("router_one").on(&net).alias("router_one").runs(["web", APP]).start();
    let config =
        "upstream back { server router_on:8080; }\nserver { listen 8080; location / { proxy_pass http://back; } }";
    let web = stack.container("web").on(&net).start();
    let nginx = Nginx { config, port: 8080, tls: None };
    let front = stack.server("front", &nginx).on(&net).alias("front").asks(nameserver).flags(["--restart", "always"]);
    let front = front.unready().start();
    front.wait_for_log("host not found in upstream");
    front.wait_for_status("restarting");

    let outcome = check([web.name(), &front.port(8080)]);
    outcome.unreachable("target-restarting").words(["router_on", "default.conf", "line 1", "router_one:8080"]);
}

#[test]
fn other_proxies_than_nginx() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("router_one").on(&net).alias("router_one").runs(["web", "tcp:127.0.0.1:8080,http=200"]).start();
    let config =
        "frontend front\n    bind :8080\n    default_backend back\nbackend back\n    server one router_one:8080\n";
    stack.server("haproxy", &Haproxy { config, port: 8080 }).on(&net).alias("haproxy").start();
    let config = ":8080 {\n\treverse_proxy router_one:8080\n}\n";
    stack.server("caddy", &Caddy { config, port: 8080 }).on(&net).alias("caddy").start();

    for front in ["haproxy", "caddy"] {
        let outcome = check([web.name(), &format!("http://{front}:8080/api")]);
        outcome.degraded("bad-gateway").words(["router_one", "bind-loopback"]);
        assert_eq!(inner(&outcome), "bind-loopback");
    }
}

/// A front end of two services, as people learn it: nginx in a compose project, with a name of its service, of its container
/// and an alias, published on 8081.
const FRONT_AND_SERVICES: &str = r#"
version: "3.7"
services:
  nginx:
    <<: @servers
    container_name: @PREFIX-nginx
    command: ["nginx", "-g", "daemon off;"]
    volumes: ["./front.conf:/etc/nginx/conf.d/default.conf:ro"]
    ports: ["127.0.0.1::8080"]
    depends_on: [router_one, router_two]
    networks: { back: { aliases: [gateway-of-the-shop] } }
  router_one:
    <<: @actor
    command: ["web", "tcp:ADDRESS:8080,http=200,body=one"]
    networks: [back]
  router_two:
    <<: @actor
    command: ["web", "tcp:0.0.0.0:8080,http=200,body=two"]
    networks: [back]
networks:
  back: @subnet
"#;

const FRONT_CONFIG: &str = "server {\n    listen 8080;\n    location /api/v1/ {\n        proxy_pass http://router_one:8080/;\n    }\n    \
                            location /api/v2/ {\n        proxy_pass http://router_two:8080/;\n    }\n}\n";

#[test]
fn the_front_end_of_two_services() {
    let Some(stack) = Stack::with_servers() else { return };
    let beside = [("front.conf", FRONT_CONFIG)];
    let healthy = stack.compose_with("shop", &FRONT_AND_SERVICES.replace("ADDRESS", "0.0.0.0"), &beside);
    listens(&stack.unique("nginx"));
    healthy.wait_for_log("router_two", "ready");
    let from = healthy.service("router_two");
    for name in ["nginx", &stack.unique("nginx"), "gateway-of-the-shop"] {
        check([&from, &format!("http://{name}:8080/api/v1/users")]).healthy();
    }
    let host = format!("http://localhost:{}/api/v2/", published(&stack.unique("nginx")));
    check(["host", &host]).healthy();
}

#[test]
fn the_front_end_of_a_service_on_loopback() {
    let Some(stack) = Stack::with_servers() else { return };
    let beside = [("front.conf", FRONT_CONFIG)];
    let broken = stack.compose_with("shop", &FRONT_AND_SERVICES.replace("ADDRESS", "127.0.0.1"), &beside);
    listens(&stack.unique("nginx"));
    broken.wait_for_log("router_one", "ready");
    let host = format!("http://localhost:{}", published(&stack.unique("nginx")));

    check(["host", &format!("{host}/api/v2/")]).healthy();
    let outcome = check(["host", &format!("{host}/api/v1/")]);
    outcome.degraded("bad-gateway").words(["router_one", "bind-loopback", "tcp:0.0.0.0:8080"]);
}

/// The host port that an nginx is published on.
fn published(container: &str) -> u16 {
    let line = docker::lines(&["port", container, "8080/tcp"]).into_iter().next().expect("a port");
    line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Waits until an nginx has opened its sockets, which it does before it writes down its number.
fn listens(container: &str) {
    let written = || docker::docker(["exec", container, "test", "-s", "/run/nginx.pid"]).status.success();
    until("nginx to listen", std::time::Duration::from_secs(30), || written().then_some(()));
}
