//! `protocol-mismatch`: another protocol is spoken on that port than the one the URL names.

use dprobe_probes::application::ApplicationProtocol;
use dprobe_probes::greeting::{GreetingOutcome, SpokenProtocol};

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::report::{Fix, Severity, StageName};
use crate::resolve;
use crate::topology::Protocol;

pub(super) const CAUSE: Cause = Cause {
    code: "protocol-mismatch",
    summary: "another protocol is spoken on that port than the URL says",
    page: r"
The port is open and somebody answers, but not in the language that the client speaks. What one sees is nonsense, an error about
a wrong packet or version, or a client that hangs, for each side waits for the other.

## How dprobe knows

It says the first words of the protocol that the URL names, and knows others by the first bytes of what comes back: SSH, HTTP,
SMTP, FTP, NATS, MySQL and AMQP say who they are; Redis, memcached and web servers answer a line of text in their own words;
PostgreSQL answers an SSLRequest.

## Why it happens

The port of one service behind the name of another, two ports swapped, `http://` for a port that speaks something else, or the
port of a web interface (15672 of RabbitMQ, 8222 of NATS, 8025 of a mail catcher) in place of the port for clients.

## How to fix it

Use the port on which the protocol is spoken, or the URL of the service that is meant. dprobe names both where it finds them.

## How to reproduce it

    docker network create backend
    docker run -d --name redis --network backend redis
    docker run -d --name web --network backend nginx
    dprobe check web postgres://app@redis:6379/shop

Related: wrong-port, wrong-server-answers
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let seen = case.asked_greeting().filter(|seen| seen.fact.outcome == GreetingOutcome::OtherProtocol)?;
    let asked = seen.fact.application.protocol;
    let answered = seen.fact.answered?;
    // What has to do with TLS has causes of its own.
    if answered == SpokenProtocol::Tls || asked == ApplicationProtocol::Tls || answered == asked.into() {
        return None;
    }
    let at = case.address_text();
    let (asked_name, answered_name) = (asked.name(), answered.name());
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: format!("{at} speaks {answered_name}, not {asked_name}"),
        explanation: format!(
            "The connection stands, but who answers there speaks {answered_name}. {} speaks {asked_name}, as its URL says, and \
             neither understands the other: the client reports nonsense, or waits until it gives up.",
            case.from.place
        ),
        because,
        fixes: fixes(case, asked, answered),
    })
}

fn fixes(case: &Case<'_>, asked: ApplicationProtocol, answered: SpokenProtocol) -> Vec<Fix> {
    let usual = usual_port(asked);
    let mut fixes = Vec::new();
    if let Some(usual) = usual.filter(|usual| Some(*usual) != case.to.port) {
        let sockets = case.to.place.as_deref().and_then(|place| case.listeners_in(place));
        let same = sockets.is_some_and(|seen| {
            let mut sockets = seen.fact.sockets.iter();
            sockets.any(|socket| {
                socket.port == usual && socket.protocol == Protocol::Tcp && !socket.address.is_loopback()
            })
        });
        if same && !case.dials_host() {
            let title = format!("use the port on which {} is spoken", asked.name());
            fixes.push(dial(title, url_for(case, &case.to.host, usual)));
        }
    }
    fixes.extend(others(case, usual));
    let scheme = scheme(answered);
    fixes.push(match scheme {
        Some(scheme) => change(format!("or, if this is the server that you mean, use its own URL: `{scheme}://{}`", case.address_text())),
        None => change(format!("check the host and the port of the URL: {} is not what is spoken there", asked.name())),
    });
    fixes
}

/// Other containers on the source's networks that are known for the protocol.
fn others(case: &Case<'_>, usual: Option<u16>) -> Vec<Fix> {
    let Some(usual) = usual else { return Vec::new() };
    let networks = case.source_networks();
    let others = case.topology.containers.values().filter(|container| {
        Some(&container.name) != case.to.container.as_ref()
            && container.state.status.has_processes()
            && resolve::well_known_port(container) == Some(usual)
    });
    let named = others.filter_map(|container| {
        let mut shared = networks.iter().filter_map(|network| container.attachments.get(*network));
        let name = shared.find_map(|attachment| attachment.names.first())?;
        Some(dial(format!("or dial {}, which is known for it", container.name), url_for(case, name, usual)))
    });
    named.take(2).collect()
}

/// The target's URL with another host and port.
fn url_for(case: &Case<'_>, host: &str, port: u16) -> String {
    let at = host_port(host, port);
    let Some((scheme, rest)) = case.to.url.as_deref().and_then(|url| url.split_once("://")) else { return at };
    let tail = rest.find(['/', '?', '#']).map_or("", |start| &rest[start..]);
    format!("{scheme}://{at}{tail}")
}

/// The port that a protocol is known for.
fn usual_port(protocol: ApplicationProtocol) -> Option<u16> {
    Some(match protocol {
        ApplicationProtocol::Amqp => 5672,
        ApplicationProtocol::Kafka => 9092,
        ApplicationProtocol::Memcached => 11211,
        ApplicationProtocol::Mongodb => 27017,
        ApplicationProtocol::Mqtt => 1883,
        ApplicationProtocol::Mysql => 3306,
        ApplicationProtocol::Nats => 4222,
        ApplicationProtocol::Postgres => 5432,
        ApplicationProtocol::Redis => 6379,
        ApplicationProtocol::Smtp => 25,
        ApplicationProtocol::Http | ApplicationProtocol::Http2 | ApplicationProtocol::Tls => return None,
    })
}

/// The scheme of a protocol's URLs.
fn scheme(protocol: SpokenProtocol) -> Option<&'static str> {
    Some(match protocol {
        SpokenProtocol::Amqp => "amqp",
        SpokenProtocol::Ftp => "ftp",
        SpokenProtocol::Http => "http",
        SpokenProtocol::Kafka => "kafka",
        SpokenProtocol::Memcached => "memcached",
        SpokenProtocol::Mongodb => "mongodb",
        SpokenProtocol::Mqtt => "mqtt",
        SpokenProtocol::Mysql => "mysql",
        SpokenProtocol::Nats => "nats",
        SpokenProtocol::Postgres => "postgres",
        SpokenProtocol::Redis => "redis",
        SpokenProtocol::Smtp => "smtp",
        SpokenProtocol::Ssh => "ssh",
        SpokenProtocol::Http2
        | SpokenProtocol::Imap
        | SpokenProtocol::Pop3
        | SpokenProtocol::Tls
        | SpokenProtocol::Vnc => return None,
    })
}
