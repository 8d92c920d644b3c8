//! `wrong-server-answers`: the dialled address and port belong to somebody else than the container that publishes the port.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_republish, dial};
use crate::report::{Severity, StageName};
use crate::resolve::HOST;

pub(super) const CAUSE: Cause = Cause {
    code: "wrong-server-answers",
    summary: "another program of the host answers at the dialled address, not the container that publishes the port",
    page: r"
A port belongs to an address: a program on the host can have 127.0.0.1:5432 while a container is published on
192.168.1.10:5432. Both run, neither complains, and which one answers depends on the address that is dialled. What people
see is a password that is wrong, a database that is missing, or an old version of their page.

## How dprobe knows

The connection stands, at an address of the host on which the engine publishes that port for nobody; the container that
publishes it does so on another address. So another program answers: dprobe sees its socket among those of the host. The
check is `degraded`, not `unreachable`: somebody is reached, and only you know whom you meant.

## Why it happens

A database that was installed on the machine before the container came, and listens on localhost. Or `localhost` leads to
`::1`, where something else listens than on 127.0.0.1. (On Docker Desktop, the machine's own programs are outside of what
an agent can see; there the same happens unseen.)

## How to fix it

Dial the address that the container is published on, or give the container a port of the host that is free on every
address, such as `-p 5433:5432`. Or stop the other program.

## How to reproduce it

    python3 -m http.server --bind 127.0.0.1 8080 &
    docker run -d --name web -p 192.168.1.10:8080:80 nginx
    dprobe check host localhost:8080

Related: publish-failed, published-loopback-only, localhost-v6
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let another = case.another()?;
    let (container, published) = (another.container, another.published);
    let name = &container.name;
    let port = published.host_port?;
    let address = another.dial.fact.address;
    let at = host_port(&address.to_string(), port);
    let bound = published.host_ip.filter(|bound| !bound.is_unspecified());
    let bound = bound.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    let mut fixes = Vec::new();
    let inside = case.shared_networks().into_iter().any(|key| Some(key) != case.topology.default_bridge());
    if case.from_container() && inside {
        fixes.push(dial(format!("go to {name} itself, by its name and its own port"), host_port(name, published.container_port)));
    } else if case.from_host() || !bound.is_loopback() {
        fixes.push(dial(format!("dial the address that {name} is published on"), host_port(&bound.to_string(), port)));
    }
    let free = ComposePort::new(port.checked_add(1).unwrap_or(port - 1), published.container_port, published.protocol);
    let how = format!("or recreate {name} on a port of the host that is free on every address, such as `-p {}`", free.short());
    fixes.push(change(how).with_edit(compose_republish(container, &published, free)));
    fixes.push(change(format!("or stop the other program: `sudo ss -ltnp 'sport = :{port}'` tells which it is")));
    let mut because = vec![another.dial.id.to_owned(), Case::container_evidence(container)];
    because.extend(case.listeners_in(HOST).map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tcp,
        title: format!("a program on the host answers at {at}, not {name}"),
        explanation: format!(
            "{name} publishes port {port} on {bound} of the host only. At {at} somebody else listens, and that is who was \
             reached: what is asked there (a password, a database, a page) is asked of the wrong server, unless that one was \
             meant."
        ),
        because,
        fixes,
    })
}
