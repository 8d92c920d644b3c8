//! A compose stack of an nginx front end and two services.

use dprobe_tests::{Compose, Stack, check};

use crate::lessons::{lesson, published, wait_for_nginx, with, with_nameserver};

const FILE: &str = include_str!("../../../docs/tutorial/shop/docker-compose.yml");
const NGINX: &str = include_str!("../../../docs/tutorial/shop/nginx.conf");

/// The file with a name of its own for the container, and the port that the front end is published on.
fn file(stack: &Stack) -> (String, u16) {
    let (text, port) = published(FILE, "8081:8080");
    (with(&text, "first-router", &stack.unique("first-router")), port)
}

/// The file as it is when nothing is wrong with it.
fn mended(text: &str) -> String {
    with(text, "tcp:127.0.0.1:8080", "tcp:0.0.0.0:8080")
}

fn up(stack: &Stack, text: &str, nginx: &str) -> Compose {
    let project = stack.compose_with("shop", &lesson(text), &[("nginx.conf", nginx)]);
    for service in ["router_one", "router_two"] {
        project.wait_for_log(service, "ready");
    }
    project
}

#[test]
fn every_name_leads_there_and_the_host_port_is_for_the_host() {
    let Some(stack) = Stack::with_servers() else { return };
    let (text, port) = file(&stack);
    let project = up(&stack, &mended(&text), NGINX);
    wait_for_nginx(&project, "front");
    let (front, two) = (project.service("front"), project.service("router_two"));

    for name in ["router_one", &stack.unique("first-router"), "api", &project.service("router_one")] {
        check([&front, &format!("{name}:8080")]).healthy();
    }
    check([&two, "http://front:8080/api/v1/", "http://front:8080/api/v2/"]).healthy();
    check(["host", &format!("http://localhost:{port}/api/v1/")]).healthy();

    let outcome = check([&two, &format!("front:{port}")]);
    outcome.unreachable("host-port-used-inside").words([&port.to_string(), "front:8080"]);
    outcome.dial_works();
}

#[test]
fn an_upstream_on_localhost() {
    let Some(stack) = Stack::with_servers() else { return };
    let (text, port) = file(&stack);
    let project = up(&stack, &text, NGINX);
    wait_for_nginx(&project, "front");

    check(["host", &format!("http://localhost:{port}/api/v2/")]).healthy();
    let outcome = check(["host", &format!("http://localhost:{port}/api/v1/")]);
    outcome.degraded("bad-gateway").words(["502", "router_one", "bind-loopback"]);
    // The same, asked of the front end itself, which comes with a patch for the file.
    let inner = check([&project.service("front"), "router_one:8080"]);
    inner.unreachable("bind-loopback").words(["127.0.0.1:8080"]);
    inner.patch_works(&stack);
    // nginx does not look names up again.
    project.run(&["restart", "front"]);
    outcome.passes_now();
}

#[test]
fn an_upstream_that_was_made_anew_with_another_address() {
    let Some(stack) = Stack::with_servers() else { return };
    let (text, port) = file(&stack);
    let project = up(&stack, &mended(&text), NGINX);
    wait_for_nginx(&project, "front");
    check(["host", &format!("http://localhost:{port}/api/v1/")]).healthy();

    project.run(&["rm", "-sf", "router_one"]);
    // Somebody else takes the address that became free.
    let network = format!("{}_inner", project.project());
    stack.container("other").flags(["--network", &network]).start();
    project.run(&["up", "-d", "--no-deps", "router_one"]);
    project.wait_for_log("router_one", "ready");

    let outcome = check(["host", &format!("http://localhost:{port}/api/v1/")]);
    outcome.degraded("upstream-stale").words(["router_one", "reload"]);
    outcome.fix_works(&stack);
}

#[test]
fn nginx_up_before_its_upstream() {
    let Some(stack) = Stack::with_servers() else { return };
    let (text, port) = file(&stack);
    let text = with(&mended(&text), "    depends_on: [router_one, router_two]\n", "    depends_on: [router_two]\n");
    let text = with_nameserver(&stack, &text, "inner");
    // Not started at first.
    let late = with(&text, "  router_one:\n", "  router_one:\n    scale: 0\n");
    let project = stack.compose_with("shop", &lesson(&late), &[("nginx.conf", NGINX)]);
    project.wait_for_log("front", "host not found in upstream");

    let target = format!("{}:8080", project.service("front"));
    let from = project.service("router_two");
    let outcome = check([&from, &target]);
    outcome.unreachable("target-not-running").words(["router_one"]);
    project.run(&["up", "-d", "--scale", "router_one=1"]);
    project.wait_for_log("router_one", "ready");
    let outcome = check([&from, &target]);
    if outcome.verdict() != "reachable" {
        outcome.unreachable("target-not-running");
        outcome.fix_works(&stack);
    }
    check(["host", &format!("http://localhost:{port}/api/v1/")]).healthy();
}

#[test]
fn an_upstream_with_a_typo() {
    let Some(stack) = Stack::with_servers() else { return };
    let (text, port) = file(&stack);
    let text = with_nameserver(&stack, &mended(&text), "inner");
    let typo = with(NGINX, "http://router_one:", "http://router_on:");
    let project = up(&stack, &text, &typo);
    project.wait_for_log("front", "host not found in upstream");

    let from = project.service("router_two");
    let outcome = check([&from, &format!("{}:8080", project.service("front"))]);
    outcome.unreachable("target-not-running").words(["router_on", "router_one"]);
    std::fs::write(project.file().with_file_name("nginx.conf"), NGINX).expect("the file of nginx");
    project.run(&["up", "-d"]);
    outcome.passes_now();
    check(["host", &format!("http://localhost:{port}/api/v1/")]).healthy();
}
