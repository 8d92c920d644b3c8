//! Next.js and nginx in one compose project, PostgreSQL in another, in development and in production.

use dprobe_tests::{Compose, Outcome, Stack, check};

use crate::lessons::{lesson, published, wait_for_nginx, with, with_nameserver};

const APP: &str = include_str!("../../../docs/tutorial/app/docker-compose.yml");
const NGINX: &str = include_str!("../../../docs/tutorial/app/nginx.conf");
const DATABASE: &str = include_str!("../../../docs/tutorial/database/docker-compose.yml");
const DEVELOPMENT: &str = include_str!("../../../docs/tutorial/database/development.yml");

/// The password, which no other stack on the engine has: a report tells of their containers, too.
const PASSWORD: &str = "plum-of-this-test";

/// The URL of the database in development, on the host, and in production, in a container.
const IN_PRODUCTION: &str = "postgres://app:plum-of-this-test@postgres_db:5432/db";

/// The file of the database with the mapping of `development.yml`, or with another one.
fn in_development(mapping: &str) -> String {
    assert!(DEVELOPMENT.contains("    ports: [\"5432:5432\"]\n"), "{DEVELOPMENT}");
    with(DATABASE, "    user: postgres\n", &format!("    user: postgres\n    ports: [\"{mapping}\"]\n"))
}

fn database(stack: &Stack, text: &str) -> Compose {
    let project = stack.compose("database", &lesson(text));
    project.wait_for_log("postgres_db", "ready to accept connections");
    project
}

/// The file of the application with the URL for production, and the port that nginx is published on.
fn in_production() -> (String, u16) {
    let (text, port) = published(APP, "8082:80");
    (with(&text, "app:secret@localhost:5432", &format!("app:{PASSWORD}@postgres_db:5432")), port)
}

fn has_no_password(outcome: &Outcome) {
    assert!(!outcome.report.to_string().contains(PASSWORD), "a password in the report");
}

fn app(stack: &Stack, text: &str) -> Compose {
    let project = stack.compose_with("app", &lesson(text), &[("nginx.conf", NGINX)]);
    project.wait_for_log("next", "ready");
    wait_for_nginx(&project, "nginx");
    project
}

/// The text with `next` on one more network, which somebody else made.
fn joined(text: &str, network: &str) -> String {
    let text = with(
        text,
        "@postgres_db:5432/db\n    networks: [frontend]",
        "@postgres_db:5432/db\n    networks: [frontend, backend]",
    );
    format!("{text}  backend: {{ external: true, name: {network} }}\n")
}

#[test]
fn development_on_the_published_port() {
    let Some(stack) = Stack::with_servers() else { return };
    let port = dprobe_tests::host::free_port();
    let _database = database(&stack, &in_development(&format!("{port}:5432")));

    let outcome = check(["host", &format!("postgres://app:{PASSWORD}@localhost:{port}/db")]);
    outcome.healthy();
    has_no_password(&outcome);
}

#[test]
fn production_over_an_external_network_with_nothing_published() {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("backend");
    let external = format!("  backend: {{ external: true, name: {} }}", net.name());
    let database = database(&stack, &with(DATABASE, "  backend: {}", &external));
    let (text, port) = in_production();
    let app = app(&stack, &joined(&text, net.name()));

    check([&app.service("next"), IN_PRODUCTION]).healthy();
    check([&app.service("nginx"), "http://next:3000/"]).healthy();
    check(["host", &format!("http://localhost:{port}/")]).healthy();
    // From the front end there is no way to the database, and nobody has to mind.
    check([&app.service("nginx"), &format!("{}:5432", database.service("postgres_db"))])
        .unreachable("no-shared-network");
}

#[test]
fn the_external_network_is_missing_in_one_project() {
    let Some(stack) = Stack::with_servers() else { return };
    // A name that nobody else has, for it is looked for among all projects of the engine.
    let name = stack.unique("postgres_db");
    let database = stack.compose("database", &lesson(&with(DATABASE, "postgres_db", &name)));
    database.wait_for_log(&name, "ready to accept connections");
    let (text, _) = in_production();
    let text = with_nameserver(&stack, &with(&text, "postgres_db", &name), "frontend");
    let app = app(&stack, &text);

    let outcome = check([&app.service("next"), &with(IN_PRODUCTION, "postgres_db", &name)]);
    outcome.unreachable("no-shared-network").words(["external: true", &name, database.project()]);
    let patch = outcome.patch_works(&stack);
    assert!(patch.contains("external: true") && !patch.contains(PASSWORD), "{patch}");
}

#[test]
fn the_url_of_development_in_production() {
    let Some(stack) = Stack::with_servers() else { return };
    let backend = stack.network("backend");
    let external = format!("  backend: {{ external: true, name: {} }}", backend.name());
    let port = dprobe_tests::host::free_port();
    let published = with(&in_development(&format!("{port}:5432")), "  backend: {}", &external);
    let database = database(&stack, &published);
    let (page, _) = in_production();
    let app = app(&stack, &joined(&page, backend.name()));
    let source = app.service("next");

    let outcome = check([&source, &format!("postgres://app:{PASSWORD}@localhost:5432/db")]);
    outcome.unreachable("localhost-is-container").words(["postgres_db", "5432"]);
    has_no_password(&outcome);
    outcome.dial_works();
    // The name is right, the port is the one of the host.
    let outcome = check([&source, &format!("postgres://app:{PASSWORD}@postgres_db:{port}/db")]);
    outcome.unreachable("host-port-used-inside").words(["postgres_db:5432", &port.to_string()]);
    outcome.dial_works();
    drop(database);
}

#[test]
fn published_for_this_machine_only() {
    let Some(stack) = Stack::with_servers() else { return };
    let port = dprobe_tests::host::free_port();
    let narrow = format!("127.0.0.1:{port}:5432");
    let net = stack.network("apart");
    let database = database(&stack, &in_development(&narrow));

    check(["host", &format!("postgres://app@localhost:{port}/db")]).healthy();
    let outcome = check(["host", &format!("postgres://app@{}:{port}/db", net.address(1))]);
    outcome.unreachable("published-loopback-only").words([&database.container("postgres_db"), &narrow]);
    let text = std::fs::read_to_string(database.file()).expect("the compose file");
    std::fs::write(database.file(), with(&text, &narrow, &format!("{port}:5432"))).expect("the compose file");
    database.run(&["up", "-d"]);
    outcome.passes_now();
}
