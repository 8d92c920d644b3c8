//! `vip-broken`: the tasks of a service answer, its virtual address does not.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, dial, run};
use crate::diagnosis::listening::Listening;
use crate::report::{Fix, Severity, StageName};
use crate::resolve::HOST;
use crate::topology::{Protocol, Task};
use dprobe_probes::tcp::TcpOutcome;

pub(super) const CAUSE: Cause = Cause {
    code: "vip-broken",
    summary: "a service's tasks answer, its virtual address does not",
    page: r"
The name of a swarm service stands for one virtual address (VIP). The kernel of the node hands each connection to that
address on to one of the tasks, by IPVS. Ports that a service publishes take the same way: the routing mesh. Where IPVS
does not work, neither does, although every task is well.

## How dprobe knows

The name was resolved to the service's virtual address and nobody answered there; the addresses of its tasks, which
`tasks.NAME` stands for, were dialled from the same place and answered. For a published port: the task listens, and the
node has no socket on the port that the mesh should hold open.

## Why it happens

- The kernel has no IPVS, or its module is not loaded (`ip_vs`): small or hardened kernels, some virtual machines.
- A node's table of tasks is out of date: an address of a task that is gone is still handed out, so some connections fail.
- A connection that was idle for 15 minutes was forgotten by IPVS; TCP keepalive below that is the cure.

## How to fix it

Dial `tasks.web` instead of `web`: that name stands for the addresses of the tasks. Or let the service's own name do so; then
nothing is virtual any more. The virtual address is forgotten only with the last task, so take them away meanwhile:

    docker service scale web=0
    docker service update --endpoint-mode dnsrr web
    docker service scale web=2

A service that publishes ports by the mesh cannot do that. Let the nodes that run it publish them themselves:

    docker service update --publish-rm published=8080,target=80 --publish-add published=8080,target=80,mode=host web

For good: `sudo modprobe ip_vs`, see that the kernel has it (`grep IP_VS /boot/config-$(uname -r)`), and restart the engine.

## How to reproduce it

On a kernel without IPVS:

    docker swarm init
    docker network create -d overlay --attachable shop
    docker service create -d --name web --network shop nginx

and then `dprobe check net:shop web:80`.

Related: service-no-task, overlay-data-blocked
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    virtual_address(case).or_else(|| routing_mesh(case))
}

fn virtual_address(case: &Case<'_>) -> Option<Found> {
    let vip = case.dialled_vip()?;
    let (service, port) = (case.to.service.as_deref()?, case.to.port?);
    let failed = case.dial_of(vip, port).filter(|dial| is_lost(dial.fact.outcome))?;
    if case.connected().any(|dial| dial.fact.address == vip && dial.fact.port == port) {
        return None;
    }
    let answering: Vec<_> = case
        .task_addresses()
        .into_iter()
        .filter_map(|address| case.dial_of(address, port))
        .filter(|dial| dial.fact.outcome == TcpOutcome::Connected)
        .collect();
    let first = answering.first()?;
    let mut because = vec![failed.id.to_owned()];
    because.extend(answering.iter().map(|dial| dial.id.to_owned()));
    let mut fixes = vec![dial("dial the tasks themselves", host_port(&format!("tasks.{service}"), port))];
    fixes.extend(by_tasks(case, service));
    fixes.push(kernel());
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("the virtual address of {service} does not answer, its tasks do"),
        explanation: format!(
            "{} stands for the virtual address {vip}, which the kernel of this node is to hand on to one of the tasks (IPVS). \
             Nobody answers there, but a task itself does, at {}. So the service is well, and the way by the virtual \
             address is broken on this node.",
            case.to.host,
            host_port(&first.fact.address.to_string(), port)
        ),
        because,
        fixes,
    })
}

/// A refusal comes from a task: the virtual address did its part.
fn is_lost(outcome: TcpOutcome) -> bool {
    matches!(outcome, TcpOutcome::TimedOut | TcpOutcome::HostUnreachable | TcpOutcome::NetworkUnreachable)
}

/// Lets the name stand for the tasks. No task may be there meanwhile: the resolver forgets the virtual address only with the
/// last of them. The swarm refuses it where the service has ports in the mesh.
fn by_tasks(case: &Case<'_>, name: &str) -> Option<Fix> {
    let (_, service) = case.service()?;
    if service.ports.iter().any(|port| port.ingress) {
        return None;
    }
    let docker = |words: &[&str]| command(&[&["docker", "service"], words].concat());
    let scale = |count: u64| docker(&["scale", &format!("{name}={count}")]);
    let update = docker(&["update", "--endpoint-mode", "dnsrr", name]);
    let title = "let the name stand for the tasks' own addresses; the service is away for a moment";
    Some(run(title, vec![scale(0), update, scale(service.replicas?)]))
}

/// The mesh of this node, where it does not even hold the port open.
fn routing_mesh(case: &Case<'_>) -> Option<Found> {
    let port = case.to.port.filter(|_| case.dials_host() && !case.gets_through())?;
    let swarm = case.swarm()?;
    let (service, published) = swarm.publisher(port, case.to.protocol).filter(|_| case.to.protocol == Protocol::Tcp)?;
    let sockets = case.listeners_in(HOST)?;
    let held = sockets.fact.sockets.iter().any(|socket| socket.protocol == Protocol::Tcp && socket.port == port);
    if held || !swarm.tasks_of(service).any(Task::runs) {
        return None;
    }
    // A task that does not serve the port is another fault; what is on other nodes cannot be seen.
    let heard = case.listening().filter(|_| case.target().is_some());
    if heard.is_some_and(|(_, found)| !matches!(found, Listening::Good(_))) {
        return None;
    }
    let mut because = vec![format!("topology.swarm.services.{service}"), sockets.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let old = format!("published={port},target={}", published.target);
    let new = format!("{old},mode=host");
    let by_node = run(
        "let the nodes that run it publish the port themselves",
        vec![command(&["docker", "service", "update", "--publish-rm", &old, "--publish-add", &new, service])],
    );
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("the routing mesh of this node does not answer for port {port} of {service}"),
        explanation: format!(
            "The service {service} publishes port {port} on every node of the swarm, and a task of it runs. The engine should \
             hold that port open and let the kernel hand connections on (IPVS), but nothing on this node has the port."
        ),
        because,
        fixes: vec![by_node, kernel()],
    })
}

fn kernel() -> Fix {
    change("or give the kernel its IPVS: `sudo modprobe ip_vs`, then restart the engine")
}
