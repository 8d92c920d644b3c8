//! The fixes of DNS servers, which several causes share.
//!
//! What a container asks is decided when it is created, so none of these is a command that could be pasted: a container is
//! made anew by whatever made it. No address is named that dprobe has not heard an answer from.

use std::net::IpAddr;

use super::case::Case;
use super::fixes::{change, compose_service};
use super::servers::{Did, Server};
use crate::report::Fix;

/// What stands for an address that the reader has to find out: of a range that is nobody's (RFC 5737).
const EXAMPLE: &str = "192.0.2.53";

/// Each server with what it does, in a sentence.
pub(super) fn listed(survey: &[(Server, Did)]) -> String {
    let one = |(server, did): &(Server, Did)| {
        let asked = if server.from_host { ", asked from the host," } else { "" };
        format!("{}{asked} {}", server.address, did.words())
    };
    survey.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Addresses in a sentence.
pub(super) fn joined(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// What to do where the servers of the source are of no use: one that was heard to answer comes first.
pub(super) fn fixes(case: &Case<'_>) -> Vec<Fix> {
    change_servers(case, case.good_server().map(|(server, _)| server), &[])
}

/// The ways to give the source other servers: `good`, which answers, and none of `bad`.
pub(super) fn change_servers(case: &Case<'_>, good: Option<IpAddr>, bad: &[IpAddr]) -> Vec<Fix> {
    let place = &case.from.place;
    if case.from_host() {
        let instead = good.map_or_else(|| "servers that answer".to_owned(), |good| format!("{good}, which answers"));
        return vec![change(format!("put {instead} first among the DNS servers of the host (/etc/resolv.conf)"))];
    }
    let own = case.own_servers();
    let mut fixes = Vec::new();
    let left: Vec<IpAddr> = own.unwrap_or_default().iter().copied().filter(|server| !bad.contains(server)).collect();
    match good {
        Some(good) if own.is_some_and(|own| own.contains(&good)) && !bad.is_empty() => {
            let flags: Vec<String> = left.iter().map(|server| format!("--dns {server}")).collect();
            let without: Vec<String> = bad.iter().map(|server| format!("--dns {server}")).collect();
            let title = format!("recreate {place} without `{}`, leaving `{}`", without.join(" "), flags.join(" "));
            fixes.push(change(title).with_compose(compose_dns(case, &left)));
        }
        Some(good) => {
            let mut fix = recreate_with(case, &format!("--dns {good}"), &format!("dns:\n  - {good}"));
            fix.title.push_str(match case.said(place, good) {
                Some(Did::NoSuchName | Did::NoAddress) => ", a server that answers, though it does not know this name",
                _ => ", a server that answers",
            });
            fixes.push(fix);
        }
        None if own.is_some() && case.host_answer().is_some() => {
            let title =
                format!("recreate {place} without `--dns`, so that it asks the servers of the host, which answer");
            fixes.push(change(title).with_compose(
                case.source().and_then(|source| compose_service(source, "dns: []   # without the servers it has now")),
            ));
        }
        None => {
            let title = format!(
                "recreate {place} with `--dns ADDRESS`, the address of a DNS server that answers (`resolvectl dns` on the \
                 host lists those it uses)"
            );
            let example = format!("dns:\n  - {EXAMPLE}   # an example: put the address of your DNS server here");
            fixes.push(change(title).with_compose(case.source().and_then(|source| compose_service(source, &example))));
        }
    }
    if own.is_none() {
        let address = good.map_or_else(|| "ADDRESS".to_owned(), |good| good.to_string());
        fixes.push(change(format!(
            "or, for every container, put {{\"dns\": [\"{address}\"]}} into /etc/docker/daemon.json and restart the engine"
        )));
    }
    fixes
}

/// A container that is made anew with one more flag, or the source's network's containers where the source is no container.
pub(super) fn recreate_with(case: &Case<'_>, flag: &str, compose: &str) -> Fix {
    let compose = case.source().and_then(|source| compose_service(source, compose));
    change(format!("recreate {} with `{flag}`", case.from.place)).with_compose(compose)
}

fn compose_dns(case: &Case<'_>, servers: &[IpAddr]) -> Option<String> {
    let list: Vec<String> = servers.iter().map(|server| format!("\n  - {server}")).collect();
    compose_service(case.source()?, &format!("dns:{}", list.concat()))
}
