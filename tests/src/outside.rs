//! A machine in the outside world: a network namespace with an address that is documented never to be anybody's
//! (198.51.100.0/24, RFC 5737), reached through the host as the internet would be.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::command::{Finished, run};
use crate::{binary, poll};

/// How its namespaces are called, before the process that made them.
pub(crate) const PREFIX: &str = "dprobe-tests-";

/// A machine outside with one server on port 80, until it is dropped.
#[derive(Debug)]
pub struct Outside {
    name: String,
    address: Ipv4Addr,
    server: Child,
}

impl Outside {
    /// Makes one; none where the user may not make network namespaces.
    ///
    /// # Panics
    /// When it may, and it fails all the same.
    #[must_use]
    pub fn new() -> Option<Self> {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        sweep();
        for _ in 0..64 {
            // Four addresses each: the net, the host's end, the far end, the broadcast.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let piece = (std::process::id().to_le_bytes()[0].wrapping_mul(37).wrapping_add(number)) % 64;
            let ends = [1, 2].map(|step| Ipv4Addr::new(198, 51, 100, piece * 4 + step));
            let name = format!("{PREFIX}{}.{piece}", std::process::id());
            let link = format!("dpt{piece}");
            if !ip(&["netns", "add", &name]).status.success() {
                return None;
            }
            // Where another test has this piece already, its link has the name.
            if !ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name]).status.success() {
                ip_ok(&["netns", "del", &name]);
                continue;
            }
            ip_ok(&["addr", "add", &format!("{}/30", ends[0]), "dev", &link]);
            ip_ok(&["link", "set", &link, "up"]);
            ip_ok(&["-n", &name, "addr", "add", &format!("{}/30", ends[1]), "dev", "eth0"]);
            ip_ok(&["-n", &name, "link", "set", "eth0", "up"]);
            ip_ok(&["-n", &name, "route", "add", "default", "via", &ends[0].to_string()]);
            return Some(Self { server: serve(&name, ends[1]), name, address: ends[1] });
        }
        panic!("no free piece of 198.51.100.0/24");
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        // The link between the two goes with either end.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Starts the actor in a namespace. It ends with this thread, should that be killed.
fn serve(namespace: &str, address: Ipv4Addr) -> Child {
    let server = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "ip", "netns", "exec", namespace])
        .arg(binary::agent())
        .args(["act", &format!("tcp:{address}:80,http=200")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("setpriv of util-linux");
    poll::until("the outside server", Duration::from_secs(10), || {
        let to = std::net::SocketAddr::from((address, 80));
        std::net::TcpStream::connect_timeout(&to, Duration::from_secs(1)).ok()
    });
    server
}

/// Removes the namespaces of processes that are no more.
pub(crate) fn sweep() {
    let all = ip(&["netns", "list"]).stdout;
    for name in all.lines().filter_map(|line| line.split_whitespace().next()) {
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('.').next());
        if pid.is_some_and(|pid| !std::path::Path::new("/proc").join(pid).exists()) {
            let _ = ip(&["netns", "del", name]);
        }
    }
}

pub(crate) fn ip(args: &[&str]) -> Finished {
    run(Command::new("ip").args(args), Duration::from_secs(20))
}

fn ip_ok(args: &[&str]) {
    let done = ip(args);
    assert!(done.status.success(), "`ip {}` failed: {}", args.join(" "), done.stderr.trim());
}
