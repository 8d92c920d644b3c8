//! `ipv6-no-route`: the target has IPv6 addresses only, and the source has no way to any.

use std::net::IpAddr;

use dprobe_probes::errno::Errno;
use dprobe_probes::lookup::AnswerSource;
use dprobe_probes::network::NetworkFact;
use dprobe_probes::tcp::TcpOutcome;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_service};
use crate::report::{Fix, Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "ipv6-no-route",
    summary: "the name leads to IPv6 addresses only, and the source has no IPv6",
    page: r"
Docker's networks are IPv4 only unless they are made with `--ipv6`. A container on such a network has no IPv6 address and no
IPv6 route: a connect to an IPv6 address ends at once with `Network is unreachable` or `Cannot assign requested address`. It
matters where a name has no IPv4 address to fall back to, or a program insists on IPv6.

## How dprobe knows

Every address that was dialled is an IPv6 one and failed at once for want of a route or of an address of its own, and the
routes of the source have none that leads there.

## Why it happens

The server has IPv6 only, or a DNS server gives out the AAAA record alone. From the host it works, for the host has IPv6.

## How to fix it

Use an IPv4 address or name of the target, where it has one. Otherwise give the container IPv6, by a network that has it:

    docker network create --ipv6 --subnet fd00:db8:1::/64 six
    docker network connect six web

For the way to the outside the host itself needs IPv6, and the engine NAT for it (`ip6tables`, on by default since Engine 27;
`experimental` and `ip6tables` in `daemon.json` before).

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    dprobe check web '[2001:db8::7]:443'

Related: bind-one-family, dns-name-not-found
",
    yields_to: &["source-network-none", "internal-network"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let dials = case.dials();
    let no_way = |outcome: TcpOutcome, errno: Option<Errno>| {
        outcome == TcpOutcome::NetworkUnreachable
            || matches!(errno, Some(Errno::AddressNotAvailable | Errno::NetworkUnreachable))
    };
    let address = dials.first()?.fact.address;
    if !dials.iter().all(|dial| dial.fact.address.is_ipv6() && no_way(dial.fact.outcome, dial.fact.errno))
        || dials.iter().any(|dial| dial.fact.address.is_loopback())
    {
        return None;
    }
    let network = case.network_in(&case.from.place)?;
    if dials.iter().any(|dial| leads_to(network.fact, dial.fact.address)) {
        return None;
    }
    let place = &case.from.place;
    let from_dns = case.lookup().filter(|lookup| {
        lookup.fact.answers.iter().any(|answer| answer.source == AnswerSource::Dns)
    });
    let whose = match &from_dns {
        Some(_) => format!("DNS has no IPv4 address for {}, only {address}", case.to.host),
        None => format!("{address} is an IPv6 address"),
    };
    let networks = case.source_networks();
    let off = networks.iter().all(|key| case.topology.networks.get(*key).is_some_and(|network| !network.ipv6));
    let why = if case.from_host() {
        "the host has no IPv6 route to it".to_owned()
    } else if off && !networks.is_empty() {
        format!("IPv6 is off on {}, as it is unless a network is made with `--ipv6`", networks.join(", "))
    } else {
        format!("{place} has no IPv6 route to it")
    };
    let mut because: Vec<String> = dials.iter().map(|dial| dial.id.to_owned()).collect();
    because.push(network.id.to_owned());
    because.extend(from_dns.map(|lookup| lookup.id.to_owned()));
    because.extend(networks.iter().map(|network| format!("topology.networks.{network}")));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{place} has no IPv6, and {} has nothing else", case.to.host),
        explanation: format!(
            "{whose}, and {why}. A connect there ends at once with `network unreachable` or `address not available`, whatever \
             the target does."
        ),
        because,
        fixes: fixes(case),
    })
}

/// Whether a route of the namespace covers the address.
fn leads_to(network: &NetworkFact, address: IpAddr) -> bool {
    network.routes.iter().any(|route| {
        ipnet::IpNet::new(route.destination.address, route.destination.prefix)
            .is_ok_and(|range| range.contains(&address))
    })
}

fn fixes(case: &Case<'_>) -> Vec<Fix> {
    let place = &case.from.place;
    let mut fixes = vec![change(format!("dial an IPv4 address or name of {}, where it has one", case.to.host))];
    if case.from_host() {
        fixes.push(change("give the host an IPv6 address and route"));
        return fixes;
    }
    let compose = case.source().and_then(|source| compose_service(source, "networks:\n  - six"));
    let compose = compose.map(|service| format!("{service}\nnetworks:\n  six:\n    enable_ipv6: true"));
    fixes.push(
        change(format!(
            "or put {place} on a network made with `docker network create --ipv6 --subnet fd00:db8:1::/64 NAME`; for the way \
             outside the host needs IPv6 as well"
        ))
        .with_compose(compose),
    );
    fixes
}
