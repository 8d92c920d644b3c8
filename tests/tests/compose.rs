//! Stacks that compose makes: service names, projects, and patches for the compose file.

use dprobe_tests::{Stack, check, host};

/// An nginx in front of two services, as in the tutorials.
const SHOP: &str = "
version: '3.7'
x-actor: &actor @actor
services:
  front:
    <<: *actor
    command: [nginx]
    depends_on: [router_one, router_two]
    networks: [inner]
  router_one:
    <<: *actor
    command: [node, 'tcp:0.0.0.0:8080,http=200']
    ports: ['@PORT:8080']
    networks: [inner]
  router_two:
    <<: *actor
    container_name: @PREFIX-second
    command: [node, 'tcp:127.0.0.1:8080,http=200']
    networks: { inner: { aliases: [second.shop.test] } }
networks:
  inner: @subnet
";

#[test]
fn services_are_reached_by_service_name_container_name_and_alias() {
    let stack = Stack::new();
    let port = host::free_port();
    let shop = stack.compose("shop", &SHOP.replace("@PORT", &port.to_string()));
    shop.wait_until_ready();
    let front = shop.service("front");

    check([&front, "router_one:8080"]).healthy();
    check([&front, "http://router_one:8080/api/v1/"]).healthy();
    check([&front, &format!("{}:8080", shop.service("router_one"))]).healthy();
    check([&front, &format!("{}:8080", shop.container("router_one"))]).healthy();
    check(["host", &format!("localhost:{port}")]).healthy();

    let outcome = check([&front, &format!("router_one:{port}")]);
    outcome.unreachable("host-port-used-inside").words(["8080", &port.to_string()]);
    outcome.dial_works();

    for name in ["router_two", &stack.unique("second"), "second.shop.test"] {
        let outcome = check([&front, &format!("{name}:8080")]);
        outcome.unreachable("bind-loopback").words(["127.0.0.1"]);
    }
}

#[test]
fn projects_without_a_shared_network() {
    let stack = Stack::new();
    let file = |service: &str, command: &str| {
        format!(
            "version: '3.7'\nx-actor: &actor @actor\nservices:\n  {service}:\n    <<: *actor\n    command: {command}\n    \
             networks: [inner]\nnetworks:\n  inner: @subnet\n"
        )
    };
    let app = stack.compose("app", &file("web", "[idle]"));
    let data = stack.compose("data", &file("postgres_db", "[postgres, -h, '*']"));
    app.wait_until_ready();
    data.wait_until_ready();

    let outcome = check([&app.service("web"), &format!("{}:5432", data.service("postgres_db"))]);
    outcome.unreachable("no-shared-network").words(["external: true", "docker network connect", data.project()]);
    outcome.fix_works(&stack);
}

#[test]
fn a_service_that_is_scaled() {
    let stack = Stack::new();
    let file = "version: '3.7'\nx-actor: &actor @actor\nservices:\n  web:\n    <<: *actor\n    command: [idle]\n    \
                networks: [inner]\n  api:\n    <<: *actor\n    command: [node, 'tcp:0.0.0.0:3000,http=200']\n    networks: \
                [inner]\nnetworks:\n  inner: @subnet\n";
    let shop = stack.compose("scaled", file);
    shop.run(&["up", "-d", "--scale", "api=3"]);
    shop.wait_until_ready();

    check([&shop.service("web"), "http://api:3000/"]).healthy();
}

#[test]
fn bind_loopback_in_a_service_comes_with_a_patch_for_the_file() {
    let stack = Stack::new();
    let file = "version: '3.7'\nx-actor: &actor @actor\nservices:\n  web:\n    <<: *actor\n    command: [idle]\n    \
                networks: [inner]\n  mongodb:\n    <<: *actor\n    command: [mongod]\n    networks: \
                [inner]\nnetworks:\n  inner: @subnet\n";
    let app = stack.compose("favorites", file);
    app.wait_until_ready();

    let outcome = check([&app.service("web"), "mongodb:27017"]);
    outcome.unreachable("bind-loopback").words(["--bind_ip_all"]);
    let patch = outcome.fix()["compose"].as_str().expect("a patch");
    for part in ["services:", "mongodb:", "command:", "--bind_ip_all"] {
        assert!(patch.contains(part), "`{part}` is not in {patch}");
    }
}
