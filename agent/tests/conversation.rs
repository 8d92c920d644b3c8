//! Conversations with the agent as a process: plans in, observations out, and every way in which it ends.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::{Ask, Fact, Hello, MAX_LINE, Observation, PROTOCOL, Plan, Probe, Reply, Request};

/// Nothing here takes long; what does is broken.
const PATIENCE: Duration = Duration::from_secs(20);

struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Agent {
    /// Start an agent and hear its greeting.
    fn start(idle_ms: Option<u64>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dprobe-agent"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(idle) = idle_ms {
            command.env("DPROBE_AGENT_IDLE_MS", idle.to_string());
        }
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut agent = Self { child, input, output };
        let hello = Hello { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
        assert_eq!(agent.hear(), Some(Reply::Hello(hello)));
        agent
    }

    fn write(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn say(&mut self, request: &Request) {
        let mut line = serde_json::to_vec(request).unwrap();
        line.push(b'\n');
        self.write(&line);
    }

    fn plan(&mut self, deadline_ms: u64, probes: &[Probe]) {
        let asks =
            probes.iter().cloned().enumerate().map(|(index, probe)| Ask { id: format!("p{}", index + 1), probe });
        self.say(&Request::Plan(Plan { place: "web".to_owned(), deadline_ms, asks: asks.collect() }));
    }

    /// The next reply; none at the end of its output.
    fn hear(&mut self) -> Option<Reply> {
        let mut line = String::new();
        (self.output.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The observations of a plan, up to its end.
    fn observations(&mut self) -> Vec<Observation> {
        let mut seen = Vec::new();
        loop {
            match self.hear() {
                Some(Reply::Observation(observation)) => seen.push(observation),
                Some(Reply::Done) => return seen,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Wait for its end.
    fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the agent does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn close(&mut self) {
        self.input = None;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that never says anything, and a probe that watches it for a minute.
fn endless() -> (TcpListener, Probe) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let ask = TcpAsk { host: "127.0.0.1".to_owned(), port, timeout_ms: 60_000, watch_ms: 60_000 };
    (server, Probe::Tcp(ask))
}

#[test]
fn plans_are_answered_one_after_the_other() {
    let mut agent = Agent::start(None);
    for _ in 0..2 {
        agent.plan(10_000, &[Probe::Network, Probe::Resolver, Probe::Listeners]);
        let mut seen = agent.observations();
        seen.sort_by(|one, other| one.id.cmp(&other.id));
        let facts: Vec<_> = seen.iter().map(|seen| (seen.id.as_str(), seen.place.as_str(), &seen.fact)).collect();
        assert!(
            matches!(
                facts.as_slice(),
                [("p1", "web", Fact::Network(_)), ("p2", "web", Fact::Resolver(_)), ("p3", "web", Fact::Listeners(_))]
            ),
            "{facts:?}"
        );
    }
}

#[test]
fn plans_that_come_while_one_runs_wait_for_it() {
    let mut agent = Agent::start(None);
    agent.plan(10_000, &[Probe::Resolver]);
    agent.plan(10_000, &[]);
    agent.plan(10_000, &[Probe::Network]);
    assert!(matches!(agent.observations()[0].fact, Fact::Resolver(_)));
    assert_eq!(agent.observations(), []);
    assert!(matches!(agent.observations()[0].fact, Fact::Network(_)));
}

#[test]
fn an_observation_comes_before_the_plan_is_over() {
    let (_server, probe) = endless();
    let mut agent = Agent::start(None);
    agent.plan(60_000, &[probe, Probe::Resolver]);
    let Some(Reply::Observation(first)) = agent.hear() else { panic!() };
    assert_eq!(first.id, "p2");
}

#[test]
fn the_deadline_of_a_plan_ends_it_and_not_the_agent() {
    let (_server, probe) = endless();
    let mut agent = Agent::start(None);
    agent.plan(100, &[probe]);
    let seen = agent.observations();
    assert!(matches!(&seen[0].fact, Fact::Unfinished { probe, .. } if probe == "tcp"), "{seen:?}");
    agent.plan(10_000, &[Probe::Resolver]);
    assert_eq!(agent.observations().len(), 1);
}

#[test]
fn the_end_of_stdin_ends_it_at_once_also_in_the_middle_of_a_plan() {
    let mut agent = Agent::start(None);
    agent.close();
    assert!(agent.ended().success());

    let (server, probe) = endless();
    let mut agent = Agent::start(None);
    agent.plan(60_000, &[probe]);
    // Now the plan runs.
    let _connection = server.accept().unwrap();
    agent.close();
    assert!(agent.ended().success());
    assert_eq!(agent.hear(), None);
}

#[test]
fn stop_ends_it_also_in_the_middle_of_a_plan() {
    let mut agent = Agent::start(None);
    agent.say(&Request::Stop);
    assert!(agent.ended().success());

    let (server, probe) = endless();
    let mut agent = Agent::start(None);
    agent.plan(60_000, &[probe]);
    let _connection = server.accept().unwrap();
    agent.say(&Request::Stop);
    assert!(agent.ended().success());
}

#[test]
fn an_agent_that_is_not_asked_for_anything_ends() {
    let mut agent = Agent::start(Some(50));
    assert!(agent.ended().success());
    // Between plans as well, but never during one.
    let (_server, probe) = endless();
    let mut agent = Agent::start(Some(50));
    agent.plan(400, &[probe]);
    assert_eq!(agent.observations().len(), 1);
    assert!(agent.ended().success());
}

#[test]
fn what_makes_no_sense_is_refused_and_the_conversation_goes_on() {
    let mut agent = Agent::start(None);
    let mut long = vec![b'['; MAX_LINE + 1];
    long.push(b'\n');
    let lines: [&[u8]; 6] = [
        b"garbage\n",
        b"{}\n",
        b"\xff\xfe\n",
        b"{\"say\":\"plan\",\"place\":\"web\",\"deadline_ms\":-1,\"asks\":[]}\n",
        b"{\"say\":\"plan\",\"place\":\"web\",\"deadline_ms\":1,\"asks\":[{\"id\":\"p1\",\"probe\":\"fly\"}]}\n",
        &long,
    ];
    for line in lines {
        agent.write(line);
        let reply = agent.hear();
        assert!(matches!(reply, Some(Reply::Refused { .. })), "{reply:?}");
    }
    agent.write(b"\n  \n");
    agent.plan(10_000, &[Probe::Resolver]);
    assert_eq!(agent.observations().len(), 1);
}

#[test]
fn deep_nesting_is_refused() {
    let mut agent = Agent::start(None);
    agent.write(&[b"{\"say\":\"plan\",\"asks\":".as_slice(), &vec![b'['; 1 << 20], b"\n"].concat());
    assert!(matches!(agent.hear(), Some(Reply::Refused { .. })));
}

#[test]
fn a_plan_of_too_many_probes_is_refused() {
    let mut agent = Agent::start(None);
    agent.plan(10_000, &vec![Probe::Resolver; dprobe_probes::run::MAX_ASKS + 1]);
    assert!(matches!(agent.hear(), Some(Reply::Refused { reason }) if reason.contains("limit")));
}

#[test]
fn a_closed_stdout_ends_it_quietly() {
    let (_server, probe) = endless();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dprobe-agent"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let asks = vec![Ask { id: "p1".to_owned(), probe }, Ask { id: "p2".to_owned(), probe: Probe::Resolver }];
    let plan = Request::Plan(Plan { place: "web".to_owned(), deadline_ms: 60_000, asks });
    let line = format!("{}\n", serde_json::to_string(&plan).unwrap());
    let mut input = child.stdin.take().unwrap();
    // The agent may be gone before the line is written.
    let _ = input.write_all(line.as_bytes());
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut agent = Agent { output: BufReader::new(empty_stdout()), child, input: Some(input) };
    assert!(agent.ended().success());
    assert_eq!(stderr.lines().count(), 0);
}

/// The stdout of a process that says nothing.
fn empty_stdout() -> ChildStdout {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    child.wait().unwrap();
    stdout
}

#[test]
fn a_reader_that_stopped_reading_does_not_keep_it() {
    let mut agent = Agent::start(None);
    // More than a pipe holds.
    agent.plan(60_000, &vec![Probe::Network; 2000]);
    let Some(Reply::Observation(_)) = agent.hear() else { panic!() };
    agent.close();
    assert!(agent.ended().success());
}

#[test]
fn signals_end_it() {
    for signal in ["TERM", "INT"] {
        let (server, probe) = endless();
        let mut agent = Agent::start(None);
        agent.plan(60_000, &[probe]);
        let _connection = server.accept().unwrap();
        let pid = agent.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        // It ends of its own will rather than being killed by the signal, which as a container's first process it would
        // not be.
        assert_eq!(agent.ended().code(), Some(0));
    }
}
