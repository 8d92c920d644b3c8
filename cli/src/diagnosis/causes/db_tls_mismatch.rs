//! `db-tls-mismatch`: client and database do not agree on TLS.

use dprobe_probes::greeting::{RefusalKind, SpokenProtocol};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::database;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::greetings::TurnedAway;
use crate::report::{Fix, Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "db-tls-mismatch",
    summary: "the client insists on TLS and the server has none, or the other way round",
    page: r"
Databases, mail servers and brokers speak in plain text first and go on with TLS when both want it. Where the URL says that TLS
has to be, and the server has none, the client gives up: `server does not support SSL, but SSL was required`. Where the server
takes nobody without, it is the server who gives up: `no pg_hba.conf entry for host …, no encryption`, or `Connections using
insecure transport are prohibited`.

## How dprobe knows

It asks as the client does. PostgreSQL answers `N` to SSLRequest, MySQL's greeting lacks the flag CLIENT_SSL, NATS' INFO and
the answer to SMTP's EHLO do not offer it. The other way round, PostgreSQL turns a user away without TLS and lets the same
one go on with it. A MySQL with `require_secure_transport` says so only after a login, which dprobe never makes.

## Why it happens

`sslmode=require` in a URL that was made for a database in a cloud, and a container from the official image, which has no
certificate. Or `hostssl` lines in `pg_hba.conf`, and a driver that does not try TLS by itself.

## How to fix it

Say in the URL what the server can do: `sslmode=prefer` or `sslmode=disable` for PostgreSQL, `ssl-mode=PREFERRED` for MySQL, on
a private network; `sslmode=require` where the server wants TLS. Or give the server a certificate:

    postgres -c ssl=on -c ssl_cert_file=… -c ssl_key_file=…

## How to reproduce it

    docker network create backend
    docker run -d --name db --network backend -e POSTGRES_PASSWORD=secret postgres
    docker run -d --name web --network backend nginx
    dprobe check web 'postgres://app@db/shop?sslmode=require'

Related: db-host-denied
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let told = case.turned_away()?;
    let refuses = match told.kind {
        RefusalKind::TlsNotOffered => true,
        RefusalKind::TlsRequired => false,
        _ => return None,
    };
    let server = database::name(told.by);
    let who = case.target().map_or_else(|| case.address_text(), |target| target.name.clone());
    let from = &case.from.place;
    let mut because = vec![told.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    let (title, explanation) = if refuses {
        (
            format!("{from} insists on TLS, and {server} in {who} has none"),
            format!(
                "The URL says that the connection has to be encrypted. The server was asked and says no ({}), so the client gives \
                 up before the login.",
                told.text
            ),
        )
    } else {
        (
            format!("{server} in {who} wants TLS, and the URL asks for none"),
            format!(
                "The server turns the client away as long as the connection is not encrypted: \"{}\". With TLS the same client \
                 gets as far as the login.",
                told.text
            ),
        )
    };
    Some(Found { severity: Severity::Error, stage: StageName::App, title, explanation, because, fixes: fixes(case, &told, refuses) })
}

fn fixes(case: &Case<'_>, told: &TurnedAway<'_>, refuses: bool) -> Vec<Fix> {
    let (name, off, on) = match told.by {
        SpokenProtocol::Postgres => ("sslmode", "prefer", "require"),
        SpokenProtocol::Mysql => ("ssl-mode", "PREFERRED", "REQUIRED"),
        _ => return vec![change(if refuses { "leave TLS out of the URL, or give the server a certificate" } else { "ask for TLS in the URL" })],
    };
    let value = if refuses { off } else { on };
    let url = case.to.url.as_deref().map(|url| with_parameter(url, name, value));
    let title = if refuses {
        format!("on a private network, go on without TLS where the server has none: `{name}={value}` in the URL")
    } else {
        format!("ask for TLS: `{name}={value}` in the URL")
    };
    let in_url = match url {
        Some(url) => dial(title, url),
        None => change(title),
    };
    let server = if refuses {
        match told.by {
            SpokenProtocol::Postgres => {
                "or give the server a certificate: `postgres -c ssl=on -c ssl_cert_file=… -c ssl_key_file=…`"
            }
            _ => "or give the server a certificate: `--ssl-cert=… --ssl-key=…`",
        }
    } else {
        "or let this network in without: a line `host` in place of `hostssl` in its pg_hba.conf"
    };
    vec![in_url, change(server)]
}

/// A URL with one parameter of its query set; those that say the same in other words are taken away.
fn with_parameter(url: &str, name: &str, value: &str) -> String {
    const SAME: [&str; 8] = ["sslmode", "ssl-mode", "sslMode", "ssl", "tls", "useSSL", "requireSSL", "requiressl"];
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let kept = query.split('&').filter(|part| {
        let key = part.split('=').next().unwrap_or_default();
        !part.is_empty() && !SAME.contains(&key)
    });
    let set = format!("{name}={value}");
    let parts: Vec<&str> = kept.chain([set.as_str()]).collect();
    format!("{base}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_takes_the_place_of_all_that_say_the_same() {
        let url = with_parameter("postgres://db/shop?sslmode=require&connect_timeout=3", "sslmode", "prefer");
        assert_eq!(url, "postgres://db/shop?connect_timeout=3&sslmode=prefer");
        assert_eq!(with_parameter("postgres://db/shop", "sslmode", "require"), "postgres://db/shop?sslmode=require");
    }
}
