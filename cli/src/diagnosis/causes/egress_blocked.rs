//! `egress-blocked`: something keeps the source from the outside.

use dprobe_probes::tcp::TcpOutcome;

use super::firewall_drop::packets;
use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "egress-blocked",
    summary: "packets to the outside are dropped or refused on the way, by a firewall or for want of an uplink",
    page: r"
The name resolves and the container has a way out, and still nothing outside answers: a firewall on the host or behind it
stands in between, or the host itself has no uplink.

## How dprobe knows

The connect gets no answer. dprobe dials the same from the host: where the host gets through, it is something on the host
that treats containers in another way; where it does not either, Docker has nothing to do with it. As root on the
engine's machine (or with `--deep`) it watches the packet filter's counters and quotes the rule that caught the connect.

## Why it happens

A rule in `DOCKER-USER` or `FORWARD` that is too wide; a company's firewall that wants a proxy to be used; a VPN that
takes the default route away; no uplink at all; or a server outside that is down.

## How to fix it

Delete the rule that dprobe names, or let the traffic pass before it. Where the host does not get through either, mend that
first: `curl` on the host has to work before any container's can.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    iptables -I DOCKER-USER -s 172.18.0.0/16 ! -d 172.18.0.0/16 -j DROP

Related: firewall-drop, ip-forward-off, masquerade-off, internal-network
",
    yields_to: &[
        "source-netns-stranded",
        "ip-forward-off",
        "masquerade-off",
        "engine-rules-wiped",
        "wrong-default-gateway",
        "internal-network",
        "subnet-overlap",
        "bridge-down",
        "proxy-required",
    ],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.to_outside() || !case.from_container() || case.gets_through() || case.dials().is_empty() {
        return None;
    }
    let failed = if case.lost() { case.dials() } else { case.rejected() };
    let culprit = case.culprit().filter(|_| !failed.is_empty());
    let host = case.host_dials();
    let host_passes = host.iter().any(|dial| dial.fact.outcome == TcpOutcome::Connected);
    if culprit.is_none() && (case.unanswered().is_empty() || host.is_empty()) {
        return None;
    }
    let target = case.address_text();
    let place = &case.from.place;
    let mut because: Vec<String> = failed.iter().chain(&host).map(|dial| dial.id.to_owned()).collect();
    let (severity, title, explanation, fixes) = match culprit {
        Some(culprit) => {
            because.push(culprit.id.to_owned());
            let does = if culprit.rejects() { "refuses" } else { "drops" };
            (
                Severity::Error,
                format!("{} {does} what {place} sends to {target}: `{}`", culprit.whose(), culprit.text()),
                format!(
                    "{place} has a way out, but a firewall rule on it {does} the packets. While dprobe dialled once more, it \
                     caught {}.{}",
                    packets(&culprit),
                    if host_passes { " The host itself gets through." } else { "" }
                ),
                culprit.fixes(case),
            )
        }
        None if host_passes => (
            Severity::Error,
            format!("{target} answers the host and not {place}: something on the host keeps containers inside"),
            format!(
                "From the host the same address answers, so the target and the uplink are well. What {place} sends is lost \
                 on the host: a firewall rule on traffic that is forwarded. {}",
                case.which_rule()
            ),
            case.find_the_rule(),
        ),
        None => (
            Severity::Warning,
            format!("{target} does not answer the host either"),
            format!(
                "Neither {place} nor the host itself gets an answer from {target}, so Docker's networks have nothing to do with \
                 it. Either the server is down, or a firewall between here and there drops what this host sends, or the host \
                 has no uplink. Whether other places answer tells these apart."
            ),
            vec![change(format!("make {target} answer the host first; ask whoever runs the server or the firewall in between"))],
        ),
    };
    Some(Found { severity, stage: StageName::Tcp, title, explanation, because, fixes })
}
