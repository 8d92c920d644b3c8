//! `localhost-socket`: a `MySQL` client takes `localhost` for a Unix socket.

use super::{Cause, Found};
use crate::compose::yaml;
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_service, dial};
use crate::diagnosis::peers;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;
use crate::topology::{Container, Variable, VariableForm};

pub(super) const CAUSE: Cause = Cause {
    code: "localhost-socket",
    summary: "a MySQL client is told `localhost`, which it takes for a Unix socket in its own container",
    page: r"
To the client library of MySQL and MariaDB, `localhost` does not mean 127.0.0.1: it means the Unix socket in
/var/run/mysqld or /tmp, in its own container, even where a port is given. The database is in another container, so the
program says *Can't connect to local MySQL server through socket* and never sends a packet. No host at all means the same.

## How dprobe knows

A variable of the source that names its database's host (`DB_HOST`, `MYSQL_HOST`, `WORDPRESS_DB_HOST`, …) is `localhost` or
empty, and the database that is dialled, or that serves port 3306 beside it, is in another container. dprobe keeps the
variable's name and this fact, never a value.

## Why it happens

`localhost` is the default of nearly every configuration, and right on a machine where program and database live together.

## How to fix it

Name the database's container or service, on a network that both are on:

    services:
      web:
        environment:
          DB_HOST: mysql

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mysql --network favorites-net -e MYSQL_ALLOW_EMPTY_PASSWORD=1 mysql
    docker run -d --name web --network favorites-net -e DB_HOST=localhost wordpress

and then `dprobe check web localhost:3306`, or `dprobe check web mysql`, which works and warns.

Related: localhost-is-container, nothing-listening
",
    yields_to: &[],
    find,
};

/// The port of `MySQL` and `MariaDB`.
const MYSQL: u16 = 3306;

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source().filter(|_| !case.same_namespace())?;
    let variable = source.variables.iter().find(|variable| is_host(variable))?;
    let (severity, peer, port, because) = if case.to.kind == TargetKind::Loopback {
        // The program may well have its own server inside.
        if case.to.port != Some(MYSQL) || case.from_host() || case.gets_through() {
            return None;
        }
        let peer = peers::serving(case, MYSQL)?;
        (Severity::Error, peer.container, peer.port, peer.because)
    } else {
        let target = case.target()?;
        let port = case.listen_port().filter(|port| *port == MYSQL || resolve::well_known_port(target) == Some(MYSQL))?;
        (Severity::Warning, target, port, Case::container_evidence(target))
    };
    let (from, name) = (&source.name, &peer.name);
    let says = match variable.form {
        VariableForm::Empty => "is empty",
        _ => "is localhost",
    };
    let told = &variable.name;
    let mut evidence = vec![Case::container_evidence(source), because];
    evidence.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity,
        stage: if severity == Severity::Error { StageName::Tcp } else { StageName::App },
        title: format!("{told} in {from} {says}, which a MySQL client takes for a Unix socket; the database is {name}"),
        explanation: format!(
            "The client library of MySQL and MariaDB does not use the network for `localhost` or no host: it opens a Unix \
             socket in its own container, and there is no server in {from}. The database listens in {name}."
        ),
        because: evidence,
        fixes: fixes(case, source, variable, peer, port),
    })
}

fn is_host(variable: &Variable) -> bool {
    matches!(variable.form, VariableForm::Localhost | VariableForm::Empty)
}

fn fixes(case: &Case<'_>, source: &Container, variable: &Variable, peer: &Container, port: u16) -> Vec<Fix> {
    let shared = case.source_networks().into_iter().find_map(|key| {
        let named = Some(key) != case.topology.default_bridge();
        peer.attachments.get(key).map(|attachment| (named, attachment))
    });
    let service = peer.compose.as_ref().map(|compose| compose.service.clone());
    let host = match shared {
        Some((false, attachment)) => attachment.addresses().next().map(|address| address.to_string()),
        Some((true, attachment)) => service.filter(|service| attachment.answers_to(service)),
        None => None,
    };
    let host = host.unwrap_or_else(|| peer.name.clone());
    let told = &variable.name;
    let compose = compose_service(source, &format!("environment:\n  {told}: {}", yaml(&host)));
    let set = change(format!("recreate {} with `-e {told}={host}`", source.name)).with_compose(compose);
    match case.to.kind {
        TargetKind::Loopback => vec![dial(format!("name {} instead of localhost", peer.name), host_port(&host, port)), set],
        _ => vec![set],
    }
}
