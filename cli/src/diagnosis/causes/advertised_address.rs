//! `advertised-address`: the server answers, and sends its clients where they can not go.

use dprobe_probes::greeting::{Advertised, SpokenProtocol};

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, compose_service, run};
use crate::report::{Check, Fix, Relation, Severity, StageName, Verdict};
use crate::topology::Container;

pub(super) const CAUSE: Cause = Cause {
    code: "advertised-address",
    summary: "the server hands out an address for its clients to connect to that they do not reach",
    page: r"
A client of Kafka asks any broker where the brokers are, and connects there. A client of a MongoDB replica set asks any member
for the others, and goes on with those. What they are told is what somebody wrote into the server's configuration. Where that is
`localhost:9092`, the first connection works, and the client then dials itself: `Connection to node 1 (localhost/127.0.0.1:9092)
could not be established`, or `ReplicaSetNoPrimary`, `No servers are eligible`.

## How dprobe knows

It asks as the client does: Kafka for its metadata, MongoDB for `hello`, NATS for its `connect_urls`. Every address that comes
back is then looked up and dialled from the source. The one in the URL answers, and one of those does not.

## Why it happens

`advertised.listeners` of Kafka is `localhost` in most examples, which is right for programs on the host alone. A replica set
that was initiated without a configuration takes the host name of the container, which is a piece of its id.

## How to fix it

Let the server hand out a name that its clients can look up: the name of the service. Kafka can have one listener for
containers and another one for the host:

    KAFKA_LISTENERS: INTERNAL://0.0.0.0:9092,EXTERNAL://0.0.0.0:29092
    KAFKA_ADVERTISED_LISTENERS: INTERNAL://kafka:9092,EXTERNAL://localhost:29092
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT
    KAFKA_INTER_BROKER_LISTENER_NAME: INTERNAL

MongoDB, in `mongosh`, by the name of the service:

    cfg = rs.conf(); cfg.members[0].host = 'mongo:27017'; rs.reconfig(cfg, {force: true})

A client of MongoDB that needs one member only can say so: `directConnection=true` in its URL.

## How to reproduce it

    docker network create backend
    docker run -d --name kafka --network backend apache/kafka
    docker run -d --name web --network backend nginx
    dprobe check web kafka://kafka

Related: localhost-is-container, unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let seen = case.asked_greeting().filter(|_| !case.stays_where_it_is())?;
    let by = seen.fact.answered?;
    let lost: Vec<(&Advertised, &Check)> = case
        .followed(Relation::Advertised)
        .filter(|check| check.verdict == Verdict::Unreachable)
        .filter_map(|check| {
            seen.fact.advertised.iter().find(|one| one.text() == check.to.typed).map(|one| (one, check))
        })
        .collect();
    let (worst, check) = lost.iter().find(|(one, _)| one.vital).or(lost.first())?;
    let at = worst.text();
    let itself = is_loopback(&worst.host);
    let who = case.target().map_or_else(|| case.address_text(), |target| target.name.clone());
    let (from, server) = (&case.from.place, by.name());
    let why = if itself {
        format!("For {from}, {} is {from} itself, where no {server} runs.", worst.host)
    } else {
        match check.diagnoses.first() {
            Some(diagnosis) => format!("From {from} nobody is reached there: {}.", diagnosis.title),
            None => format!("From {from} nobody is reached there."),
        }
    };
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    because.extend(check.diagnoses.iter().flat_map(|diagnosis| diagnosis.because.iter().cloned()));
    because.dedup();
    Some(Found {
        severity: if worst.vital { Severity::Error } else { Severity::Warning },
        stage: StageName::App,
        title: format!("{server} in {who} sends its clients to {at}, which {from} does not reach"),
        explanation: format!(
            "{} answers, and tells its clients to connect to {at} from then on: it is what its configuration says. {why}",
            case.address_text()
        ),
        because,
        fixes: fixes(case, by, worst),
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

fn fixes(case: &Case<'_>, by: SpokenProtocol, worst: &Advertised) -> Vec<Fix> {
    let good = case.address_text();
    match by {
        SpokenProtocol::Kafka => vec![kafka(case.target(), &good)],
        SpokenProtocol::Mongodb => {
            let direct = change(
                "or, for a client that needs this one member only, add `directConnection=true` to its URL",
            );
            vec![mongodb(case.target(), &good, worst), direct]
        }
        _ => vec![change(format!("let the server hand out an address that its clients reach, such as {good}"))],
    }
}

fn kafka(target: Option<&Container>, good: &str) -> Fix {
    let listeners = format!("PLAINTEXT://{good}");
    let body = format!("environment:\n  KAFKA_ADVERTISED_LISTENERS: {listeners}");
    let title = format!(
        "let Kafka hand out the name by which it is dialled: recreate it with `KAFKA_ADVERTISED_LISTENERS={listeners}` \
         (`advertised.listeners` in server.properties); programs on the host need a listener of their own beside it"
    );
    change(title).with_compose(target.and_then(|target| compose_service(target, &body)))
}

fn mongodb(target: Option<&Container>, good: &str, worst: &Advertised) -> Fix {
    let wrong = worst.text();
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    let title = format!("let the replica set name this member as its clients dial it, {good}");
    let script = format!(
        "cfg = rs.conf(); cfg.members.forEach(m => {{ if (m.host == '{wrong}') m.host = '{good}' }}); \
         rs.reconfig(cfg, {{force: true}})"
    );
    match target.filter(|_| plain(&wrong) && plain(good)) {
        Some(target) => run(title, vec![command(&["docker", "exec", &target.name, "mongosh", "--eval", &script])]),
        None => change(format!("{title}: `{script}` in mongosh")),
    }
}
