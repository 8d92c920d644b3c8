//! `firewall-reject`: a packet filter refuses what goes from the source to a good listener.

use super::{Cause, Found};
use super::firewall_drop::packets;
use crate::diagnosis::case::Case;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "firewall-reject",
    summary: "a firewall rule refuses the connection at once, although the target listens",
    page: r"
The target listens where it should and still the connection is refused, or there is `no route to host`, at once. It is not
the target that refuses: a rule with `REJECT` in a packet filter answers in its place.

## How dprobe knows

A right listener never refuses, so somebody else did. The error comes at once and comes again. As root on the engine's
machine (or with `--deep`) dprobe watches the packet filter's counters while it dials again and quotes the rule whose
counter rose.

## Why it happens

`REJECT` without more looks like a closed port (`connection refused`); `--reject-with tcp-reset` as well; firewalld's way,
`icmp-host-prohibited`, looks like `no route to host`. So a firewall is easily taken for a server that is not there.

## How to fix it

Delete the rule that dprobe names, or let the traffic pass before it:

    iptables -D DOCKER-USER -p tcp --dport 27017 -j REJECT

For good: change it where it comes from (the firewall's configuration, a script at start), or it is back after a reboot.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx && docker run -d --name mongodb --network favorites-net mongo
    iptables -I DOCKER-USER -p tcp --dport 27017 -j REJECT --reject-with tcp-reset

Related: firewall-drop, nothing-listening, host-firewall
",
    yields_to: &["vip-broken", "engine-rules-wiped", "source-netns-stranded", "link-stale"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() || !case.is_between_containers() || case.parted() {
        return None;
    }
    let rejected = case.rejected();
    let culprit = case.culprit().filter(|culprit| culprit.rejects() && !rejected.is_empty());
    let of_target = rejected.iter().any(|dial| case.is_of_target(dial.fact.address));
    let inferred = of_target && case.listens_well() && !case.dials_host() && case.dialled_vip().is_none();
    if culprit.is_none() && !inferred {
        return None;
    }
    let target = case.address_text();
    let mut because: Vec<String> = rejected.iter().map(|dial| dial.id.to_owned()).collect();
    because.extend(case.listening().map(|(seen, _)| seen.id.to_owned()));
    let listens = if case.listens_well() { "The target listens where it should" } else { "It is not the target that answers" };
    let (title, explanation, fixes) = match culprit {
        Some(culprit) => {
            because.push(culprit.id.to_owned());
            (
                format!("{} refuses what goes to {target}: `{}`", culprit.whose(), culprit.text()),
                format!(
                    "{listens}; a firewall rule answers in its place. While dprobe dialled once more, it caught {}.",
                    packets(&culprit)
                ),
                culprit.fixes(case),
            )
        }
        None => (
            format!("a firewall refuses what goes to {target}, in the target's place"),
            format!(
                "{listens}, and such a socket refuses nobody. Who refused is a rule with `REJECT` on the way. {}",
                case.which_rule()
            ),
            case.find_the_rule(),
        ),
    };
    Some(Found { severity: Severity::Error, stage: StageName::Tcp, title, explanation, because, fixes })
}
