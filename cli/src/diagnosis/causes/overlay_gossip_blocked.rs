//! `overlay-gossip-blocked`: nodes do not hear who else is on an overlay network.

use std::net::IpAddr;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, run};
use crate::diagnosis::swarm::{Unheard, let_in, node_text};
use crate::report::{Fix, Severity, StageName, TargetKind};

/// The port of the gossip (libnetwork's network database, over memberlist).
const GOSSIP: u16 = 7946;

pub(super) const CAUSE: Cause = Cause {
    code: "overlay-gossip-blocked",
    summary: "a node does not hear who is on an overlay network elsewhere (port 7946, TCP and UDP)",
    page: r"
The nodes of an overlay network tell each other who is on it: names, addresses, and on which node they are. They do so by
gossip on port 7946, TCP and UDP. Where that is blocked, names of containers on other nodes are not found, and their
addresses lead nowhere. The swarm itself looks healthy all the while, for managers and nodes talk on another port (2377):
`docker node ls` says Ready, `docker service ls` says 2/2.

## How dprobe knows

A manager says that a task runs on another node, which is ready, and which address it has on the network. The engine's own
table of that network (`docker network inspect --verbose`), which the gossip fills, does not have it, and the node is
missing among the network's peers.

## Why it happens

A firewall on a node or the cloud's security group has port 2377 open, and not 7946 for both TCP and UDP. Or the nodes
advertise an address that the others cannot reach (`docker swarm init --advertise-addr`): behind NAT, on another interface.

## How to fix it

On every node, for the addresses of the others:

    iptables -I INPUT -s 198.51.100.2 -p tcp --dport 7946 -j ACCEPT
    iptables -I INPUT -s 198.51.100.2 -p udp --dport 7946 -j ACCEPT
    sudo ufw allow from 198.51.100.2 to any port 7946
    sudo firewall-cmd --permanent --add-port=7946/tcp --add-port=7946/udp && sudo firewall-cmd --reload

The nodes find each other again within a minute; nothing has to be restarted.

## How to reproduce it

On one of two nodes of a swarm, with a service on an overlay network that has a task on each:

    docker service create -d --name web --network shop --replicas 2 nginx
    iptables -I INPUT -p tcp --dport 7946 -j DROP
    iptables -I INPUT -p udp --dport 7946 -j DROP

Related: overlay-data-blocked, service-no-task, unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let unheard = case.unheard();
    let first = unheard.first()?;
    let dialled = case.dialled_addresses();
    let meant: Vec<&Unheard<'_>> = unheard
        .iter()
        .filter(|one| {
            let of_service = case.to.service.is_some() && one.task.service == case.to.service;
            of_service || dialled.contains(&one.address)
        })
        .collect();
    let through = case.gets_through();
    // A name that nobody here knows may be that of a container that was started by hand on a node that is not heard.
    let perhaps = meant.is_empty() && case.to.kind == TargetKind::Name && case.name_failed();
    if meant.is_empty() && !perhaps {
        return None;
    }
    let severity = if through || perhaps { Severity::Warning } else { Severity::Error };
    let shown = meant.first().copied().unwrap_or(first);
    let node = node_text(shown.node);
    let network = shown.network;
    let what = match &case.to.service {
        Some(service) if through => format!(
            "{} runs {} of the tasks of {service} as well, but this node has not heard of them and never sends anything there.",
            node,
            meant.len()
        ),
        Some(service) => {
            format!("By the managers' account a task of {service} runs on {node}, at {}.", shown.address)
        }
        None if perhaps => format!(
            "Nothing here is called {}, which proves little: containers of {network} on {node} are not heard of by this node, \
             and one of them may have that name.",
            case.to.host
        ),
        None => format!("By the managers' account {} belongs to a container on {node}.", shown.address),
    };
    let overlay = case.topology.networks.get(network)?.overlay.as_ref()?;
    let missing = shown.node.address.is_some_and(|address| !overlay.peers.contains(&address));
    let peers = if missing { "that node is not among the network's peers" } else { "what that node tells does not arrive" };
    let mut because = vec![format!("topology.networks.{network}"), "topology.swarm.tasks".to_owned()];
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity,
        stage: StageName::Name,
        title: format!("this node does not hear what {node} has on {network}"),
        explanation: format!(
            "{what} Nodes tell each other who is on an overlay network by gossip on port {GOSSIP}, TCP and UDP; here {peers}. \
             Most likely a firewall on that node, or between the nodes, does not let that port pass."
        ),
        because,
        fixes: fixes(case.swarm()?.address, shown.node.address),
    })
}

fn fixes(own: Option<IpAddr>, node: Option<IpAddr>) -> Vec<Fix> {
    let cloud =
        change(format!("in a cloud: let the nodes' security group accept port {GOSSIP}, TCP and UDP, from itself"));
    let (Some(own), Some(node)) = (own, node) else {
        return vec![change(format!("let port {GOSSIP}, TCP and UDP, in on every node")), cloud];
    };
    // A node that answers on this port is heard, for it is asked by TCP in the end: the one that is not heard drops.
    let protocols = ["tcp", "udp"];
    let over_there = let_in(&[own], &protocols, GOSSIP).join("; ");
    let here = Fix {
        lasting: false,
        ..run(format!("and on this node ({own}), for {node}"), let_in(&[node], &protocols, GOSSIP))
    };
    vec![
        change(format!("on the node {node}, let port {GOSSIP} in from this one: `{over_there}`")),
        here,
        run(
            "or with ufw, on both nodes, each for the address of the other",
            vec![format!("ufw allow from {node} to any port {GOSSIP}")],
        ),
        cloud,
    ]
}
