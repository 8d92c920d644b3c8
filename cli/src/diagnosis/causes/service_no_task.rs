//! `service-no-task`: the service exists, and none of its tasks runs.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Fix, Severity, StageName};
use crate::topology::{Service, Swarm, Task};

pub(super) const CAUSE: Cause = Cause {
    code: "service-no-task",
    summary: "the swarm knows the service, and not one task of it runs",
    page: r"
A service of a swarm is an order: so many containers of this image, on nodes that fit. Each container that is to carry it
out is a *task*. Where no task runs, nothing stands behind the service's name: the name is not found, or its address leads
to nobody.

## How dprobe knows

A manager of the swarm has the service and all its tasks, with the state of each and the reason why it is not `running`.
`docker service ps --no-trunc NAME` shows the same. A worker cannot be asked; run dprobe on a manager.

## Why it happens

- The service is scaled to zero.
- No node fits: a placement constraint that no node meets, every node drained, not enough memory left.
- The image is not on the node and cannot be pulled there (`No such image`): a local build that only one node has, or a
  private registry without `--with-registry-auth`.
- The program ends as soon as it starts (`task: non-zero exit`).

## How to fix it

    docker service scale web=1                                    # scaled to zero
    docker node update --label-add disk=ssd node-1                # a constraint on a label
    docker service update --constraint-rm node.labels.disk==ssd web
    docker service logs web                                       # the program ends

For good: let the stack file say what the nodes can do, and give each service a health check, so that an update that does
not come up is rolled back (`update_config: failure_action: rollback`).

## How to reproduce it

    docker swarm init
    docker network create -d overlay --attachable shop
    docker service create -d --name web --network shop --constraint node.labels.disk==ssd nginx

and then `dprobe check net:shop web:80`.

Related: target-not-running, overlay-gossip-blocked, unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let swarm = case.swarm().filter(|swarm| swarm.manager)?;
    let (name, service) = case.service()?;
    if case.gets_through() || swarm.tasks_of(name).any(Task::runs) {
        return None;
    }
    // A task of it that the engine runs, whatever the managers have heard of it, is a task that runs.
    if case.topology.local_tasks(name).any(|container| container.state.status.has_processes()) {
        return None;
    }
    let reason = reason(swarm, name, service);
    let mut because = vec![format!("topology.swarm.services.{name}")];
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Target,
        title: format!("no task of the service {name} runs: {}", reason.short),
        explanation: format!(
            "The swarm has the service {name}, but none of its containers runs, so nobody stands behind that name. {}",
            reason.long
        ),
        because,
        fixes: reason.fixes,
    })
}

struct Reason {
    short: String,
    long: String,
    fixes: Vec<Fix>,
}

fn reason(swarm: &Swarm, name: &str, service: &Service) -> Reason {
    if service.replicas == Some(0) {
        return Reason {
            short: "it is scaled to zero".to_owned(),
            long: "It is told to have 0 replicas.".to_owned(),
            fixes: vec![run("let one task run", vec![command(&["docker", "service", "scale", &format!("{name}=1")])])],
        };
    }
    let look = run("see what became of its tasks", vec![command(&["docker", "service", "ps", "--no-trunc", name])]);
    let troubled = swarm.tasks_of(name).find(|task| !task.error.is_empty());
    let Some(task) = troubled else {
        let state = swarm.tasks_of(name).next().map_or("not made yet", |task| task.state.as_str());
        return Reason {
            short: format!("its task is {state}"),
            long: format!("Its newest task is {state}, and the swarm names no reason; it may be on its way."),
            fixes: vec![change("wait until it runs (`dprobe check … --wait 1m`)"), look],
        };
    };
    let error = task.error.trim_end_matches('.');
    let node = swarm.node_of(task).map(|node| format!(" on {}", node.hostname)).unwrap_or_default();
    let told = format!("Its newest task is {}{node}, and the swarm says why: {error}.", task.state);
    let (long, mut fixes) = match Kind::of(task) {
        Kind::NoNode => (format!("{told}{}", constraints(service)), no_node(swarm, name, service)),
        Kind::Image => (
            format!("{told} Each node fetches the image by itself: what was built on one node is not on the others."),
            vec![change("push the image to a registry that the nodes reach, or load it on each of them (`docker load`)")],
        ),
        Kind::Ended => (
            format!("{told} The program started and ended."),
            vec![run("see why it ended", vec![command(&["docker", "service", "logs", "--tail", "20", name])])],
        ),
        Kind::Other => (told, Vec::new()),
    };
    fixes.push(look);
    Reason { short: error.to_owned(), long, fixes }
}

enum Kind {
    NoNode,
    Image,
    Ended,
    Other,
}

impl Kind {
    /// By the words of swarmkit's scheduler and of its agent.
    fn of(task: &Task) -> Self {
        let error = task.error.to_ascii_lowercase();
        if error.contains("no suitable node") || error.contains("no nodes available") {
            Self::NoNode
        } else if error.contains("image") && ["no such", "not found", "pull"].iter().any(|word| error.contains(word)) {
            Self::Image
        } else if error.contains("non-zero exit") || task.state == "complete" {
            Self::Ended
        } else {
            Self::Other
        }
    }
}

fn constraints(service: &Service) -> String {
    match service.constraints.as_slice() {
        [] => String::new(),
        some => format!(" It may run only where this holds: {}.", some.join(", ")),
    }
}

/// What lets it be placed: a label that a constraint asks for, one constraint less, a node that takes tasks again.
fn no_node(swarm: &Swarm, name: &str, service: &Service) -> Vec<Fix> {
    let usable = |state: &str| swarm.nodes.iter().any(|node| node.state == "ready" && node.availability == state);
    let mut fixes = Vec::new();
    if !usable("active") {
        let drained = swarm.nodes.iter().find(|node| node.state == "ready");
        fixes.extend(drained.map(|node| {
            let words = ["docker", "node", "update", "--availability", "active", &node.id];
            run(format!("let {} take tasks again", node.hostname), vec![command(&words)])
        }));
    }
    let own = swarm.nodes.iter().find(|node| node.id == swarm.node).or(swarm.nodes.first());
    if let ([constraint], Some(node)) = (service.constraints.as_slice(), own) {
        let label = constraint.strip_prefix("node.labels.").and_then(|rest| rest.split_once("=="));
        fixes.extend(label.map(|(key, value)| {
            let label = format!("{}={}", key.trim(), value.trim());
            let words = ["docker", "node", "update", "--label-add", &label, &node.id];
            run(format!("give a node the label that is asked for, such as {}", node.hostname), vec![command(&words)])
        }));
    }
    if !service.constraints.is_empty() {
        let mut words = vec!["docker", "service", "update"];
        for constraint in &service.constraints {
            words.extend(["--constraint-rm", constraint]);
        }
        words.push(name);
        fixes.push(run("or ask for less", vec![command(&words)]));
    }
    fixes
}
