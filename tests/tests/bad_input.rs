//! Input that makes no sense, engines that do not answer, files that lie: a clear message, the right exit code, no panic,
//! and nothing left behind.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dprobe_tests::command::{self, Finished};
use dprobe_tests::docker::{agents_in, docker_ok};
use dprobe_tests::fake_engine::FakeEngine;
use dprobe_tests::{Dprobe, Stack, binary, check, image, until};

/// Asserts the exit code, that something readable was said with these words in it, and that nothing else went wrong.
fn refused(done: &Finished, exit: i32, words: &[&str]) {
    let said = format!("exit {:?}\nstdout: {}\nstderr: {}", done.status, done.stdout, done.stderr);
    assert_eq!(done.status.code(), Some(exit), "{said}");
    assert!(!done.stderr.trim().is_empty(), "not a word about it: {said}");
    for panic in ["panicked", "RUST_BACKTRACE", "unwrap"] {
        assert!(!done.stderr.contains(panic), "{said}");
    }
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character: {said:?}");
    }
    let lower = done.stderr.to_lowercase();
    for word in words {
        assert!(lower.contains(&word.to_lowercase()), "`{word}` is not said: {said}");
    }
}

/// `dprobe check` with words that are wrong before any engine is asked.
fn misused(words: &[&str], said: &[&str]) {
    let done = Dprobe::new(["check"]).args(words).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run();
    refused(&done, 2, said);
}

#[test]
fn words_that_are_no_endpoints() {
    misused(&["", "mongodb:27017"], &["empty"]);
    misused(&["web", ""], &["empty"]);
    misused(&["web", "mongodb:0"], &["mongodb:0", "65535"]);
    misused(&["web", "api:65536"], &["65536", "65535"]);
    misused(&["web", "mongodb:65536"], &["65536", "65535"]);
    misused(&["web", "api:metrics"], &["metrics", "port"]);
    misused(&["web", "mongodb:"], &["mongodb:", "port"]);
    misused(&["web", ":27017"], &[":27017"]);
    misused(&["web", "http://"], &["http://", "host"]);
    misused(&["web", "postgres:///shop"], &["host"]);
    misused(&["web", "mongodb:27017/sctp"], &["sctp", "udp"]);
    misused(&["web", "[::1"], &["[::1"]);
    misused(&["web", "fd00::1:99999"], &["fd00::1:99999"]);
    misused(&["web", "10.0.0.300:80"], &["10.0.0.300"]);
    misused(&["web", "a..b:80"], &["a..b"]);
    misused(&["web:80", "mongodb"], &["web:80"]);
    misused(&["web", "mongo\u{1b}[31mdb:27017"], &["control"]);
    misused(&["we\nb", "mongodb:27017"], &["control"]);
    misused(&["web", &"x".repeat(100_000)], &["too long"]);
    misused(&["host"], &["TARGET"]);
    misused(&["net:favorites-net"], &["TARGET"]);
    misused(&[], &[]);
    misused(&["web", "mongodb:27017", "--timeout", "soon"], &["soon"]);
    misused(&["web", "mongodb:27017", "--no-such-flag"], &["--no-such-flag"]);
}

#[test]
fn ipv6_literals_with_and_without_brackets() {
    let stack = Stack::new();
    let web = stack.container("web").runs(["web", "tcp:[::]:80,http=200"]).start();

    for target in ["[::ffff:127.0.0.1]:80", "http://127.0.0.1/", "[::1]:80"] {
        let outcome = check([web.name(), target]);
        assert_ne!(outcome.exit, Some(2), "{target}: {}", outcome.stderr);
        assert_eq!(outcome.checks()[0]["to"]["port"], 80, "{target}");
    }
    // Without brackets, all of it is the address.
    let outcome = check([web.name(), "::1"]);
    assert_eq!(outcome.checks()[0]["to"]["host"], "::1");
}

#[test]
fn a_target_given_twice() {
    misused(&["web", "mongodb:27017", "mongodb:27017"], &["mongodb:27017", "twice"]);
}

#[test]
fn no_engine() {
    let home = tempfile::tempdir().expect("a directory");
    for host in ["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:1"] {
        let dprobe = Dprobe::new(["check", "web", "mongodb:27017"]).env("DOCKER_CONFIG", home.path());
        refused(&dprobe.clone().env("DOCKER_HOST", host).run(), 3, &["engine"]);
        refused(&dprobe.args(["-H", host]).run(), 3, &["engine"]);
    }
    let named = Dprobe::new(["check", "web", "db"]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run();
    refused(&named, 3, &["/nonexistent/docker.sock"]);
    refused(&Dprobe::new(["check", "web", "db", "-H", "gopher://x"]).run(), 2, &["gopher"]);
    refused(&Dprobe::new(["check", "web", "db", "--context", "nowhere"]).run(), 2, &["nowhere"]);
}

#[test]
fn an_engine_that_may_not_be_asked() {
    let engine = FakeEngine::answering("200 OK", "", "{}");
    let mut closed = std::fs::metadata(engine.path()).expect("the socket").permissions();
    closed.set_mode(0o000);
    std::fs::set_permissions(engine.path(), closed).expect("to close it");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(engine.path().parent().expect("its directory"), open).expect("to open the way to it");

    let dprobe = Dprobe::new(["check", "web", "mongodb:27017"]).env("DOCKER_HOST", engine.host());
    let (mut command, _copy) = as_nobody(&dprobe);
    refused(&command::run(&mut command, Duration::from_secs(30)), 3, &["permission", "docker.sock"]);
}

/// The command as somebody without rights, from a copy of the binary that such a one can reach. Whoever runs the tests
/// without rights stays who they are.
fn as_nobody(dprobe: &Dprobe) -> (std::process::Command, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let copy = dir.path().join("dprobe");
    std::fs::copy(binary::dprobe(), &copy).expect("a copy");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("an open directory");
    let told = dprobe.command();
    let mut command = std::process::Command::new(&copy);
    command.args(told.get_args()).current_dir("/").env("HOME", dir.path());
    for (name, value) in told.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if is_root() {
        command.uid(65534).gid(65534);
    }
    (command, dir)
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

#[test]
fn an_engine_that_is_too_old_or_none_at_all() {
    let version = r#"{"Version":"1.10.3","ApiVersion":"1.22","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#;
    let old = FakeEngine::answering("200 OK", "Api-Version: 1.22\r\nServer: Docker/1.10.3 (linux)\r\n", version);
    let ask =
        |engine: &FakeEngine| Dprobe::new(["check", "web", "mongodb:27017"]).env("DOCKER_HOST", engine.host()).run();
    refused(&ask(&old), 3, &["1.22"]);

    refused(&ask(&FakeEngine::answering("200 OK", "", "<html>\u{1b}[2Jhello</html>")), 3, &[]);
    refused(&ask(&FakeEngine::answering("500 Internal Server Error", "", r#"{"message":"\u001b[31mno"}"#)), 3, &[]);
    refused(&ask(&FakeEngine::saying("SSH-2.0-OpenSSH_9.2\r\n")), 3, &[]);
    refused(&ask(&FakeEngine::saying("")), 3, &[]);
}

#[test]
fn an_unknown_source_is_told_the_names_that_are_near() {
    let stack = Stack::new();
    let web = stack.container("frontend").start();

    let typo = web.name().replace("frontend", "fronted");
    let done = Dprobe::new(["check", &typo, "localhost:80"]).run();
    refused(&done, 2, &[&typo, web.name()]);
    refused(&Dprobe::new(["check", "net:no-such-network", "db:80"]).run(), 2, &["no-such-network"]);
    refused(&Dprobe::new(["check", "no-project/web", "db:80"]).run(), 2, &["no-project/web"]);
}

#[test]
fn a_deadline_of_a_millisecond() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod", "--bind_ip_all"]).start();

    let outcome = check([web.name(), "mongodb:27017", "-t", "1ms"]);
    // Fast machines may make it; nobody may be told that a healthy target is broken.
    let (verdict, exit) = if outcome.verdict() == "reachable" { ("reachable", 0) } else { ("inconclusive", 3) };
    outcome.says(verdict, None, exit);
    gone(web.id());
}

#[test]
fn a_closed_stdout() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();

    for format in ["human", "json"] {
        let mut command = Dprobe::new(["check", web.name(), "mongodb:27017", "--format", format]).command();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dprobe");
        drop(child.stdout.take());
        let mut stderr = child.stderr.take().expect("its stderr");
        let status = command::wait(&mut child, Duration::from_secs(60)).expect("an end");
        let mut said = String::new();
        stderr.read_to_string(&mut said).expect("text");
        assert!(!said.contains("panicked"), "{said}");
        // The verdict still counts, for a script may have looked at the first line only.
        assert_eq!(status.code(), Some(1), "{said}");
        gone(web.id());
    }
}

#[test]
fn an_agent_image_that_is_missing_or_does_not_start() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();

    let with = |image: &str| Dprobe::new(["check", web.name(), "localhost:80", "--agent-image", image]).run();
    refused(&with("dprobe-tests-no-such-image:1"), 3, &["dprobe-tests-no-such-image:1"]);
    // An image without a program to start.
    let empty = stack.unique("empty").to_lowercase();
    let dir = tempfile::tempdir().expect("a directory");
    let tar = dir.path().join("empty.tar");
    std::fs::write(&tar, [0; 1024]).expect("a file");
    docker_ok(["import", tar.to_str().expect("a path"), &empty]);
    let done = with(&empty);
    docker_ok(["rmi", "-f", &empty]);
    refused(&done, 3, &[]);
    // An image whose program is something else.
    refused(&with(image::name()), 3, &[]);
    gone(web.id());
}

/// Waits until no agent is left in a container's namespace.
fn gone(container_id: &str) {
    until("the agents to be gone", Duration::from_secs(10), || agents_in(container_id).is_empty().then_some(()));
}

/// A report of a broken stack, and the directory that holds it.
fn report() -> (tempfile::TempDir, PathBuf, String) {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
    let outcome = check([web.name(), "mongodb:27017"]);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("report.json");
    (dir, file, outcome.report.to_string())
}

/// `dprobe explain FILE` with this in the file.
fn explain(file: &Path, text: &[u8]) -> Finished {
    std::fs::write(file, text).expect("a file");
    Dprobe::new([Path::new("explain"), file]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").run()
}

#[test]
fn report_files_that_are_not_what_they_should_be() {
    let (dir, file, report) = report();
    let name = "report.json";
    assert_eq!(explain(&file, report.as_bytes()).status.code(), Some(1), "the report itself");

    for cut in [0, 1, report.len() / 2, report.len() - 1] {
        refused(&explain(&file, &report.as_bytes()[..cut]), 2, &[name]);
    }
    refused(&explain(&file, b"[]"), 2, &[name]);
    refused(&explain(&file, b"{}"), 2, &[name]);
    refused(&explain(&file, b"\xff\xfe\x00\x1b[2J"), 2, &[name]);
    refused(
        &explain(&file, report.replace("dprobe.report/v1", "dprobe.report/v9").as_bytes()),
        2,
        &["dprobe.report/v9"],
    );
    refused(&explain(&file, "[".repeat(1_000_000).as_bytes()), 2, &[name]);
    refused(&explain(&file, format!("{}1", "{\"a\":".repeat(1_000_000)).as_bytes()), 2, &[name]);
    let missing = dir.path().join("no-such-file.json");
    refused(&Dprobe::new([Path::new("explain"), &missing]).run(), 2, &["no-such-file.json"]);
}

#[test]
fn a_report_file_of_a_hundred_megabytes() {
    let (_dir, file, report) = report();
    let mut text = report.into_bytes();
    // A report with a field that no version knows, as large as the rest of the disk allows.
    text.pop();
    text.extend(b",\"ballast\":\"");
    text.resize(100 * 1024 * 1024, b'x');
    text.extend(b"\"}");
    let done = explain(&file, &text);
    assert!(done.took < Duration::from_secs(20), "{:?}", done.took);
    assert!(matches!(done.status.code(), Some(1 | 2)), "{:?} {}", done.status, done.stderr);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    assert!(done.stdout.len() + done.stderr.len() < 100_000, "the ballast came out again");
}

#[test]
fn a_hostile_report_file_reaches_no_terminal() {
    let (_dir, file, report) = report();
    // What a peer or a container could have put there, had dprobe not looked at it before.
    let hostile = report.replace("mongodb", "mongo\\u001b]0;owned\\u0007\\u001b[2J\\u202edb");
    assert_ne!(hostile, report);
    let done = explain(&file, hostile.as_bytes());
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    for text in [&done.stdout, &done.stderr] {
        let bad = text.chars().find(|&c| (c.is_control() && c != '\n') || c == '\u{202e}');
        assert_eq!(bad, None, "in {text:?}");
    }
}
