//! The test library itself: what it makes works, and what it leaves is nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use dprobe_tests::docker::{docker, inspect, lines};
use dprobe_tests::{Stack, command, image, run};

fn left(stack_label: &str) -> usize {
    lines(&["ps", "-aq", "--filter", stack_label]).len()
        + lines(&["network", "ls", "-q", "--filter", stack_label]).len()
}

#[test]
fn a_stack_goes_with_its_handle_also_on_panic() {
    let stack = Stack::new();
    let label = format!("label=io.dprobe.tests.stack={}", stack.unique("").trim_end_matches('-'));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let stack = stack;
        let net = stack.network("net");
        let web = stack.container("web").on(&net).start();
        assert_eq!(web.ip(net.name()), net.address(2));
        assert_eq!(left(&label), 2);
        panic!("as a failing test does");
    }));
    assert!(panicked.is_err());
    assert_eq!(left(&label), 0);
}

#[test]
fn an_actor_serves_what_it_is_told_and_ends_at_once() {
    let stack = Stack::new();
    let net = stack.network("net");
    let web =
        stack.container("web").on(&net).runs(["web", "print=hello", "tcp:0.0.0.0:80,http=503,body=later"]).start();
    web.wait_for_log("hello");
    let mut stream = TcpStream::connect((web.ip(net.name()), 80)).expect("a connection");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nlater"), "{answer}");

    let started = std::time::Instant::now();
    web.docker("stop");
    assert!(started.elapsed() < Duration::from_secs(5), "SIGTERM was not heard: {:?}", started.elapsed());
    assert_eq!(inspect(web.name()).expect("web")["State"]["ExitCode"], 0);
}

#[test]
fn what_a_killed_process_left_is_swept_and_nothing_else() {
    let stack = Stack::new();
    let ours = stack.container("ours").start();
    // A process that is no more, with a start time that no process has.
    let (_, rest) = run::id().split_once('.').expect("parts");
    let (_, namespace) = rest.split_once('.').expect("parts");
    let dead = format!("{}=4194305.1.{namespace}", run::LABEL);
    let name = stack.unique("left");
    let made = docker(["create", "--name", &name, "--label", &dead, image::name(), "idle"]);
    assert!(made.status.success(), "{}", made.stderr);

    // Another process, for this one has swept already.
    let test = std::env::current_exe().expect("this test");
    let mut again = Command::new(test);
    let done = command::run(again.args(["--exact", "sweeps"]), Duration::from_secs(120));
    assert!(done.status.success(), "{}{}", done.stdout, done.stderr);
    assert!(inspect(&name).is_none(), "{name} is still there");
    assert!(inspect(ours.name()).is_some(), "{ours} is gone");
}

/// Does on its own what the test above has done by another process.
#[test]
fn sweeps() {
    run::sweep();
}
