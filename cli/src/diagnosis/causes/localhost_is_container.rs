//! `localhost-is-container`: inside a container, localhost is the container itself.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_host, connect, dial, run};
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::diagnosis::peers;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;

pub(super) const CAUSE: Cause = Cause {
    code: "localhost-is-container",
    summary: "localhost inside a container is the container itself, not the host and not another container",
    page: r"
Every container has a loopback interface of its own. `localhost` and `127.0.0.1` in its configuration mean that very
container: not the machine it runs on, and not the database in the container next to it.

## How dprobe knows

The target is a loopback address, nothing in the source listens on that port, and a container beside it, or the host,
does.

## Why it happens

A URL such as `mongodb://localhost:27017` is right while the program runs on the developer's machine, and comes along
unchanged when the program moves into a container.

## How to fix it

Use the other container's name, on a network that both are on: `mongodb://mongodb:27017`. When the server runs on the
host itself, use `host.docker.internal`, which on Linux has to be asked for with
`--add-host host.docker.internal:host-gateway`.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network favorites-net nginx

and then `dprobe check web localhost:27017`.

Related: nothing-listening, host-name-missing, host-bind-loopback, no-shared-network
",
    yields_to: &["localhost-socket"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let port = case.to.port.filter(|_| case.to.kind == TargetKind::Loopback && !case.from_host())?;
    if case.gets_through() || matches!(case.listening(), Some((_, Listening::Good(_)))) {
        return None;
    }
    let mut because: Vec<String> = case.dials().iter().map(|dial| dial.id.to_owned()).collect();
    because.extend(case.listening().map(|(seen, _)| seen.id.to_owned()));
    let peer = peers::serving(case, port);
    let host = host(case);
    // The host is nearer than a container that is out of reach.
    let (where_it_is, fixes) = match (peer, host) {
        (Some(peer), host) if peer.near || host.is_none() => {
            because.push(peer.because.clone());
            let verb = if peer.answers { "is served by" } else { "belongs to" };
            (format!("port {} {verb} {}", peer.port, peer.container.name), peer_fixes(case, &peer))
        }
        (_, Some((id, sockets, reachable))) => {
            because.push(id);
            (format!("the host listens on {sockets}"), host_fixes(case, port, reachable))
        }
        _ => return None,
    };
    let name = &case.from.place;
    let written = case.to.found_in();
    let fixes = match &written {
        Some(place) => fixes.into_iter().map(|fix| in_its_place(case, fix, place)).collect(),
        None => fixes,
    };
    // What was written for a program on the host is right there, and nowhere else.
    let comes_from = match &written {
        Some(place) => format!(
            " It is {place} of {name} that says {}, as is right for a program that runs on the host.",
            case.to.host
        ),
        None => String::new(),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tcp,
        title: format!("{} in {name} is {name} itself; {where_it_is}", case.to.host),
        explanation: format!(
            "Inside a container, {} means that container, not the host and not another container. Nothing in {name} \
             listens on port {port}, but {where_it_is}.{comes_from}",
            case.to.host
        ),
        because,
        fixes,
    })
}

fn peer_fixes(case: &Case<'_>, peer: &peers::Peer<'_>) -> Vec<Fix> {
    let name = &peer.container.name;
    if let Some(address) = &peer.dial {
        return vec![dial(format!("use the name of {name}"), url_or(case, address))];
    }
    let network = peer.container.attachments.keys().next();
    let join = network.zip(case.source()).map(|(network, source)| {
        run(
            format!("put {} on the network of {name}", source.name),
            vec![connect(network, case.topology.namespace_owner(source), None)],
        )
    });
    let then = dial(format!("and use the name of {name}"), url_or(case, &host_port(name, peer.port)));
    join.into_iter().chain([then]).collect()
}

/// A fix that says what is to be changed where the address is written: only the part that changes, for what stands beside it
/// may be a secret.
fn in_its_place(case: &Case<'_>, fix: Fix, place: &str) -> Fix {
    let Some(dial) = &fix.dial else { return fix };
    let authority = dial.split_once("://").map_or(dial.as_str(), |(_, rest)| rest);
    let new = authority.split(['/', '?', '#']).next().unwrap_or(authority);
    let new = new.rsplit_once('@').map_or(new, |(_, host)| host);
    let title = format!("{}: in {place} write `{new}` in the place of `{}`", fix.title, case.address_text());
    Fix { title, ..fix }
}

/// The URL that was given, with another host and port; the bare address where none was given.
fn url_or(case: &Case<'_>, address: &str) -> String {
    let Some(url) = &case.to.url else { return address.to_owned() };
    let Some((scheme, rest)) = url.split_once("://") else { return address.to_owned() };
    let tail = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    let user = rest.split(['/', '?', '#']).next().and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    match user {
        Some(user) => format!("{scheme}://{user}@{address}{tail}"),
        None => format!("{scheme}://{address}{tail}"),
    }
}

/// The host's sockets on a port, and whether they take what comes from containers.
fn host(case: &Case<'_>) -> Option<(String, String, bool)> {
    let (seen, found) = case.host_listening()?;
    let (sockets, reachable) = match found {
        Listening::Good(socket) => (sockets_text(&[socket]), true),
        Listening::Loopback(sockets) | Listening::OtherAddress(sockets) => (sockets_text(&sockets), false),
        _ => return None,
    };
    Some((seen.id.to_owned(), sockets, reachable))
}

fn host_fixes(case: &Case<'_>, port: u16, reachable: bool) -> Vec<Fix> {
    let name = resolve::HOST_NAMES[0];
    let has_name = case
        .resolver()
        .is_some_and(|seen| seen.fact.hosts.iter().any(|entry| entry.names.iter().any(|known| known == name)));
    let edit = case.source().filter(|_| !has_name).and_then(|source| compose_host(source, name));
    let mut fixes = Vec::new();
    if !reachable {
        fixes.push(change(format!("make the program on the host listen on 0.0.0.0:{port}, not on loopback only")));
    }
    let title = if has_name {
        "use the name of the host".to_owned()
    } else {
        format!("use the name of the host, and recreate {} with `--add-host {name}:host-gateway`", case.from.place)
    };
    fixes.push(dial(title, url_or(case, &host_port(name, port))).with_edit(edit));
    if let Some(gateway) = resolve::gateway_of(case.from, case.topology).filter(|_| !has_name) {
        let address = url_or(case, &host_port(&gateway.to_string(), port));
        fixes.push(Fix { lasting: false, ..dial("meanwhile, the gateway of its network is the host as well", address) });
    }
    fixes
}
