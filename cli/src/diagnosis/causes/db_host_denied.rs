//! `db-host-denied`: the database's own access list does not let the source in.

use dprobe_probes::greeting::{RefusalKind, SpokenProtocol};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::database;
use crate::diagnosis::fixes::{change, command, run};
use crate::diagnosis::greetings::TurnedAway;
use crate::report::{Fix, Severity, StageName};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "db-host-denied",
    summary: "the database's access list does not let clients in from this address",
    page: r"
The connection stands, and the database says that it does not talk to clients from there. That is a rule of the database, not
of the network, and no password helps.

## How dprobe knows

The server's own words, in the first packets, before any login:

- PostgreSQL: SQLSTATE 28000, `no pg_hba.conf entry for host …` or `pg_hba.conf rejects connection for host …`;
- MySQL and MariaDB: error 1130, `Host '…' is not allowed to connect to this server`, and error 1129, `Host '…' is blocked
  because of many connection errors`.

PostgreSQL says so only to somebody who names a user, so its URL has to have one.

## Why it happens

`pg_hba.conf` has lines for 127.0.0.1 only, as a packaged one has, or for the subnet that the network had before it was made
anew. In MySQL a user is a name and a host, and only `'app'@'localhost'` was made, which means the container itself. The
official images let in everybody with a password unless they are told otherwise.

Error 1129 comes after `max_connect_errors` connections that were given up in the middle, as by health checks that only open
the port.

## How to fix it

PostgreSQL: add a line for the subnet of the network to `pg_hba.conf` and have it read again. dprobe prints that line.

MySQL, MariaDB: make the user for every host, and let it use its database:

    CREATE USER 'app'@'%' IDENTIFIED BY '…';
    GRANT ALL ON shop.* TO 'app'@'%';

Or rename the one that is there: `RENAME USER 'app'@'localhost' TO 'app'@'%'`. What is printed is typed into the client that
is part of the official images (`psql`, `mysql` or `mariadb`). For error 1129: `mysqladmin flush-hosts`.

## How to reproduce it

    docker network create backend
    docker run -d --name db --network backend -e MARIADB_ROOT_PASSWORD=secret -e MARIADB_ROOT_HOST=localhost mariadb
    docker run -d --name web --network backend nginx
    dprobe check web mysql://root@db/

Related: protected-mode, db-tls-mismatch, bind-loopback
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let told = case.turned_away()?;
    if !matches!(told.kind, RefusalKind::HostDenied | RefusalKind::HostBlocked) {
        return None;
    }
    let server = database::name(told.by);
    let who = case.target().map_or_else(|| case.address_text(), |target| target.name.clone());
    let from = &case.from.place;
    let mut because = vec![told.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    let blocked = told.kind == RefusalKind::HostBlocked;
    let why = if blocked {
        "Too many connections from there were given up before the login, so the server takes none any more."
    } else if told.by == SpokenProtocol::Postgres {
        "Its `pg_hba.conf` says who may connect from where, and no line of it lets this client in."
    } else {
        "To it a user is a name and a host, and no user is there for the address that the client comes from."
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: if blocked {
            format!("{server} in {who} has blocked the address of {from}")
        } else {
            format!("{server} in {who} does not let {from} in from its address")
        },
        explanation: format!("The connection stands, and the server turns it away: \"{}\". {why} No password helps.", told.text),
        because,
        fixes: fixes(case, &told),
    })
}

fn fixes(case: &Case<'_>, told: &TurnedAway<'_>) -> Vec<Fix> {
    match (told.by, told.kind, case.target()) {
        (SpokenProtocol::Postgres, _, target) => pg_hba(case, told, target),
        (_, RefusalKind::HostBlocked, Some(target)) => {
            vec![
                Fix {
                    lasting: false,
                    ..run("have the server forget the errors", vec![database::mysqladmin(target, "flush-hosts")])
                },
                change("find out who opens connections and gives them up: often a health check that only tries the port"),
            ]
        }
        (_, RefusalKind::HostBlocked, None) => {
            vec![change("have the server forget the errors: `mysqladmin flush-hosts`")]
        }
        (_, _, target) => mysql_users(target),
    }
}

/// A line more in `pg_hba.conf`: for the user and the database that the server names, from the subnet of the source.
fn pg_hba(case: &Case<'_>, told: &TurnedAway<'_>, target: Option<&Container>) -> Vec<Fix> {
    let quoted = |word: &str| {
        let (_, rest) = told.text.split_once(&format!("{word} \""))?;
        let (value, _) = rest.split_once('"')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        (!value.is_empty() && value.chars().all(plain)).then(|| value.to_owned())
    };
    let all = || "all".to_owned();
    let (database, user) = (quoted("database").unwrap_or_else(all), quoted("user").unwrap_or_else(all));
    let Some(subnet) = database::subnet(case) else {
        return vec![change(format!(
            "add a line to its pg_hba.conf: `host {database} {user} ADDRESS/32 scram-sha-256`, with the address that the server \
             names, and have it read again: `SELECT pg_reload_conf()`"
        ))];
    };
    let line = format!("host {database} {user} {subnet} scram-sha-256");
    let Some(target) = target else {
        return vec![change(format!("add a line to its pg_hba.conf, `{line}`, and run `SELECT pg_reload_conf()`"))];
    };
    // The first line that fits decides, so one that lets in has to stand before the one that rejects.
    let rejects = told.text.contains("rejects");
    let ask = "$(psql -U \"${POSTGRES_USER:-postgres}\" -d postgres -Atc 'SHOW hba_file')";
    let add = if rejects {
        format!("sed -i {} \"{ask}\"", command(&[&format!("1i {line}")]))
    } else {
        format!("echo {} >> \"{ask}\"", command(&[&line]))
    };
    // Whose file it is differs; its place is asked for over the server's socket, which the official image trusts.
    let add = command(&["docker", "exec", "-u", "root", &target.name, "sh", "-c", &add]);
    let reload = database::psql(target, "SELECT pg_reload_conf()");
    let title = format!("let clients in from this network: the line `{line}` in pg_hba.conf, which is then read again");
    let own_file = change(
        "where pg_hba.conf is mounted or made by your own image, add that line there, so that it is not lost with the container",
    );
    vec![run(title, vec![add, reload]), own_file]
}

fn mysql_users(target: Option<&Container>) -> Vec<Fix> {
    let let_in = change(
        "let the user in from every host: `RENAME USER 'app'@'localhost' TO 'app'@'%'` with its own name in place of app, or \
         `CREATE USER 'app'@'%' IDENTIFIED BY '…'` and `GRANT ALL ON shop.* TO 'app'@'%'`",
    );
    let users = target.map(|target| {
        run(
            "see which users there are, and from where each may come",
            vec![database::mysql(target, "SELECT user, host FROM mysql.user")],
        )
    });
    users.into_iter().chain([let_in]).rev().collect()
}
