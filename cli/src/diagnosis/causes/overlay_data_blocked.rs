//! `overlay-data-blocked`: packets of an overlay network do not get from node to node.

use std::net::IpAddr;

use dprobe_probes::tcp::TcpOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::reach::Reach;
use crate::diagnosis::fixes::{change, run};
use crate::diagnosis::swarm::{iptables, let_in};
use crate::report::{Fix, Severity, StageName};
use crate::topology::Network;

/// The port that a swarm uses where nobody chose another.
const VXLAN: u16 = 4789;

pub(super) const CAUSE: Cause = Cause {
    code: "overlay-data-blocked",
    summary: "an overlay network's packets do not get from node to node (UDP port 4789)",
    page: r"
An overlay network spans several machines. What containers send each other across them is packed into UDP datagrams
(VXLAN, RFC 7348) from node to node, to port 4789. Names travel another way (port 7946), so they resolve even where not one
packet gets through.

## How dprobe knows

The name was found, and by the engine's own account the address is on another node, which takes part in the network. The
connect had no answer, an echo had none either, and no other address on that node gave a sign of life: what all of them
share is the way between the nodes. ARP is no help here: each node answers it for the others.

## Why it happens

- A firewall on a node, or the cloud's security group, lets 7946 and 2377 through but not 4789/udp.
- Between the nodes is VMware NSX or another VXLAN, which uses port 4789 itself and swallows the datagrams.
- The network is encrypted (`--opt encrypted`), and IP protocol 50 (ESP) is blocked.
- Its look-alike: an echo gets through and TCP does not. Then packets arrive damaged (checksum offload of a virtual network
  card: `ethtool -K eth0 tx-checksum-ip-generic off`) or too large (the MTU between the nodes).

## How to fix it

On every node, for the addresses of the others. VXLAN is not protected by itself, so do not open it to everybody:

    iptables -I INPUT -s 198.51.100.2 -p udp --dport 4789 -j ACCEPT
    sudo ufw allow proto udp from 198.51.100.2 to any port 4789
    sudo firewall-cmd --permanent --add-port=4789/udp && sudo firewall-cmd --reload

An encrypted network (`--opt encrypted`) is carried by ESP instead. The engine drops its packets where they come without
encryption; accept what IPsec has checked, and not the whole port, for a rule at the top would get ahead of that:

    iptables -I INPUT -s 198.51.100.2 -p esp -j ACCEPT
    iptables -I INPUT -s 198.51.100.2 -p udp --dport 4789 -m policy --dir in --pol ipsec -j ACCEPT

In a cloud, let the security group of the nodes accept UDP 4789 from itself. Under NSX, make the swarm anew with another
port: `docker swarm init --data-path-port 7777`.

## How to reproduce it

On one of two nodes of a swarm, with a container on an attachable overlay network on each:

    docker network create -d overlay --attachable shop
    docker run -d --name db --network shop redis
    iptables -I INPUT -p udp --dport 4789 -j DROP

Related: overlay-gossip-blocked, vip-broken, service-no-task
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let port = case.to.port?;
    if case.reach() == Reach::Yes {
        return None;
    }
    let tasks = case.task_addresses();
    let node = tasks.iter().find_map(|address| {
        let node = case.topology.other_node(*address)?;
        let silent = case.dial_of(*address, port).is_some_and(|dial| dial.fact.outcome == TcpOutcome::TimedOut);
        silent.then_some(node)
    })?;
    let here: Vec<IpAddr> =
        tasks.iter().copied().filter(|address| case.topology.other_node(*address) == Some(node)).collect();
    let there: Vec<IpAddr> = here.iter().copied().chain(case.neighbours(node, &here)).collect();
    // One sign of life from that node is enough: it is something else then.
    let alive = |address: &IpAddr| {
        let answered = case.dial_of(*address, port).is_some_and(|dial| dial.fact.outcome != TcpOutcome::TimedOut);
        answered || case.echo_of(*address).is_some_and(|echo| echo.fact.replied)
    };
    let asked: Vec<_> = there.iter().filter_map(|address| case.echo_of(*address)).collect();
    let (key, _) = case.topology.endpoint(*here.first()?)?;
    let network = case.topology.networks.get(key)?;
    let takes_part = network.overlay.as_ref().is_some_and(|overlay| overlay.peers.contains(&node));
    if !takes_part || asked.is_empty() || there.iter().any(alive) {
        return None;
    }
    let swarm = case.swarm()?;
    let own = swarm.address?;
    let data_port = swarm.data_port.unwrap_or(VXLAN);
    let mut because = vec![format!("topology.networks.{key}")];
    because.extend(here.iter().filter_map(|address| case.dial_of(*address, port)).map(|dial| dial.id.to_owned()));
    because.extend(asked.iter().map(|echo| echo.id.to_owned()));
    let guard = match case.topology.networks.values().any(Network::is_encrypted) {
        false => Guard::None,
        true if network.is_encrypted() => Guard::This,
        true => Guard::Other,
    };
    let esp = if guard == Guard::This {
        " The network is encrypted: what passes between the nodes is IP protocol 50 (ESP), and both kernels have to know IPsec."
    } else {
        ""
    };
    let partly = if case.reach() == Reach::Partly { " What runs on this node answers." } else { "" };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("nothing of {key} gets through to the node {node}"),
        explanation: format!(
            "{} is at {} on another node, {node}. The nodes know of each other, so the name is found, but neither a connect nor \
             an echo to any address there is answered.{partly} Nodes carry overlay networks to each other by UDP port \
             {data_port}; most likely a firewall on or between them does not let it pass.{esp}",
            case.to.host,
            here.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ),
        because,
        fixes: fixes(own, node, data_port, guard),
    })
}

/// What lets the packets in. The engine guards its encrypted networks by a rule that drops their packets where they come
/// without encryption; a rule that accepts all of the port would stand before it, so none is printed where there is such a
/// network.
fn fixes(own: IpAddr, node: IpAddr, port: u16, guard: Guard) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let rules = |peer: IpAddr| match guard {
        Guard::None => let_in(&[peer], &["udp"], port),
        Guard::This => {
            let program = iptables(peer);
            vec![
                format!("{program} -I INPUT -s {peer} -p esp -j ACCEPT"),
                format!("{program} -I INPUT -s {peer} -p udp --dport {port} -m policy --dir in --pol ipsec -j ACCEPT"),
            ]
        }
        Guard::Other => Vec::new(),
    };
    let what = match guard {
        Guard::None | Guard::Other => format!("UDP port {port}"),
        Guard::This => "ESP (IP protocol 50)".to_owned(),
    };
    if guard == Guard::Other {
        fixes.push(change(format!(
            "find the rule that drops {what} on this node ({own}) or on {node}, and take it out; do not accept the port ahead of \
             the engine's own rules, which guard an encrypted network (`iptables -S INPUT`)"
        )));
    } else {
        let title = format!("let {what} in from {node}, on this node ({own})");
        fixes.push(Fix { lasting: false, ..run(title, rules(node)) });
        fixes.push(change(format!("and on the node {node} the same for this one: `{}`", rules(own).join("; "))));
    }
    let ufw = match guard {
        Guard::None => Some(format!("ufw allow proto udp from {node} to any port {port}")),
        Guard::This => Some(format!("ufw allow proto esp from {node}")),
        Guard::Other => None,
    };
    fixes.extend(ufw.map(|ufw| run("with ufw, on both nodes, each for the address of the other", vec![ufw])));
    fixes.push(change(format!("in a cloud: let the nodes' security group accept {what} from itself")));
    fixes
}

/// Whether there is an encrypted network whose guard a rule must not get ahead of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// There is none.
    None,
    /// It is the network that is blocked.
    This,
    /// It is another one.
    Other,
}
