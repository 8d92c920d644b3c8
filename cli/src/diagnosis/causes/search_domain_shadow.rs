//! `search-domain-shadow`: a search domain answers to the name before Docker's resolver does, or instead of it.

use dprobe_probes::lookup::{DnsOutcome, LookupOutcome};

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_service, dial};
use crate::diagnosis::servers::WILDCARD_LABEL;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;

pub(super) const CAUSE: Cause = Cause {
    code: "search-domain-shadow",
    summary: "the name of a container resolves outside, because a search domain answers to it",
    page: r"
A lookup does not ask for the name alone. The search list of `/etc/resolv.conf` is tried as well: with `search corp.test`,
`mongodb` is also asked for as `mongodb.corp.test`. If that domain has a wildcard, it answers to every name, and the program
connects to a machine outside instead of to the container.

Which is asked first depends on `ndots`: a name with fewer dots than that goes through the search list first. Docker sets
`ndots:0` on networks of your own, so that the container is found first.

## How dprobe knows

The name belongs to a container of this engine. The address came for the name with a search domain after it, from a DNS
server, and lies in none of Docker's subnets. Where the target is a name that no container has, the domain is asked for a
name that cannot exist; if it has an address for that one, too, it is a wildcard.

## Why it happens

`--dns-opt ndots:5` or `options ndots:5` was copied from Kubernetes. Or the container is not found by that name at all
(another network, a misspelt name), and the search list of the host, which containers inherit, has the last word.

## How to fix it

Take the search list or the option away: `--dns-search .` sets an empty list, `--dns-opt ndots:0` puts the name itself first.
In compose:

    services:
      web:
        dns_search: .

Meanwhile a dot at the end, `mongodb.`, keeps the search list out of it.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network favorites-net --dns-search corp.test --dns-opt ndots:1 nginx

with a DNS server that has a wildcard in `corp.test`.

Related: unknown-name, hosts-override, dns-name-not-found
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup().filter(|lookup| lookup.fact.outcome == LookupOutcome::Found)?;
    let (_, domain) = case.search_answer()?;
    let address = lookup.fact.answers.first()?.address;
    let wildcard = has_wildcard(case, domain);
    let meant = match case.to.kind {
        TargetKind::Container => Some(case.target()?.name.clone()),
        // A company's own name may well be found by the search list. Only a domain that has every name means nothing by it.
        TargetKind::Name if wildcard => None,
        _ => return None,
    };
    let (place, name) = (&case.from.place, &case.to.host);
    let shared = case.shared_networks();
    let on_shared = shared.iter().any(|network| Some(*network) != case.topology.default_bridge());
    let instead = match &meant {
        Some(container) if on_shared => {
            format!(" The container {container}, which is on a network of {place}, is never asked for.")
        }
        Some(container) => format!(" The container {container} is on no network on which {place} could find it by name."),
        None => " No container that can be seen from there has this name.".to_owned(),
    };
    let every = if wildcard { format!(", which has an address for every name ({WILDCARD_LABEL}.{domain}, too)") } else { String::new() };
    let mut because = vec![lookup.id.to_owned()];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    because.extend(case.dns_in(&case.from.place).map(|seen| seen.id.to_owned()));
    because.extend(case.target().map(Case::container_evidence));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{name} leads to {address} outside, by the search domain {domain}"),
        explanation: format!(
            "{place} has {domain} in its search list, so {name} was looked up as {name}.{domain}{every}, and that is {address}, \
             an address outside of Docker's networks.{instead}",
        ),
        because,
        fixes: fixes(case, on_shared),
    })
}

fn fixes(case: &Case<'_>, on_shared: bool) -> Vec<Fix> {
    let (place, name) = (&case.from.place, &case.to.host);
    let mut fixes = Vec::new();
    if on_shared {
        let options = case.source().map(|source| case.topology.namespace_owner(source));
        let ndots = options.and_then(|owner| owner.dns_options.iter().find(|option| option.starts_with("ndots:")));
        if let Some(option) = ndots {
            fixes.push(change(format!("recreate {place} without `--dns-opt {option}`")).with_compose(
                case.source().and_then(|source| compose_service(source, &format!("dns_opt: []   # without {option}"))),
            ));
        }
        fixes.push(change(format!("{} {place} with `--dns-search .`", if ndots.is_some() { "or recreate" } else { "recreate" }))
            .with_compose(case.source().and_then(|source| compose_service(source, "dns_search: ."))));
        let address = case.to.port.map_or_else(|| format!("{name}."), |port| host_port(&format!("{name}."), port));
        fixes.push(Fix { lasting: false, ..dial("meanwhile, write a dot after the name, which keeps the search list out", address) });
        return fixes;
    }
    let near = match case.to.kind {
        TargetKind::Name => resolve::near(name, visible_names(case).into_iter()),
        _ => Vec::new(),
    };
    fixes.extend(near.iter().take(2).map(|near| {
        let address = case.to.port.map_or_else(|| near.clone(), |port| host_port(near, port));
        dial("use the name that works from there", address)
    }));
    fixes.push(change(format!("recreate {place} with `--dns-search .`, so that a wrong name fails instead of leading astray"))
        .with_compose(case.source().and_then(|source| compose_service(source, "dns_search: ."))));
    fixes
}

/// The names that Docker's resolver has for the source's networks.
fn visible_names(case: &Case<'_>) -> Vec<String> {
    let networks = case.source_networks();
    let attachments = case.topology.containers.values().flat_map(|container| &container.attachments);
    attachments
        .filter(|(network, _)| networks.contains(&network.as_str()))
        .flat_map(|(_, attachment)| attachment.names.iter().cloned())
        .collect()
}

/// Whether the domain has an address for a name that nobody has.
fn has_wildcard(case: &Case<'_>, domain: &str) -> bool {
    let asked = format!("{WILDCARD_LABEL}.{domain}");
    let mut queries = case.dns_in(&case.from.place).flat_map(|seen| &seen.fact.queries);
    queries.any(|query| query.question == asked && query.outcome == DnsOutcome::Answered && !query.addresses.is_empty())
}
