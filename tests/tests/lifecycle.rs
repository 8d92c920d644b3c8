//! What is left of dprobe when it is killed, interrupted, or when the world changes under it: nothing.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dprobe_tests::docker::{agents_in, docker, lines};
use dprobe_tests::{Container, Dprobe, Network, Stack, check, command, until};

/// A source, and an address that stays silent for seconds, so that a check of it can be caught in the act.
fn slow(stack: &Stack) -> (Network, Container, String) {
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let dead = format!("{}:80", net.address(13));
    (net, web, dead)
}

fn start(words: &[&str]) -> Child {
    let mut command = Dprobe::new(["check"]).args(words).command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("dprobe")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
    assert!(status.success(), "kill {name} failed");
}

/// Waits until no agent is left in a container's namespace.
fn gone(web: &Container) {
    until("the agents to be gone", Duration::from_secs(10), || agents_in(web.id()).is_empty().then_some(()));
}

#[test]
fn killed_at_ten_moments_it_leaves_nothing() {
    let stack = Stack::new();
    let (_net, web, dead) = slow(&stack);
    // From before the first agent is asked for until long after it measures.
    for after in [0, 20, 40, 60, 80, 110, 150, 200, 400, 900] {
        let mut child = start(&[web.name(), &dead]);
        thread::sleep(Duration::from_millis(after));
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
        gone(&web);
    }
    // An engine that was slow to make one may still be at it.
    let calm = Instant::now();
    while calm.elapsed() < Duration::from_secs(2) {
        gone(&web);
    }
}

#[test]
fn interrupted_it_ends_at_once_and_says_130() {
    let stack = Stack::new();
    let (_net, web, dead) = slow(&stack);
    for (name, started) in [("-INT", true), ("-TERM", true), ("-INT", false)] {
        let mut child = start(&[web.name(), &dead]);
        if started {
            until("an agent", Duration::from_secs(20), || (!agents_in(web.id()).is_empty()).then_some(()));
        } else {
            thread::sleep(Duration::from_millis(50));
        }
        signal(&child, name);
        let told = Instant::now();
        let status = command::wait(&mut child, Duration::from_secs(10)).expect("an end");
        // Before it could say that it wants to hear of it, the signal itself ends it, which a shell shows as 130, too.
        let early = !started && status.signal() == Some(2);
        assert!(early || status.code() == Some(130), "{status} after {name}");
        assert!(told.elapsed() < Duration::from_secs(3), "took {:?} to end", told.elapsed());
        gone(&web);
    }
}

#[test]
fn a_check_leaves_nothing_healthy_or_not() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
    for target in ["mongodb:27017", "nobody:1", "localhost:9", "http://mongodb:27017/"] {
        let _ = check([web.name(), target]);
        gone(&web);
        gone(&mongo);
    }
}

#[test]
fn an_agent_is_unprivileged_and_bounded() {
    let stack = Stack::new();
    let (_net, web, dead) = slow(&stack);
    let mut child = start(&[web.name(), &dead]);
    let agent = until("an agent", Duration::from_secs(20), || {
        agents_in(web.id()).first().and_then(|agent| dprobe_tests::docker::inspect(agent))
    });
    let _ = child.kill();
    let _ = child.wait();
    let (config, host) = (&agent["Config"], &agent["HostConfig"]);
    let user = config["User"].as_str().unwrap_or_default();
    assert!(!["", "0", "root"].contains(&user.split(':').next().unwrap_or_default()), "user {user:?}");
    assert_eq!(host["ReadonlyRootfs"], true);
    assert_eq!(host["Privileged"], false);
    assert_eq!(host["AutoRemove"], true);
    assert_eq!(host["CapDrop"][0].as_str().map(str::to_lowercase).as_deref(), Some("all"));
    assert!(host["SecurityOpt"].to_string().contains("no-new-privileges"), "{}", host["SecurityOpt"]);
    assert!(host["Memory"].as_u64().is_some_and(|bytes| bytes > 0), "{}", host["Memory"]);
    assert!(host["PidsLimit"].as_i64().is_some_and(|pids| pids > 0), "{}", host["PidsLimit"]);
    assert!(host["Binds"].is_null() && agent["Mounts"].as_array().is_none_or(Vec::is_empty), "{}", agent["Mounts"]);
    gone(&web);
}

#[test]
fn containers_that_vanish_meanwhile() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    for (round, after) in [0_u64, 30, 60, 90, 130, 180].into_iter().enumerate() {
        let web = stack.container(&format!("web{round}")).on(&net).start();
        let mongo = stack.container(&format!("mongodb{round}")).on(&net).runs(["mongod", "--bind_ip_all"]).start();
        let victim = if round % 2 == 0 { web.name() } else { mongo.name() };
        let child = start(&[web.name(), &mongo.port(27017)]);
        thread::sleep(Duration::from_millis(after));
        docker(["rm", "-f", victim]);
        let done = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(!said.contains("panicked"), "{said}");
        assert!(matches!(done.status.code(), Some(0..=3)), "{:?} {said}", done.status);
        gone(&web);
        gone(&mongo);
        docker(["rm", "-f", web.name(), mongo.name()]);
    }
}

#[test]
fn two_hundred_containers_and_fifty_networks() {
    let stack = Stack::new();
    let net = stack.network("favorites-net");
    let web = stack.container("web").on(&net).start();
    let mongo = stack.container("mongodb").on(&net).alias("mongodb").runs(["mongod"]).start();
    // Those that do not run are as many lines to the snapshot and cost little to make.
    thread::scope(|scope| {
        for lane in 0..4 {
            let stack = &stack;
            scope.spawn(move || {
                for number in 0..49 {
                    stack.container(&format!("crowd{lane}-{number}")).flags(["--network", "none"]).create();
                }
                for number in 0..12 {
                    let _ = stack.network(&format!("crowd{lane}-{number}"));
                }
            });
        }
    });
    let ours = format!("label=io.dprobe.tests.stack={}", stack.unique("").trim_end_matches('-'));
    assert!(lines(&["ps", "-aq", "--filter", &ours]).len() >= 198);
    assert!(lines(&["network", "ls", "-q", "--filter", &ours]).len() >= 49);

    let started = Instant::now();
    let outcome = check([web.name(), "mongodb:27017"]);
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    outcome.unreachable("bind-loopback");
    gone(&web);
    gone(&mongo);
}
