//! What servers answer, and where they send their clients.

use dprobe_tests::Container;
use dprobe_tests::servers::Nginx;
use dprobe_tests::{Network, Stack, check};

/// A network with a source on it.
fn scene(stack: &Stack) -> (Network, Container) {
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    (net, web)
}

/// A server called `api` that the actor plays.
fn api(stack: &Stack, net: &Network, specs: &[&str]) -> Container {
    let words = ["web"].iter().chain(specs).map(ToString::to_string);
    stack.container("api").on(net).alias("api").runs(words).start()
}

#[test]
fn an_error_of_the_servers_own() {
    let stack = Stack::new();
    let (net, web) = scene(&stack);
    api(&stack, &net, &["tcp:0.0.0.0:80,http=500,body=<h1>the disk is full</h1>"]);
    check([web.name(), "http://api/"]).degraded("http-error").words(["500", "the disk is full", "docker logs"]);
}

#[test]
fn healthy_answers_that_are_no_200() {
    let stack = Stack::new();
    let (net, web) = scene(&stack);
    let specs = ["tcp:0.0.0.0:81,http=404", "tcp:0.0.0.0:82,http=401", "tcp:0.0.0.0:83,http=204"];
    api(&stack, &net, &specs);
    for port in [81, 82, 83] {
        check([web.name(), &format!("http://api:{port}/nothing-there")]).healthy();
    }
}

#[test]
fn a_name_that_the_server_was_not_told() {
    let stack = Stack::new();
    let (net, web) = scene(&stack);
    api(&stack, &net, &["tcp:0.0.0.0:8000,http=200,not_host=api"]);
    check([web.name(), "http://api:8000/"]).unreachable("host-header-rejected").words(["localhost", "ALLOWED_HOSTS"]);
}

#[test]
fn a_server_that_likes_no_name() {
    let stack = Stack::new();
    let (net, web) = scene(&stack);
    api(&stack, &net, &["tcp:0.0.0.0:8000,http=403"]);
    check([web.name(), "http://api:8000/"]).healthy();
}

#[test]
fn a_redirect_to_localhost() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = scene(&stack);
    let config = "server { listen 80; location / { return 302 http://localhost:8080/login; } \
                  location /same/ { return 301 http://$host/other/; } location /other/ { return 302 /same/; } \
                  location /up/ { return 308 https://$host$request_uri; } }\n";
    stack.server("api", &Nginx::with(config)).on(&net).alias("api").start();

    check([web.name(), "http://api/"])
        .unreachable("redirect-to-localhost")
        .words(["localhost:8080", "public address"])
        .shows(["http://localhost:8080/login"]);
    // One to itself, in a circle, and one to the same host with TLS.
    for path in ["same/", "other/", "up/"] {
        check([web.name(), &format!("http://api/{path}")]).healthy();
    }
    // Where the source serves there itself, the redirect is right.
    let own = stack.container("own").on(&net).runs(["web", "tcp:127.0.0.1:8080,http=200"]).start();
    check([own.name(), "http://api/"]).healthy();
}

#[test]
fn an_issuer_on_localhost() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = scene(&stack);
    let body = |host: &str| format!("{{\"issuer\":\"http://{host}:8080/realms/shop\",\"x\":\"{}\"}}", "y".repeat(600));
    let config = format!(
        "server {{ listen 80; location /bad/ {{ return 200 '{}'; }} location /good/ {{ return 200 '{}'; }} }}\n",
        body("localhost"),
        body("api")
    );
    stack.server("api", &Nginx::with(&config)).on(&net).alias("api").start();

    let url = |path: &str| format!("http://api/{path}/.well-known/openid-configuration");
    check([web.name(), &url("bad")]).unreachable("redirect-to-localhost").words(["issuer", "KC_HOSTNAME"]);
    check([web.name(), &url("good")]).healthy();
}

#[test]
fn healthy_web_sockets() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = scene(&stack);
    let config = "server { listen 80; location / { add_header Upgrade websocket; return 426; } }\n";
    stack.server("api", &Nginx::with(config)).on(&net).alias("api").start();
    check([web.name(), "ws://api/socket"]).healthy();
}
