//! `protected-mode`: Redis turns away everybody but its own machine, for it has no password.

use dprobe_probes::greeting::RefusalKind;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::diagnosis::programs;
use crate::report::{Fix, Severity, StageName};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "protected-mode",
    summary: "Redis is in protected mode and talks to its own container only",
    page: r"
A Redis that has neither a password nor an address to listen on in its configuration answers nobody who comes over a network.
It accepts the connection, says `-DENIED Redis is running in protected mode`, and hangs up. Valkey and KeyDB do the same.

## How dprobe knows

Redis says so by itself to every client that it turns away, before anything is asked.

## Why it happens

Protected mode is on by default (`protected-mode yes`). The official image turns it off in the Redis that it builds; a
`redis.conf` of one's own turns it on again, and so do the packages of most distributions.

## How to fix it

Give it a password with `requirepass` (or an ACL) and put that into the URL of the client: `redis://:PASSWORD@redis:6379`.

On a network on which there are only your own containers, and where the port is not published, protected mode may be turned
off:

    docker exec redis redis-cli config set protected-mode no

That holds until the container is started again. For good, start it with `redis-server --protected-mode no`.

A Redis that is published on every address of the host and has no password is found and misused within hours.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name redis --network favorites-net redis redis-server --protected-mode yes
    docker run -d --name web --network favorites-net nginx
    dprobe check web redis://redis

Related: bind-loopback, db-host-denied
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let told = case.turned_away().filter(|told| told.kind == RefusalKind::ProtectedMode)?;
    let at = case.address_text();
    let mut because = vec![told.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    let who = case.target().map_or_else(|| at.clone(), |target| target.name.clone());
    let published = case.target().is_some_and(is_published);
    let warning = if published {
        " Its port is published on the host, so without a password whoever reaches the host could use it: do not turn the \
         protection off, give it a password."
    } else {
        ""
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: format!("Redis in {who} is in protected mode and turns {} away", case.from.place),
        explanation: format!(
            "Redis has no password, so it talks to clients in its own container only. It accepts the connection of {}, says \
             `DENIED`, and hangs up. Redis does this to keep databases without a password off the internet.{warning}",
            case.from.place
        ),
        because,
        fixes: fixes(case, published),
    })
}

/// Whether the host hands a port of it on to whoever comes.
fn is_published(target: &Container) -> bool {
    let anybody = |address: std::net::IpAddr| !address.is_loopback();
    target.published.iter().any(|port| port.host_port.is_some() && port.host_ip.is_none_or(anybody))
}

fn fixes(case: &Case<'_>, published: bool) -> Vec<Fix> {
    let password = change(format!(
        "give it a password (`requirepass` in redis.conf, or `redis-server --requirepass PASSWORD`), and put it into the URL of \
         {}: `redis://:PASSWORD@{}`",
        case.from.place,
        case.address_text()
    ));
    let Some(target) = case.target() else { return vec![password] };
    let mut words = vec!["docker", "exec", &target.name, "redis-cli"];
    let port = case.listen_port().filter(|port| *port != 6379).map(|port| port.to_string());
    if let Some(port) = &port {
        words.extend(["-p", port]);
    }
    words.extend(["config", "set", "protected-mode", "no"]);
    let now = run("on a private network, turn protected mode off, until it is started again", vec![command(&words)]);
    let now = Fix { lasting: false, ..now };
    let for_good = programs::start_with(target, &["--protected-mode"], &["--protected-mode", "no"])
        .unwrap_or_else(|| change("for good, write `protected-mode no` into its redis.conf"));
    if published { vec![password] } else { vec![now, for_good, password] }
}
