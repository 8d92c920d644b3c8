//! `firewall-drop`: a packet filter drops what goes from the source to a good listener.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::filter::Culprit;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "firewall-drop",
    summary: "a firewall rule drops the packets between source and target without a word",
    page: r"
The target listens where it should, both are on one network, and still nothing comes back: a rule of a packet filter
(iptables, nftables) drops the packets. Nobody is told, so the source waits until it gives up.

## How dprobe knows

The target has the right listening socket, its queue is not full, it is not paused, and the connect gets no answer. As
root on the engine's machine (or with `--deep`) dprobe reads the packet filter's counters, dials again, and reads them
once more: the rule whose counter rose is the culprit, and it is quoted. Without those rights dprobe can only say that a
rule is what is left, not which.

## Why it happens

Docker sends the traffic of its networks through the host's `FORWARD` chain, and `DOCKER-USER` is the place for rules of
one's own. A rule there that is meant for the outside often hits containers as well; firewalls such as ufw and firewalld
bring rules of their own. A rule may also live inside the namespace of one of the two containers.

## How to fix it

Delete the rule that dprobe names, or let the traffic pass before it:

    iptables -D DOCKER-USER -p tcp --dport 27017 -j DROP

For good: change it where it comes from (the firewall's configuration, a script at start), or it is back after a reboot.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx && docker run -d --name mongodb --network favorites-net mongo
    iptables -I DOCKER-USER -p tcp --dport 27017 -j DROP

Related: firewall-reject, icc-disabled, accept-queue-full, host-firewall
",
    yields_to: &["vip-broken", "engine-rules-wiped", "subnet-overlap", "bridge-down", "source-netns-stranded", "link-stale"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.gets_through() || !case.is_between_containers() || case.parted() {
        return None;
    }
    let unanswered = case.unanswered();
    let culprit = case.culprit().filter(|culprit| !culprit.rejects() && !unanswered.is_empty());
    let of_target = unanswered.iter().any(|dial| case.is_of_target(dial.fact.address));
    let inferred = of_target && case.listens_well() && !case.has_other_reason_for_silence();
    if culprit.is_none() && !inferred {
        return None;
    }
    let target = case.address_text();
    let mut because: Vec<String> = unanswered.iter().map(|dial| dial.id.to_owned()).collect();
    because.extend(case.listening().map(|(seen, _)| seen.id.to_owned()));
    because.extend(unanswered.iter().filter_map(|dial| case.arp(dial.fact.address)).map(|seen| seen.id.to_owned()));
    let listens = if case.listens_well() { "The target listens where it should, but packets" } else { "Packets" };
    Some(match culprit {
        Some(culprit) => {
            because.push(culprit.id.to_owned());
            Found {
                severity: Severity::Error,
                stage: StageName::Tcp,
                title: format!("{} drops what goes to {target}: `{}`", culprit.whose(), culprit.text()),
                explanation: format!(
                    "{listens} from {} to {target} never arrive. While dprobe dialled once more, this rule caught {}, \
                     and nobody is told of a dropped packet, so the source waits in vain.",
                    case.from.place,
                    packets(&culprit)
                ),
                because,
                fixes: culprit.fixes(case),
            }
        }
        None => Found {
            severity: Severity::Error,
            stage: StageName::Tcp,
            title: format!("something on the way drops what goes to {target}"),
            explanation: format!(
                "{listens} from {} get no answer, and everything else on the way was seen to be right: a firewall rule is \
                 what is left. {}",
                case.from.place,
                case.which_rule()
            ),
            because,
            fixes: case.find_the_rule(),
        },
    })
}

/// How many packets a rule caught, in words.
pub(super) fn packets(culprit: &Culprit<'_>) -> String {
    match culprit.caught() {
        1 => "1 packet".to_owned(),
        many => format!("{many} packets"),
    }
}
