//! The `dprobe` binary as it is typed: help, usage errors, exit codes, streams. No engine is needed.

mod fake_engine;

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fake_engine::FakeEngine;

const NO_ENGINE: &str = "unix:///nonexistent/engine.sock";

/// The binary, in an environment that is the same everywhere.
fn dprobe(engine: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dprobe"));
    clean(&mut command, engine);
    command
}

fn clean(command: &mut Command, engine: &str) {
    for name in ["NO_COLOR", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DPROBE_LOG", "DPROBE_AGENT_IMAGE", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("DOCKER_HOST", engine).env("COLUMNS", "100").stdin(Stdio::null());
}

fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Output {
    dprobe(NO_ENGINE).args(arguments).output().expect("dprobe runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help() {
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_check", &["check", "--help"]),
        ("help_explain", &["explain", "--help"]),
        ("help_doctor", &["doctor", "--help"]),
        ("help_demo", &["demo", "--help"]),
        ("help_agent", &["agent", "--help"]),
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), Some(0), "{name}");
        insta::assert_snapshot!(name, stdout(&output));
    }
    assert_eq!(stdout(&run(&["--version"])), format!("dprobe {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn no_arguments_is_bad_usage_and_shows_the_help() {
    let output = run::<&str>(&[]);
    assert_eq!((code(&output), stdout(&output)), (Some(2), String::new()));
    assert!(stderr(&output).contains("Usage: dprobe"));
}

#[test]
fn bad_usage_is_2_and_says_why() {
    let long = "a".repeat(300);
    for (arguments, words) in [
        (&["check"][..], "required arguments"),
        (&["check", "host"], "TARGET is missing: `host` is no container"),
        (&["check", "web", "postgre://db"], "error[url-malformed]: `postgre://db` has a scheme that no driver knows"),
        (&["check", "web", ""], "TARGET is empty"),
        (&["check", "", "db"], "FROM is empty"),
        (&["check", "web", "db:0"], "`0` in `db:0` is not a port"),
        (&["check", "web", "db:65536"], "`65536` in `db:65536` is not a port"),
        (&["check", "web", "db:abc"], "`abc` in `db:abc` is not a port"),
        (&["check", "web", "db:"], "ends where its port should be"),
        (&["check", "web", "http://"], "is a URL without a host"),
        (&["check", "web", "[::1:80"], "brackets that do not enclose an IPv6 address"),
        (&["check", "web", "2001:db8::1:99999"], "the address stands in brackets"),
        (&["check", "web", "d\x1b[31mb"], "`d\\x1b[31mb` contains a control character"),
        (&["check", "web", &long], "too long for a name"),
        (&["check", "web", "db", "db"], "target `db` is given twice"),
        (&["check", "web", "-"], "put the arrow in quotes"),
        (&["check", "web", "->"], "TARGET is missing"),
        (&["check", "->", "db"], "FROM is missing before the arrow"),
        (&["check", "a", "->", "b", "->", "c"], "more than one arrow"),
        (&["check", "web", "db", "--timeout", "5"], "it has no unit"),
        (&["check", "web", "db", "--format", "xml"], "possible values: human, json"),
        (&["check", "web", "db", "--frobnicate"], "unexpected argument"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["explain"], "required arguments"),
        (&["agent"], "Usage: dprobe agent"),
    ] {
        let output = run(arguments);
        assert_eq!((code(&output), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        let message = stderr(&output);
        assert!(message.contains(words), "{arguments:?}: {message}");
        assert!(!message.chars().any(|c| c != '\n' && c.is_control()), "{message:?}");
    }
    let output = run(&[OsStr::new("check"), OsStr::new("web"), os_str(b"\xff")]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("`\\xff` is not valid UTF-8"), "{}", stderr(&output));
}

fn os_str(bytes: &[u8]) -> &OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

#[test]
fn a_password_on_the_command_line_is_not_repeated() {
    for target in ["postgres://u:hunter2@", "postgres://u:hunter2@db:0/x", "postgres://u:hun/ter2@db/x"] {
        let output = run(&["check", "web", target]);
        assert_eq!(code(&output), Some(2), "{target}");
        assert!(!stderr(&output).contains("ter2"), "{}", stderr(&output));
    }
}

#[test]
fn no_engine_is_3() {
    let output = run(&["check", "web", "db"]);
    assert_eq!((code(&output), stdout(&output)), (Some(3), String::new()), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
}

/// A check against the fake engine that ends with `no-shared-network`.
fn unreachable(engine: &FakeEngine, more: &[&str]) -> Output {
    dprobe(&engine.address()).args(["check", "web", "mongodb", "--no-agent"]).args(more).output().expect("dprobe runs")
}

#[test]
fn results_go_to_stdout_and_nothing_else_does() {
    let engine = FakeEngine::start();
    let output = unreachable(&engine, &[]);
    assert_eq!((code(&output), stderr(&output)), (Some(1), String::new()), "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.starts_with("web ──▶ mongodb:27017   UNREACHABLE\n"), "{text}");
    assert!(text.contains("\nerror[no-shared-network]: "), "{text}");
    assert!(text.contains("\n         docker network connect "), "{text}");
    assert!(!text.contains('\x1b'), "colours in a pipe: {text:?}");
    let quiet = unreachable(&engine, &["-q"]);
    assert_eq!(stdout(&quiet), "web ──▶ mongodb:27017   UNREACHABLE\n");
    assert!(stdout(&unreachable(&engine, &["-v"])).contains("\nobservations\n"));
}

#[test]
fn credentials_never_enter_a_report() {
    let engine = FakeEngine::start();
    for (format, url) in [
        ("json", "mongodb://me:hunter2@mongodb:27017/x?password=hunter2"),
        ("human", "mongodb://me:hun%40ter2@mongodb:27017/x"),
        ("json", "host=mongodb port=27017 user=me password='hun ter2'"),
    ] {
        let output = dprobe(&engine.address())
            .args(["check", "web", url, "--no-agent", "-v", "--format", format])
            .output()
            .expect("dprobe runs");
        assert_eq!(code(&output), Some(1), "{}", stderr(&output));
        assert!(stdout(&output).contains("://mongodb:27017"), "{}", stdout(&output));
        assert!(!format!("{output:?}").contains("ter2"), "{}", stdout(&output));
    }
}

#[test]
fn every_host_of_a_url_is_checked() {
    let engine = FakeEngine::start();
    let output = dprobe(&engine.address())
        .args(["check", "web", "mongodb://mongodb:27017,web:2/x", "--no-agent", "-q"])
        .output()
        .expect("dprobe runs");
    let lines = stdout(&output);
    assert!(
        lines.starts_with("web ──▶ mongodb://mongodb:27017/x   UNREACHABLE\nweb ──▶ mongodb://web:2/x   "),
        "{lines}"
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_malformed_url_is_explained_without_its_password() {
    let output = run(&["check", "web", "postgres://app:hun@ter2@db:5432/shop"]);
    assert_eq!((code(&output), stdout(&output)), (Some(2), String::new()));
    assert_eq!(
        stderr(&output),
        "error[url-malformed]: `postgres://***@db:5432/shop` has a `@` in its password that is not escaped\n  \
         fix: write @ as %40: postgres://***%40***@db:5432/shop\n  more: dprobe explain url-malformed\n"
    );
}

#[test]
fn not_turns_the_exit_code_round() {
    let engine = FakeEngine::start();
    let output = unreachable(&engine, &["--not"]);
    assert_eq!(code(&output), Some(0));
    assert!(stdout(&output).starts_with("web ──▶ mongodb:27017   UNREACHABLE, as expected\n"), "{}", stdout(&output));
}

#[test]
fn colours_can_be_had_and_refused() {
    let engine = FakeEngine::start();
    assert!(stdout(&unreachable(&engine, &["--color", "always"])).contains("\x1b[31m"));
    assert!(!stdout(&unreachable(&engine, &["--color", "never"])).contains('\x1b'));
}

#[test]
fn waiting_in_vain_is_124() {
    let engine = FakeEngine::start();
    let output = unreachable(&engine, &["--wait", "50ms", "--interval", "10ms"]);
    assert_eq!(code(&output), Some(124), "{}", stderr(&output));
    assert!(stdout(&output).contains("UNREACHABLE"), "the last report is shown: {}", stdout(&output));
}

#[test]
fn a_report_is_written_to_a_file_and_replayed_without_an_engine() {
    let engine = FakeEngine::start();
    let file = engine.folder("reports").join("report.json");
    let path = file.to_str().expect("a path in UTF-8");
    let output = unreachable(&engine, &["--format", "json", "-o", path]);
    assert_eq!((code(&output), stdout(&output), stderr(&output)), (Some(1), String::new(), String::new()));
    let replayed = run(&["explain", path]);
    assert_eq!(code(&replayed), Some(1), "{}", stderr(&replayed));
    assert_eq!(stdout(&replayed), stdout(&unreachable(&engine, &[])));
    assert_eq!(stdout(&run(&["explain", path, "--format", "json"])), fs::read_to_string(&file).expect("the report"));
    assert_eq!(code(&run(&["explain", path, "--not"])), Some(0));
    let output = unreachable(&engine, &["-o", "/nonexistent/report.txt"]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("failed to write `/nonexistent/report.txt`"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_no_report_is_2_and_says_why() {
    let engine = FakeEngine::start();
    let folder = engine.folder("reports");
    let good = stdout(&unreachable(&engine, &["--format", "json"]));
    let path = |name: &str| folder.join(name);
    fs::write(path("truncated.json"), &good[..good.len() / 2]).expect("a file");
    fs::write(path("newer.json"), good.replace("dprobe.report/v1", "dprobe.report/v2")).expect("a file");
    fs::write(path("other.json"), "{\"a\": 1}").expect("a file");
    fs::write(path("text.json"), "web UNREACHABLE").expect("a file");
    fs::write(path("hostile.json"), "{\"schema\": \"dprobe.report/v1\", \"checks\": \"\\u001b[31m\\u009b\"}")
        .expect("a file");
    fs::write(path("empty.json"), "").expect("a file");
    let large = fs::File::create(path("large.json")).expect("a file");
    large.set_len(100 * 1024 * 1024).expect("a large file");
    for (name, words) in [
        ("truncated.json", "it is truncated"),
        ("newer.json", "is a dprobe.report/v2, and this dprobe reads dprobe.report/v1"),
        ("other.json", "not a report of dprobe"),
        ("text.json", "is not JSON"),
        ("hostile.json", "says it is a dprobe.report/v1, and is not"),
        ("empty.json", "is empty"),
        ("large.json", "is too large for a report: 64 MiB is the limit"),
        ("missing.json", "failed to read"),
        (".", "failed to read"),
    ] {
        let output = run(&["explain".as_ref(), path(name).as_os_str()]);
        assert_eq!((code(&output), stdout(&output)), (Some(2), String::new()), "{name}");
        let message = stderr(&output);
        assert!(message.contains(words), "{name}: {message}");
        assert!(!message.chars().any(|c| c != '\n' && c.is_control()), "{message:?}");
    }
}

#[test]
fn every_code_is_explained_and_a_wrong_one_is_2() {
    let list = run(&["explain", "--list", "--format", "json"]);
    let codes: Vec<serde_json::Value> = serde_json::from_slice(&list.stdout).expect("a list");
    assert!(codes.len() >= 27);
    for known in codes {
        let known = known["code"].as_str().expect("a code").to_owned();
        let output = run(&["explain", &known]);
        assert_eq!(code(&output), Some(0), "{known}");
        assert!(stdout(&output).starts_with(&format!("{known}\n\n")), "{}", stdout(&output));
    }
    let output = run(&["explain", "bind-lopback"]);
    assert_eq!((code(&output), stdout(&output)), (Some(2), String::new()));
    assert_eq!(stderr(&output), "error: there is no code `bind-lopback`\n  hint: did you mean bind-loopback?\n");
    let output = run(&["explain", "zzz"]);
    assert_eq!(stderr(&output), "error: there is no code `zzz`\n  hint: dprobe explain --list names them all\n");
}

#[test]
fn a_closed_stdout_ends_it_quietly() {
    let engine = FakeEngine::start();
    for arguments in [&["check", "web", "mongodb", "--no-agent"][..], &["explain", "--list"], &["--help"]] {
        let mut child = dprobe(&engine.address())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dprobe runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("dprobe ends");
        assert_eq!((output.status.signal(), stderr(&output)), (None, String::new()), "{arguments:?}");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let output = dprobe(NO_ENGINE).args(["explain", "--list"]).stdout(full).output().expect("dprobe runs");
    assert_eq!(code(&output), Some(3));
    assert!(stderr(&output).contains("failed to write to standard output"), "{}", stderr(&output));
}

#[test]
fn an_interrupted_check_is_130() {
    for signal in ["INT", "TERM"] {
        let engine = FakeEngine::silent();
        let mut child = dprobe(&engine.address())
            .args(["check", "web", "mongodb"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dprobe runs");
        let pid = child.id().to_string();
        let status = Path::new("/proc").join(&pid).join("status");
        let start = Instant::now();
        // Bits 2 and 15 of the caught signals (proc(5)): from then on a signal does not kill.
        while caught(&status).is_none_or(|caught| caught & 0x4002 != 0x4002) {
            assert!(start.elapsed() < Duration::from_secs(5), "it does not catch signals");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill").success());
        let ended = child.wait().expect("dprobe ends");
        let mut message = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut message).expect("text");
        assert_eq!((ended.code(), message.as_str()), (Some(130), "error: interrupted\n"));
    }
}

/// The signals that a process catches, as a bit set.
fn caught(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// The shells of this machine.
fn shells() -> Vec<&'static str> {
    ["sh", "bash", "dash", "zsh", "fish"]
        .into_iter()
        .filter(|shell| Command::new(shell).args(["-c", "true"]).output().is_ok_and(|output| output.status.success()))
        .collect()
}

/// Types a line into a shell, in a folder of its own, with `dprobe` in the path.
fn typed(shell: &str, line: &str, folder: &Path, engine: &str) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_dprobe")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell);
    clean(&mut command, engine);
    command
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .output()
        .expect("the shell runs")
}

#[test]
fn an_arrow_without_quotes_works_in_every_shell() {
    let engine = FakeEngine::start();
    let expected = stdout(&unreachable(&engine, &[]));
    assert!(shells().contains(&"sh"));
    for shell in shells() {
        for (n, line) in [
            "dprobe check web -> mongodb --no-agent",
            "dprobe check --no-agent web -> mongodb",
            "dprobe check --no-agent web->mongodb",
            "dprobe check --no-agent web-> mongodb",
        ]
        .iter()
        .enumerate()
        {
            let folder = engine.folder(&format!("{shell}-{n}"));
            let output = typed(shell, line, &folder, &engine.address());
            let told = stderr(&output);
            assert_eq!((code(&output), stdout(&output)), (Some(1), String::new()), "{shell}: {line}: {told}");
            assert!(told.starts_with(&expected), "{shell}: {line}: the report is on the terminal: {told}");
            assert!(told.contains("made (or emptied) the file `mongodb`"), "{shell}: {told}");
            assert!(told.contains("dprobe check 'web -> mongodb'"), "{shell}: {told}");
            let file = fs::read_to_string(folder.join("mongodb")).expect("the file that the shell made");
            assert_eq!(file, expected, "{shell}: {line}");
        }
    }
}

#[test]
fn an_arrow_without_quotes_may_have_several_targets_and_ports() {
    let engine = FakeEngine::start();
    let folder = engine.folder("several");
    let output = typed("sh", "dprobe check --no-agent web -> mongodb:27017 web:80 -q", &folder, &engine.address());
    let file = fs::read_to_string(folder.join("mongodb:27017")).expect("the file");
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 2, "{}", stderr(&output));
    assert!(lines[0].starts_with("web ──▶ mongodb:27017   ") && lines[1].starts_with("web ──▶ web:80   "), "{file}");
}

#[test]
fn an_arrow_in_quotes_makes_no_file() {
    let engine = FakeEngine::start();
    let expected = stdout(&unreachable(&engine, &[]));
    for (n, line) in [
        "dprobe check --no-agent 'web -> mongodb'",
        "dprobe check --no-agent 'web->mongodb'",
        "dprobe check --no-agent web→mongodb",
        "dprobe check --no-agent web → mongodb",
        "dprobe check --no-agent web '->' mongodb",
        "dprobe check --no-agent web mongodb",
    ]
    .iter()
    .enumerate()
    {
        for shell in shells() {
            let folder = engine.folder(&format!("quoted-{shell}-{n}"));
            let output = typed(shell, line, &folder, &engine.address());
            assert_eq!((stdout(&output), stderr(&output)), (expected.clone(), String::new()), "{shell}: {line}");
            let made = fs::read_dir(&folder).expect("the folder").flatten().filter(|entry| {
                // Shells may keep a configuration in their home.
                !entry.file_name().as_encoded_bytes().starts_with(b".")
            });
            assert_eq!(made.count(), 0, "{shell}: {line}");
        }
    }
}

#[test]
fn an_arrow_without_quotes_is_told_even_where_there_is_no_engine() {
    let engine = FakeEngine::start();
    let folder = engine.folder("no-engine");
    let output = typed("sh", "dprobe check web -> mongodb", &folder, NO_ENGINE);
    assert_eq!(code(&output), Some(3));
    assert!(stderr(&output).contains("made (or emptied) the file `mongodb`"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.join("mongodb")).expect("the file"), "");
}
