//! `dprobe check FROM` without a target: everything that a container depends on, found, checked, and told without a password.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use dprobe_tests::{Dprobe, Network, Outcome, Stack, check};

const SECRET: &str = "hunter2";

/// The targets that were found in a configuration, as they are typed, without DNS servers and gateways.
fn found(outcome: &Outcome) -> BTreeSet<String> {
    outcome.checks().iter().filter_map(|check| check["to"]["typed"].as_str()).map(str::to_owned).collect()
}

fn set(targets: &[&str]) -> BTreeSet<String> {
    targets.iter().map(ToString::to_string).collect()
}

/// A database, a cache and an API that answer.
fn servers(stack: &Stack, net: &Network) {
    for (name, spec) in [
        ("db", "tcp:0.0.0.0:5432"),
        ("cache", "tcp:0.0.0.0:6379"),
        ("api", "tcp:0.0.0.0:8080,http=200"),
        ("bus", "tcp:0.0.0.0:9000"),
    ] {
        stack.container(name).on(net).alias(name).runs(["web", spec]).start();
    }
}

#[test]
fn a_healthy_stack_has_all_of_its_dependencies_and_no_other() {
    let stack = Stack::new();
    let net = stack.network("shop-net");
    servers(&stack, &net);
    let environment = [
        "STORE=tcp://app:hunter2@db:5432",
        "DB_HOST=db",
        "DB_PORT=5432",
        "DB_PASSWORD=hunter2",
        "CACHE_HOST=cache",
        "CACHE_PORT=6379",
        "API_BASE_URL=http://api:8080/v1?token=hunter2",
        "BUS_ADDR=bus:9000",
        "NEXT_PUBLIC_API=https://www.outside.test/",
        "HOST=0.0.0.0",
        "PORT=3000",
        "LISTEN_ADDR=0.0.0.0:3000",
        "SELF_URL=http://web:3000/",
        "DB_1_PORT=tcp://172.17.0.2:5432",
        "MAIL_FROM=shop@outside.test",
        "VERSION=1.2.3",
    ];
    let flags: Vec<&str> = environment.iter().flat_map(|entry| ["-e", entry]).collect();
    let web = stack.container("web").on(&net).alias("web").flags(flags).start();

    let outcome = check([web.name()]);
    outcome.healthy();
    let expected = set(&["tcp://db:5432", "cache:6379", "http://api:8080/v1?token=***", "bus:9000"]);
    assert_eq!(found(&outcome), expected);
    assert!(!outcome.report.to_string().contains(SECRET), "a password got into the report");
    let store = outcome.checks().iter().find(|check| check["to"]["typed"] == "tcp://db:5432").expect("the store");
    let origins = &store["to"]["origins"];
    assert_eq!(origins[1]["name"], serde_json::json!(["DB_HOST", "DB_PORT"]), "{origins}");
    outcome.shows([
        "what it depends on",
        "4 of 4 reachable",
        "STORE",
        "DB_HOST, DB_PORT",
        "not checked",
        "browsers",
        "its gateway",
        "its DNS server",
    ]);
    for format in [&["-v"][..], &["-q"], &["--format", "json"], &["--no-agent"]] {
        let done = Dprobe::new(["check", web.name()]).args(format).run();
        assert!(!format!("{}{}", done.stdout, done.stderr).contains(SECRET), "{}", done.stdout);
    }
    assert_eq!(Dprobe::new(["check", web.name(), "--wait", "5s"]).run().status.code(), Some(0));
    assert_eq!(Dprobe::new(["check", web.name(), "--not"]).run().status.code(), Some(1));
}

#[test]
fn no_password_is_seen_in_a_process_while_it_runs() {
    let stack = Stack::new();
    let net = stack.network("shop-net");
    servers(&stack, &net);
    let web = stack.container("web").on(&net).flags([
        "-e",
        "STORE=tcp://app:hunter2@db:5432",
        "-e",
        "SLOW=tcp://app:hunter2@198.51.100.7:9",
    ]);
    let web = web.start();

    let mut command = Dprobe::new(["check", web.name(), "-t", "2s"]).command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dprobe");
    let own = child.id();
    let mut looks = 0;
    while child.try_wait().expect("a status").is_none() {
        for process in children(own).into_iter().chain([own]) {
            for file in ["cmdline", "environ"] {
                let bytes = std::fs::read(Path::new("/proc").join(process.to_string()).join(file)).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "a password is in {file} of a process");
            }
        }
        looks += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(looks > 2, "it was over before anybody looked");
}

/// The processes that a process has started, and theirs.
fn children(of: u32) -> Vec<u32> {
    let path = format!("/proc/{of}/task/{of}/children");
    let direct: Vec<u32> =
        std::fs::read_to_string(path).unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect();
    direct.iter().flat_map(|child| children(*child)).chain(direct.iter().copied()).collect()
}

#[test]
fn localhost_in_a_variable_is_the_container_itself() {
    let stack = Stack::new();
    let net = stack.network("shop-net");
    servers(&stack, &net);
    let web = stack.container("web").on(&net).flags(["-e", "STORE_URL=tcp://app:hunter2@localhost:5432"]).start();

    let outcome = check([web.name()]);
    outcome.unreachable("localhost-is-container").words(["STORE_URL", "write `", "in the place of `localhost:5432`"]);
    assert!(!outcome.report.to_string().contains(SECRET));
}

#[test]
fn a_malformed_url_in_the_environment() {
    let stack = Stack::new();
    let net = stack.network("shop-net");
    servers(&stack, &net);
    let flags = ["-e", "DATABASE_URL=postgres://app:hun/ter2@db:5432/shop", "-e", "BUS=tcp://bus:9000"];
    let web = stack.container("web").on(&net).flags(flags).start();

    let outcome = check([web.name()]);
    let broken = outcome.checks().iter().find(|check| check["verdict"] == "unreachable").expect("a broken one");
    assert_eq!(broken["diagnoses"][0]["code"], "url-malformed");
    assert_eq!(broken["to"]["host"], "app", "what a driver takes for the host");
    assert_eq!(found(&outcome), set(&["postgres://***@db:5432/shop", "tcp://bus:9000"]));
    assert_eq!(outcome.exit, Some(1));
    outcome.replays().shows([
        "DATABASE_URL",
        "write / as %2F",
        "postgres://***%2F***@db:5432/shop",
        "1 reachable, 1 unreachable",
    ]);
    assert!(!outcome.report.to_string().contains("ter2"), "a password got into the report");

    let alone =
        stack.container("alone").on(&net).flags(["-e", "DATABASE_URL=\"tcp://app:hunter2@db:5432/shop\""]).start();
    let outcome = check([alone.name()]);
    outcome.unreachable("url-malformed").words(["DATABASE_URL", "leave the quotes out: tcp://db:5432/shop"]);
    assert!(!outcome.report.to_string().contains(SECRET), "a password got into the report");
    let flags = ["-e", "DATABASE_URL=tcp://app:hun%2Fter2@db:5432/shop", "-e", "BUS=tcp://bus:9000"];
    let right = stack.container("right").on(&net).flags(flags).start();
    check([right.name()]).healthy();
}

#[test]
fn a_misspelt_name_in_a_variable() {
    let stack = Stack::new();
    let net = stack.network("shop-net");
    servers(&stack, &net);
    let nameserver = stack.nameserver(Some(&net), &[]);
    let web = stack.container("web").on(&net).asks(nameserver).flags(["-e", "CACHE_URL=tcp://cahce:6379"]).start();

    let outcome = check([web.name()]);
    outcome.unreachable("unknown-name").words(["cache"]).shows(["CACHE_URL", "1 unreachable"]);
}

#[test]
fn what_a_compose_service_waits_for() {
    let stack = Stack::new();
    let file = "version: '3.7'\nx-actor: &actor @actor\nservices:\n  web:\n    <<: *actor\n    command: [idle]\n    \
                depends_on: [db, worker]\n    environment: { STORE_URL: 'tcp://app:hunter2@cache:6379' }\n    networks: [inner]\n  \
                db:\n    <<: *actor\n    command: [web, 'tcp:0.0.0.0:5432']\n    networks: [inner]\n  cache:\n    <<: *actor\n    \
                command: [web, 'tcp:0.0.0.0:6379']\n    networks: [inner]\n  worker:\n    <<: *actor\n    command: [idle]\n    \
                networks: [inner]\nnetworks:\n  inner: @subnet\n";
    let shop = stack.compose("shop", file);
    shop.wait_until_ready();

    let outcome = check([&shop.service("web")]);
    outcome.healthy();
    assert_eq!(found(&outcome), set(&["tcp://cache:6379", "db"]), "a worker serves nobody");
    assert!(!outcome.report.to_string().contains(SECRET));
}

#[test]
fn a_linked_container_is_a_dependency() {
    let stack = Stack::new();
    let db = stack.container("db").runs(["web", "tcp:0.0.0.0:5432"]).start();
    let web = stack.container("web").flags(["--link", &format!("{}:store", db.name())]).start();

    let outcome = check([web.name()]);
    outcome.healthy();
    assert_eq!(found(&outcome), set(&["store"]));
}

#[test]
fn nothing_to_check_is_no_failure_and_is_said() {
    let stack = Stack::new();
    let web = stack.container("web").start();
    let done = Dprobe::new(["check", web.name()]).run();
    assert_eq!(done.status.code(), Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("NOTHING FOUND"), "{}", done.stdout);
}
