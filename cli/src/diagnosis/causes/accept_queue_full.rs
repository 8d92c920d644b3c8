//! `accept-queue-full`: the target listens and has stopped accepting.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, log_tail, run};
use crate::diagnosis::listening::socket_text;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "accept-queue-full",
    summary: "the target listens, but its program has stopped accepting connections and the queue is full",
    page: r#"
A server takes connections in two steps: the kernel completes the handshake and puts the connection into a queue, and the
program takes it out (accept). A program that hangs or is overloaded takes none out. Once the queue is full the kernel
lets new connections wait until they time out. From outside that looks like a firewall.

## How dprobe knows

The listening socket of the target has more connections waiting than its queue holds (`Recv-Q` above `Send-Q`, as `ss -lnt`
shows it), and the connect gets no answer.

## Why it happens

All workers are busy or blocked (on a database, on a lock, on a full disk), the program hangs, or a burst of connections
meets a queue that was made very short.

## How to fix it

Find out what the program waits for, and restart it if it hangs:

    docker logs --tail 20 web
    docker restart web

For good: more workers, timeouts on what they wait for, and a longer queue (the server's `backlog` setting; the kernel
caps it at `net.core.somaxconn`).

## How to reproduce it

    docker run -d --name hung --network favorites-net python:3 python3 -c "import socket,time; \
        s=socket.socket(); s.bind(('',80)); s.listen(0); time.sleep(9999)"
    docker run --rm --network favorites-net busybox nc -w 3 hung 80     (two or three times)

Related: firewall-drop, target-paused
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (id, socket) = case.full_queue()?;
    if case.gets_through() || case.unanswered().is_empty() {
        return None;
    }
    let name = case.target().map_or(case.to.host.as_str(), |target| target.name.as_str());
    let mut because = vec![id.to_owned()];
    because.extend(case.unanswered().iter().map(|dial| dial.id.to_owned()));
    let mut fixes = Vec::new();
    if let Some(target) = case.target() {
        because.push(Case::container_evidence(target));
        fixes.push(run("restart the program that hangs", vec![command(&["docker", "restart", &target.name])]));
    }
    fixes.push(change("find out what its workers wait for; give it more of them, or a longer queue (backlog)"));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{name} listens on port {}, but accepts no more connections", socket.port),
        explanation: format!(
            "{} connections wait at {} to be accepted, and its queue holds {}. The program behind it hangs or is overloaded, \
             so new connections are left waiting until they time out.{}",
            socket.queue,
            socket_text(socket),
            socket.backlog,
            case.target().map(log_tail).unwrap_or_default()
        ),
        because,
        fixes,
    })
}
