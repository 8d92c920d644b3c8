//! `host-firewall`: the host's firewall keeps containers from a service of the host.

use super::{Cause, Found};
use super::firewall_drop::packets;
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::filter::source_range;
use crate::diagnosis::fixes::{change, command, run};
use crate::diagnosis::listening::Listening;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "host-firewall",
    summary: "the host's firewall keeps containers from a service that listens on the host",
    page: r"
A service on the host listens on every address, and containers still do not reach it: the host's own firewall drops or
rejects what comes in from Docker's bridges. To the host, a container is a stranger like any other.

## How dprobe knows

The host has the right listening socket, and a connect from the container to the host gets no answer (ufw), or `no route to
host` at once (firewalld). As root on the engine's machine (or with `--deep`) dprobe watches the firewall's counters
while it dials again and quotes the rule whose counter rose.

## Why it happens

Docker opens the way between containers and to the outside by itself. The way from a container to the host itself goes
through the host's `INPUT` chain, which belongs to the host's firewall, and that lets in only what it was told to.

## How to fix it

Let the subnet of the container's network in, at the port in question:

    ufw allow proto tcp from 172.18.0.0/16 to any port 5432

With firewalld: `firewall-cmd --permanent --zone=trusted --add-source=172.18.0.0/16 && firewall-cmd --reload`. Rules made
with these commands last.

## How to reproduce it

    python3 -m http.server 8000 --bind 0.0.0.0 &
    iptables -I INPUT -i docker0 -p tcp --dport 8000 -j DROP
    docker run -d --name web nginx && dprobe check web gateway:8000

Related: host-bind-loopback, host-not-listening, firewall-drop
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() || case.to.kind != TargetKind::Host || case.from_host() {
        return None;
    }
    let port = case.to.port?;
    let (listeners, listens) = case
        .host_listening()
        .map_or((None, false), |(seen, found)| (Some(seen.id), matches!(found, Listening::Good(_))));
    let (unanswered, rejected) = (case.unanswered(), case.rejected());
    let failed = if unanswered.is_empty() { &rejected } else { &unanswered };
    let culprit = case.culprit().filter(|culprit| !failed.is_empty() && culprit.is_for_the_host(case));
    // What a container publishes there is let in by the engine, and has its own ways to fail.
    let inferred = !failed.is_empty() && listens && case.target().is_none();
    if culprit.is_none() && !inferred {
        return None;
    }
    let mut because: Vec<String> = failed.iter().map(|dial| dial.id.to_owned()).collect();
    because.extend(listeners.map(str::to_owned));
    let from = source_range(case);
    let place = &case.from.place;
    let (title, explanation, mut fixes) = match culprit {
        Some(culprit) => {
            because.push(culprit.id.to_owned());
            (
                format!("the host's firewall keeps {place} from port {port}: `{}`", culprit.text()),
                format!(
                    "To the host's firewall, {place} is a stranger who comes in from a bridge. While dprobe dialled once more, \
                     this rule caught {}. From the host itself the port answers, because the rule is not asked there.",
                    packets(&culprit)
                ),
                culprit.fixes(case),
            )
        }
        None => (
            format!("the host listens on port {port}, but its firewall keeps {place} out"),
            format!(
                "A program on the host listens on {}, and what {place} sends there is {}. That is what a host's firewall \
                 does with what comes in from a bridge and was not allowed. {}",
                host_port(&case.to.host, port),
                if unanswered.is_empty() { "refused by somebody else" } else { "left without an answer" },
                case.which_rule()
            ),
            from.iter()
                .map(|from| {
                    let port = port.to_string();
                    let protocol = case.to.protocol.to_string();
                    run(
                        "let the container's network in (ufw; other firewalls have a like command)",
                        vec![command(&["ufw", "allow", "proto", &protocol, "from", from, "to", "any", "port", &port])],
                    )
                })
                .chain(case.find_the_rule())
                .collect(),
        ),
    };
    if fixes.is_empty() {
        fixes.push(change("allow the container's network in the host's firewall"));
    }
    Some(Found { severity: Severity::Error, stage: StageName::Tcp, title, explanation, because, fixes })
}
