//! `too-many-connections`: the server has all the connections that it takes.

use dprobe_probes::greeting::{RefusalKind, SpokenProtocol};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::database;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Fix, Severity, StageName};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "too-many-connections",
    summary: "the server has as many connections as it takes and turns away further ones",
    page: r"
Servers take a limited number of clients at a time: PostgreSQL 100, MySQL 151, Redis 10000, memcached 1024, unless told
otherwise. Whoever comes after that is connected, told so, and cut off.

## How dprobe knows

The server's own words: SQLSTATE 53300 of PostgreSQL (`sorry, too many clients already`), error 1040 or 1203 of MySQL and MariaDB,
`ERR max number of clients reached` of Redis, `Too many open connections` of memcached, `maximum connections exceeded` of NATS.
PostgreSQL says so only to somebody who names a user, so its URL has to have one.

## Why it happens

Every process of an application has a pool of its own, and their sizes add up: four containers with eight workers and ten
connections each are 320. Or connections are opened and never closed, for example one for each request.

## How to fix it

Find out who holds them, and make the pools smaller, or put a pooler such as PgBouncer in front. A higher limit costs memory
and is soon reached again where connections leak:

    docker exec -u postgres db psql -c 'ALTER SYSTEM SET max_connections = 300' && docker restart db

## How to reproduce it

    docker network create backend
    docker run -d --name db --network backend -e POSTGRES_PASSWORD=secret postgres -c max_connections=4
    docker run -d --name web --network backend nginx
    dprobe check web postgres://app@db/shop          while others hold the connections

Related: accept-queue-full
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let told = case.turned_away().filter(|told| told.kind == RefusalKind::TooManyConnections)?;
    let server = database::name(told.by);
    let who = case.target().map_or_else(|| case.address_text(), |target| target.name.clone());
    let mut because = vec![told.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: format!("{server} in {who} has as many connections as it takes"),
        explanation: format!(
            "The server is there and turns the client away: \"{}\". Other clients hold all its connections: pools that are larger \
             together than the server's limit, or connections that are never closed.",
            told.text
        ),
        because,
        fixes: fixes(told.by, case.target()),
    })
}

fn fixes(by: SpokenProtocol, target: Option<&Container>) -> Vec<Fix> {
    let pools = change("make the pools of the clients smaller, and look for connections that are never closed");
    let Some(target) = target else { return vec![pools] };
    let name = target.name.as_str();
    let restart = command(&["docker", "restart", name]);
    match by {
        SpokenProtocol::Postgres => vec![
            run(
                "take more of them, which costs memory; the restart ends those that are there",
                vec![database::psql(target, "ALTER SYSTEM SET max_connections = 300"), restart],
            ),
            run(
                "see who holds them",
                vec![database::psql(
                    target,
                    "SELECT client_addr, usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC",
                )],
            ),
            pools,
        ],
        SpokenProtocol::Mysql => vec![
            Fix {
                lasting: false,
                ..run(
                    "take more of them until the next start, which costs memory",
                    vec![database::mysql(target, "SET GLOBAL max_connections = 500")],
                )
            },
            run("see who holds them", vec![database::mysql(target, "SHOW PROCESSLIST")]),
            pools,
        ],
        _ => {
            let title = "end those that are there, by a restart; they come back where clients do not let go of them";
            vec![Fix { lasting: false, ..run(title, vec![restart]) }, pools]
        }
    }
}
