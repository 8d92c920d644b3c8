//! `embedded-dns-broken`: Docker's own resolver is not there for the source.

use dprobe_probes::lookup::DnsOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{command, run};
use crate::diagnosis::servers::EMBEDDED;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "embedded-dns-broken",
    summary: "Docker's resolver at 127.0.0.11 does not answer inside the source, so no name resolves",
    page: r"
On a network of your own every container asks the resolver that Docker keeps for it at 127.0.0.11. That address is not a
server inside the container: rules in the `nat` table of the container's own network namespace lead it to a socket of the
engine. Without those rules nothing answers there, and every name fails at once. IP addresses work as before.

## How dprobe knows

The source's `/etc/resolv.conf` names 127.0.0.11, and a question to it came back as `port unreachable`; or it stayed
without an answer although it was about a container on the source's own network, which the resolver answers by itself.

## Why it happens

A program in the container flushed the rules: a VPN client or a firewall script that begins with `iptables -F` and
`iptables -t nat -F`, in a container with `NET_ADMIN`. More rarely the engine was killed and the container lived on.

## How to fix it

The engine writes the rules when a container starts:

    docker restart web

For good: let the script leave the `nat` table alone, or the chains `DOCKER_OUTPUT` and `DOCKER_POSTROUTING` in it.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    sudo nsenter --net=$(docker inspect -f '{{.NetworkSettings.SandboxKey}}' web) iptables -t nat -F

and then `dprobe check web` with any name.

Related: dns-server-unreachable, unknown-name
",
    yields_to: &["source-network-none"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|_| case.name_failed() && case.uses_embedded() && has_network(case))?;
    let source = case.source().filter(|_| !case.from.stand_in)?;
    let gone = case.embedded_is_gone();
    if !gone && !silent_about_its_own(case) {
        return None;
    }
    let did = if gone { "nothing answers at that address any more" } else { "it did not answer" };
    let owner = case.topology.namespace_owner(source);
    // What lives in the namespace of another goes down with it and has to come up after it.
    let mut words = vec!["docker", "restart", &owner.name];
    if owner.name != source.name {
        words.push(&source.name);
    }
    let mut because = vec![lookup.id.to_owned(), Case::container_evidence(source)];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("Docker's resolver at {EMBEDDED} is broken in {}", source.name),
        explanation: format!(
            "{} asks {EMBEDDED} for every name, and {did}. Rules in its own network namespace lead that address to the \
             engine; something has removed them, a VPN or firewall script inside most likely. No name resolves, while IP \
             addresses still work. A restart writes the rules again.",
            source.name
        ),
        because,
        fixes: vec![run(format!("restart {}", words[2..].join(" and ")), vec![command(&words)])],
    })
}

/// Whether the source has anything but loopback. Without it the whole namespace is at fault, not its resolver.
fn has_network(case: &Case<'_>) -> bool {
    case.network_in(&case.from.place).is_none_or(|seen| {
        seen.fact.interfaces.iter().any(|interface| !interface.loopback && !interface.addresses.is_empty())
    })
}

/// Whether the resolver left a question unanswered that it hands on to nobody: about a running container on a network of
/// the source, by a name that the engine has for it.
fn silent_about_its_own(case: &Case<'_>) -> bool {
    let silent = case
        .embedded_queries()
        .is_some_and(|queries| queries.iter().all(|query| query.outcome == DnsOutcome::TimedOut));
    let running = case.target().filter(|target| target.state.status.has_processes());
    silent
        && case.to.kind == TargetKind::Container
        && running.is_some_and(|target| {
            let own = case.source_networks();
            target.attachments.iter().any(|(network, attachment)| {
                own.contains(&network.as_str()) && attachment.answers_to(&case.to.host)
            })
        })
}
