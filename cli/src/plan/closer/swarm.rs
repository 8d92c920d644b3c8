//! Whether the way to another node of a swarm is blocked, or only a service's virtual address.

use std::net::IpAddr;
use std::time::Duration;

use dprobe_probes::ping::PingAsk;
use dprobe_probes::tcp::TcpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::{Case, Reach};
use crate::topology::Protocol;

/// How long an echo from another node may take.
const ECHO: Duration = Duration::from_secs(1);
/// How long a task may take to accept: a little more than it takes until the kernel sends a second SYN.
const CONNECT: Duration = Duration::from_millis(1200);
/// How many tasks of a service are tried, and how many other addresses on a node.
const TASKS: usize = 8;
const NEIGHBOURS: usize = 3;

/// Dials the tasks behind a virtual address, and asks the addresses on other nodes that do not answer for an echo, with some
/// of their neighbours there: a program may leave a connect unanswered, a kernel does not leave all of them.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let Some(port) = case.to.port.filter(|_| case.to.protocol == Protocol::Tcp && case.topology.swarm.is_some()) else {
        return;
    };
    if case.reach() == Reach::Yes || case.dials().is_empty() {
        return;
    }
    let place = &case.from.place;
    let mut tasks: Vec<IpAddr> = case.task_addresses();
    tasks.truncate(TASKS);
    if let Some(vip) = case.dialled_vip() {
        // The virtual one once more, for it may only have been early.
        for address in tasks.iter().chain([&vip]) {
            let timeout_ms = millis(limits.timeout.min(CONNECT));
            round.ask(place, Probe::Tcp(TcpAsk { host: address.to_string(), port, timeout_ms, watch_ms: 0 }));
        }
    }
    let echo = |round: &mut Round, address: &IpAddr| {
        let timeout_ms = millis(limits.timeout.min(ECHO));
        round.ask(place, Probe::Ping(PingAsk { host: address.to_string(), timeout_ms, size: 0, fill: false }));
    };
    let mut nodes: Vec<IpAddr> = Vec::new();
    for address in &tasks {
        if let Some(node) = case.topology.other_node(*address) {
            echo(round, address);
            nodes.push(node);
        }
    }
    nodes.sort();
    nodes.dedup();
    for node in nodes {
        case.neighbours(node, &tasks).iter().take(NEIGHBOURS).for_each(|address| echo(round, address));
    }
}
