//! Stacks that compose makes: service names, projects, and patches for the compose file, each applied as it is printed.

use dprobe_tests::host::{self, HostListener};
use dprobe_tests::{Dprobe, Stack, check};

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
    let patch = outcome.patch_works(&stack);
    assert!(patch.contains("\n+    external: true\n") && !patch.contains("image"), "{patch}");
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
    let patch = outcome.patch_works(&stack);
    assert!(patch.contains("\n-    command: [mongod]\n+    command: [mongod, \"--bind_ip_all\"]\n"), "{patch}");
}

/// A service whose file is changed by a printed patch: `web` with these lines, beside what else the stack needs.
fn favorites(web: &str, db: &str, networks: &str) -> String {
    format!(
        "version: '3.7'\nx-actor: &actor @actor\nservices:\n  web:\n    <<: *actor\n    environment:\n      PASSWORD: \
         hunter2\n{web}  db:\n    <<: *actor\n    environment: {{ PASSWORD: hunter2 }}\n{db}networks:\n{networks}"
    )
}

#[test]
fn what_a_terminal_shows_of_a_patch_can_be_pasted() {
    let stack = Stack::new();
    let web = "    command: [idle]\n    networks: [inner]\n";
    let db = "    command:\n      - redis-server\n      # For us alone.\n      - --bind\n      - 127.0.0.1\n    networks: [inner]\n";
    let app = stack.compose("favorites", &favorites(web, db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let asked = [&app.service("web"), "db:6379"];
    let outcome = check(asked);
    outcome.unreachable("bind-loopback");
    let shown = Dprobe::new(["check"]).args(asked).run().stdout;
    assert!(!shown.contains("hunter2"), "{shown}");
    let start = shown.find("\npatch ").unwrap_or_else(|| panic!("no patch in {shown}")) + 1;
    let end = shown[start..].find("\n  more:").expect("the end of the fixes");
    stack.type_command(&shown[start..start + end]);
    outcome.passes_now();
    let text = std::fs::read_to_string(app.file()).expect("the file");
    assert!(text.contains("hunter2") && text.contains("--bind"), "{text}");
}

#[test]
fn host_docker_internal_is_added_by_a_patch() {
    let stack = Stack::new();
    let server = HostListener::on("0.0.0.0");
    let (web, db) = ("    command: [idle]\n    networks: [inner]\n", "    command: [idle]\n    networks: [inner]\n");
    let app = stack.compose("internal", &favorites(web, db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let outcome = check([&app.service("web"), &format!("host.docker.internal:{}", server.port())]);
    outcome.unreachable("host-name-missing").words(["host-gateway"]);
    outcome.patch_works(&stack);
}

#[test]
fn an_entry_of_extra_hosts_is_removed_by_a_patch() {
    let stack = Stack::new();
    let web = "    command: [idle]\n    networks: [inner]\n    extra_hosts:\n      - 'other:10.0.0.1'\n      - 'db:127.0.0.9'\n";
    let db = "    command: [postgres, -h, '*']\n    networks: [inner]\n";
    let app = stack.compose("pinned", &favorites(web, db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let outcome = check([&app.service("web"), "db:5432"]);
    outcome.unreachable("hosts-override").words(["127.0.0.9"]);
    let patch = outcome.patch_works(&stack);
    assert!(patch.ends_with("@@\n-      - 'db:127.0.0.9'\n"), "{patch}");
}

#[test]
fn a_port_is_published_by_a_patch() {
    let stack = Stack::new();
    let port = host::free_port();
    let web = "    command: [idle]\n    networks: [inner]\n";
    let db = format!("    command: [node, 'tcp:0.0.0.0:{port},http=200']\n    networks: {{ inner: {{}} }}\n");
    let app = stack.compose("closed", &favorites(web, &db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let outcome = check(["host", &format!("{}:{port}", app.service("db"))]);
    outcome.unreachable("not-published");
    outcome.patch_works(&stack);
}

#[test]
fn a_published_port_is_led_to_the_right_one_by_a_patch() {
    let stack = Stack::new();
    let port = host::free_port();
    let web = "    command: [idle]\n    networks: [inner]\n";
    let db = format!(
        "    command: [node, 'tcp:0.0.0.0:3000,http=200']\n    networks: [inner]\n    ports:\n      - {port}:80\n"
    );
    let app = stack.compose("swapped", &favorites(web, &db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let outcome = check(["host", &format!("localhost:{port}")]);
    outcome.unreachable("published-wrong-port");
    outcome.patch_works(&stack);
}

#[test]
fn a_service_without_a_network_gets_one_by_a_patch() {
    let stack = Stack::new();
    let (web, db) =
        ("    command: [idle]\n    network_mode: none\n", "    command: [postgres, -h, '*']\n    networks: [inner]\n");
    let app = stack.compose("alone", &favorites(web, db, "  inner: @subnet\n"));
    app.wait_until_ready();

    let outcome = check([&app.service("web"), &format!("{}:5432", app.service("db"))]);
    outcome.unreachable("source-network-none");
    let patch = outcome.patch_works(&stack);
    assert!(patch.contains("-    network_mode: none\n+    networks: [inner]\n"), "{patch}");
}

#[test]
fn where_the_file_is_gone_a_snippet_has_to_do() {
    let stack = Stack::new();
    let (web, db) = ("    command: [idle]\n    networks: [inner]\n", "    command: [mongod]\n    networks: [inner]\n");
    let app = stack.compose("gone", &favorites(web, db, "  inner: @subnet\n"));
    app.wait_until_ready();
    std::fs::remove_file(app.file()).expect("the file was there");

    let outcome = check([&app.service("web"), "db:27017"]);
    outcome.unreachable("bind-loopback");
    let snippet = outcome.fix()["compose"].as_str().expect("a snippet");
    for part in ["services:", "db:", "command:", "--bind_ip_all"] {
        assert!(snippet.contains(part), "`{part}` is not in {snippet}");
    }
    assert!(outcome.fix()["patch"].is_null());
}
