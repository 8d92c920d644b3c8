//! What is beyond the uplinks of labs: a namespace with a bridge that the hosts hang on, and a server of addresses that are
//! documented never to be anybody's (198.51.100.0/24, RFC 5737).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::command::{self, run};
use crate::{binary, outside, poll};

/// The machine outside.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 200);

/// Its name in its own DNS.
pub(super) const SERVER_NAME: &str = "www.outside.test";

/// The router, which is the default gateway of every host.
pub(super) const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 126);

/// How long a small command may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The address of a host on its uplink, 198.51.100.0/25.
pub(super) fn host_address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 51, 100, 1 + number)
}

/// The namespaces of the internet and of the hosts on it, until it is dropped.
#[derive(Debug)]
pub(super) struct Internet {
    name: String,
    hosts: u8,
    server: Option<Child>,
}

impl Internet {
    /// Makes namespaces for so many hosts and wires them; none where the user may not, or there is no `dockerd`.
    pub(super) fn new(hosts: u8) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        outside::sweep();
        if !run(Command::new("sh").args(["-c", "command -v dockerd"]), LIMIT).status.success() {
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{}.lab{number}", outside::PREFIX, std::process::id());
        if !outside::ip(&["netns", "add", &name]).status.success() {
            return None;
        }
        let mut internet = Self { name, hosts, server: None };
        internet.wire();
        internet.server = Some(play(
            &internet.name,
            [format!("tcp:{SERVER}:80,http=200"), format!("dns:{SERVER}:53,zone={SERVER_NAME}={SERVER}")],
        ));
        Some(internet)
    }

    /// The network namespace of a host.
    pub(super) fn host_namespace(&self, number: u8) -> String {
        format!("{}.host{number}", self.name)
    }

    fn wire(&self) {
        let mut inside = vec![
            "link set lo up".to_owned(),
            "link add uplinks type bridge".to_owned(),
            format!("addr add {ROUTER}/25 dev uplinks"),
            format!("addr add {SERVER}/32 dev lo"),
        ];
        for number in 0..self.hosts {
            let host = self.host_namespace(number);
            batch(None, &[format!("netns add {host}")]);
            inside.extend([
                format!("link add host{number} type veth peer name eth0 netns {host}"),
                format!("link set host{number} master uplinks"),
                format!("link set host{number} up"),
            ]);
        }
        inside.push("link set uplinks up".to_owned());
        batch(Some(&self.name), &inside);
        for number in 0..self.hosts {
            let host = [
                "link set lo up".to_owned(),
                format!("addr add {}/25 dev eth0", host_address(number)),
                "link set eth0 up".to_owned(),
                format!("route add default via {ROUTER}"),
            ];
            batch(Some(&self.host_namespace(number)), &host);
        }
    }

    /// Plays a program on the machine outside, and waits until its sockets are open.
    pub(super) fn act<S: AsRef<str>>(&self, words: impl IntoIterator<Item = S>) -> Child {
        act(&self.name, words)
    }

    /// Types a line into a shell there.
    pub(super) fn shell(&self, line: &str) -> String {
        let mut shell = Command::new("ip");
        let done = run(shell.args(["netns", "exec", &self.name, "sh", "-c", line]), LIMIT);
        assert!(done.status.success(), "`{line}` failed outside: {}", done.stderr.trim());
        done.stdout
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        for name in (0..self.hosts).map(|number| self.host_namespace(number)).chain([self.name.clone()]) {
            let _ = outside::ip(&["netns", "del", &name]);
        }
    }
}

/// Waits until the server answers a host.
pub(super) fn wait(host: &str) {
    poll::until("the internet of a lab", LIMIT, || {
        let mut dial = Command::new("ip");
        dial.args(["netns", "exec", host]).arg(binary::agent()).args(["act", &format!("dial:{SERVER}:80")]);
        run(&mut dial, LIMIT).status.success().then_some(())
    });
}

/// Plays a program in a namespace, and waits until its sockets are open.
pub(super) fn act<S: AsRef<str>>(namespace: &str, words: impl IntoIterator<Item = S>) -> Child {
    let mut child = play(namespace, words);
    let log = BufReader::new(child.stdout.take().expect("its stdout"));
    let ready = log.lines().map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "the program did not open its sockets");
    child
}

/// Starts the actor in a namespace. It ends with this thread, should that be killed.
fn play<S: AsRef<str>>(namespace: &str, words: impl IntoIterator<Item = S>) -> Child {
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "ip", "netns", "exec", namespace])
        .arg(binary::agent())
        .arg("act")
        .args(words.into_iter().map(|word| word.as_ref().to_owned()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("setpriv of util-linux")
}

/// Runs lines of ip(8) in a namespace, all of them in one process.
fn batch(namespace: Option<&str>, lines: &[String]) {
    let mut command = Command::new("ip");
    if let Some(namespace) = namespace {
        command.args(["-n", namespace]);
    }
    let mut child = command.args(["-batch", "-"]).stdin(Stdio::piped()).spawn().expect("ip of iproute2");
    let mut stdin = child.stdin.take().expect("its stdin");
    stdin.write_all((lines.join("\n") + "\n").as_bytes()).expect("ip reads its lines");
    drop(stdin);
    let status = command::wait(&mut child, LIMIT).expect("`ip -batch` ends");
    assert!(status.success(), "`ip -batch` failed on {lines:?}");
}
