//! Reports written by hand, for the tests of the formats.

mod followed;

use dprobe_probes::errno::Errno;
use dprobe_probes::listeners::{ListenerSocket, ListenersFact, ListenersSource};
use dprobe_probes::lookup::{AnswerSource, DnsOutcome, DnsQuery, LookupAnswer, LookupFact, LookupOutcome};
use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};
use dprobe_probes::wire::{Fact, Observation};

use serde_json::json;

use crate::report::doctor::Doctor;
use crate::report::{
    Check, Diagnosis, Fix, PortOrigin, Report, SCHEMA, Severity, Source, Stage, StageName, Target, Verdict,
};
use crate::topology::{Container, Dependency, EngineInfo, LeftOut, Origin, Protocol, Topology};

pub(crate) use followed::{advertised, bad_gateway};

pub(crate) fn all() -> Vec<Report> {
    vec![
        bind_loopback(),
        healthy(),
        two_diagnoses(),
        no_diagnosis(),
        several(),
        hostile(),
        bad_gateway(),
        advertised(),
        overview(),
    ]
}

fn report(checks: Vec<Check>) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        dprobe: "0.1.0".to_owned(),
        engine: EngineInfo {
            name: "Docker Engine".to_owned(),
            version: "20.10.24".to_owned(),
            ..EngineInfo::default()
        },
        started_at: "2026-11-20T10:00:00Z".to_owned(),
        took_ms: 212.5,
        overview: None,
        checks,
        observations: Vec::new(),
        topology: Topology::default(),
    }
}

/// An engine whose host does not forward, with a name that a terminal must not see.
pub(crate) fn doctor() -> Doctor {
    let doctor: Doctor = read(json!({
        "schema": crate::report::doctor::SCHEMA, "dprobe": "0.1.0", "started_at": "2026-11-20T10:00:00.000Z", "took_ms": 212.5,
        "engine": {
            "name": "Docker Engine", "version": "29.0.1", "api_version": "1.51", "os": "Debian GNU/Linux 12\u{1b}[31m",
            "kernel": "6.18", "arch": "amd64", "flavor": "docker", "address": "unix:///var/run/docker.sock",
        },
        "settings": {},
        "observations": [{
            "id": "p1", "in": "host", "took_ms": 0.5, "kind": "network", "namespace": 1, "ip_forward": false,
            "interfaces": [
                { "name": "eth0", "index": 2, "up": true, "loopback": false, "mtu": 1500, "addresses": [] },
                { "name": "docker0", "index": 3, "up": true, "loopback": false, "mtu": 1500,
                  "addresses": [{ "address": "172.17.0.1", "prefix": 16 }] },
            ],
            "routes": [{ "destination": { "address": "0.0.0.0", "prefix": 0 }, "gateway": "192.0.2.1", "interface": "eth0", "metric": 0 }],
        }],
        "topology": { "containers": {}, "networks": { "bridge": {
            "id": "0123456789abcdef", "name": "bridge", "driver": "bridge", "scope": "local", "internal": false, "ipv6": false,
            "subnets": [{ "range": "172.17.0.0/16", "gateway": "172.17.0.1" }],
        } } },
        "overview": [], "findings": [],
    }));
    crate::diagnosis::examine_again(doctor)
}

fn from(name: &str) -> Source {
    read(json!({ "typed": name, "kind": "container", "place": name, "container": name }))
}

fn to(name: &str, port: u16, origin: PortOrigin) -> Target {
    read(json!({
        "typed": name, "kind": "container", "host": name, "port": port, "protocol": "tcp", "port_origin": origin,
        "container": name, "place": name,
    }))
}

/// A part of a report from JSON, for those to which fields may be added.
fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("a part of a report")
}

fn stage(stage: StageName, ok: impl Into<Option<bool>>, summary: &str, detail: &str) -> Stage {
    Stage {
        stage,
        ok: ok.into(),
        summary: summary.to_owned(),
        detail: detail.to_owned(),
        probes: vec!["p1".to_owned()],
    }
}

fn healthy_check() -> Check {
    Check {
        from: from("web"),
        to: to("mongodb", 27017, PortOrigin::Listener),
        verdict: Verdict::Reachable,
        stages: vec![
            stage(StageName::Name, true, "mongodb → 172.18.0.2", "favorites-net, 0.4 ms"),
            stage(StageName::Route, true, "web and mongodb share favorites-net", ""),
            stage(StageName::Tcp, true, "172.18.0.2:27017 connected", "0.2 ms"),
            stage(StageName::Listen, true, "mongodb listens on 0.0.0.0:27017", ""),
        ],
        diagnoses: Vec::new(),
        followed: Vec::new(),
    }
}

pub(crate) fn healthy() -> Report {
    report(vec![healthy_check()])
}

/// What `web` depends on: one that answers, one that does not, one whose string is wrong, and one that is not checked.
pub(crate) fn overview() -> Report {
    let found = |mut check: Check, url: &str, origin: Origin| {
        check.to.typed = url.to_owned();
        check.to.url = url.contains("://").then(|| url.to_owned());
        check.to.port_origin = Some(PortOrigin::Typed);
        check.to.origins = vec![origin];
        check
    };
    let variable = |name: &str| Origin::Environment(vec![name.to_owned()]);
    let mut malformed = found(bind_loopback_check(), "postgres://***@db/shop", variable("DATABASE_URL"));
    malformed.stages = Vec::new();
    malformed.to.url = None;
    malformed.diagnoses[0].title = "DATABASE_URL of web has a `/` in its password that is not escaped".to_owned();
    let checks = vec![
        found(
            healthy_check(),
            "redis://cache:6379",
            Origin::Environment(vec!["REDIS_HOST".to_owned(), "REDIS_PORT".to_owned()]),
        ),
        found(bind_loopback_check(), "mongodb://mongodb:27017/favorites", variable("MONGO_URL")),
        malformed,
        found(healthy_check(), "172.18.0.1", Origin::Gateway),
    ];
    let dependency = Dependency {
        target: "https://www.outside.test/a/long/way/to/an/image.png".to_owned(),
        origins: vec![variable("NEXT_PUBLIC_IMAGE")],
        left_out: Some(LeftOut::ForBrowsers),
        ..Dependency::default()
    };
    let mut topology = Topology::default();
    let web = Container { dependencies: vec![dependency], ..crate::diagnosis::tests::facts::container("web", "shop") };
    topology.containers.insert("web".to_owned(), web);
    let mut from = checks[0].from.clone();
    from.container = Some("web".to_owned());
    Report { overview: Some(from), topology, ..report(checks) }
}

fn bind_loopback_check() -> Check {
    Check {
        verdict: Verdict::Unreachable,
        stages: vec![
            stage(StageName::Name, true, "mongodb → 172.18.0.2", "favorites-net, 0.4 ms"),
            stage(StageName::Route, true, "web and mongodb share favorites-net", ""),
            stage(StageName::Tcp, false, "172.18.0.2:27017 refused", "0.1 ms"),
            stage(StageName::Listen, false, "mongodb listens on 127.0.0.1:27017 only", ""),
        ],
        diagnoses: vec![Diagnosis {
            code: "bind-loopback".to_owned(),
            severity: Severity::Error,
            stage: StageName::Listen,
            title: "mongod accepts connections from inside its own container only".to_owned(),
            explanation:
                "mongod in mongodb listens on 127.0.0.1:27017. That is the loopback address, and each container \
                          has a loopback of its own: only programs inside mongodb can connect there. To be reached by \
                          others it has to listen on every address, 0.0.0.0."
                    .to_owned(),
            because: vec!["p3".to_owned(), "topology.containers.mongodb".to_owned()],
            fixes: vec![Fix {
                title: "start it with `mongod --bind_ip_all`".to_owned(),
                argv: Some(vec!["mongod".to_owned(), "--bind_ip_all".to_owned()]),
                compose: Some("command: [\"mongod\", \"--bind_ip_all\"]".to_owned()),
                lasting: true,
                ..Fix::default()
            }],
        }],
        ..healthy_check()
    }
}

pub(crate) fn bind_loopback() -> Report {
    Report { observations: observations(), ..report(vec![bind_loopback_check()]) }
}

fn observations() -> Vec<Observation> {
    let address = "172.18.0.2".parse().expect("an address");
    let see = |id: &str, place: &str, took_ms, fact| Observation {
        id: id.to_owned(),
        place: place.to_owned(),
        took_ms,
        fact,
    };
    vec![
        see(
            "p1",
            "web",
            0.41,
            Fact::Lookup(LookupFact {
                name: "mongodb".to_owned(),
                outcome: LookupOutcome::Found,
                answers: vec![LookupAnswer { address, source: AnswerSource::Dns, ttl_s: Some(600) }],
                queries: vec![DnsQuery {
                    server: "127.0.0.11".parse().expect("an address"),
                    question: "mongodb.".to_owned(),
                    record: "A".to_owned(),
                    transport: Protocol::Udp,
                    outcome: DnsOutcome::Answered,
                    rcode: Some("NOERROR".to_owned()),
                    addresses: vec![address],
                    ttl_s: Some(600),
                    took_ms: 0.3,
                }],
            }),
        ),
        see(
            "p2",
            "web",
            0.12,
            Fact::TcpConnect(TcpFact {
                host: "mongodb".to_owned(),
                address,
                port: 27017,
                outcome: TcpOutcome::Refused,
                errno: Some(Errno::ConnectionRefused),
                connect_ms: 0.1,
                local: None,
                after: None,
            }),
        ),
        see(
            "p3",
            "mongodb",
            12.0,
            Fact::Listeners(ListenersFact {
                sockets: vec![ListenerSocket {
                    protocol: Protocol::Tcp,
                    address: "127.0.0.1".parse().expect("an address"),
                    port: 27017,
                    v6_only: None,
                    queue: 0,
                    backlog: 128,
                    uid: 999,
                }],
                source: ListenersSource::SockDiag,
                truncated: false,
            }),
        ),
        see(
            "p4",
            "mongodb",
            1500.0,
            Fact::Unfinished { probe: "http".to_owned(), reason: "the deadline passed".to_owned() },
        ),
    ]
}

pub(crate) fn two_diagnoses() -> Report {
    let check = Check {
        to: to("database", 5432, PortOrigin::Typed),
        verdict: Verdict::Unreachable,
        stages: vec![
            stage(StageName::Name, false, "database is not found (NXDOMAIN)", "127.0.0.11, 0.3 ms"),
            stage(StageName::Route, false, "web is on shop_front, database on shop_back: they share no network", ""),
            stage(StageName::Tcp, None, "not tried", ""),
        ],
        diagnoses: vec![
            Diagnosis {
                code: "no-shared-network".to_owned(),
                severity: Severity::Error,
                stage: StageName::Route,
                title: "web and database are on different networks, which the engine keeps apart from each other".to_owned(),
                explanation: "Containers reach each other on a network that both are on.".to_owned(),
                because: vec!["topology.containers.web".to_owned()],
                fixes: vec![
                    Fix {
                        title: "connect web to the network of database".to_owned(),
                        commands: vec!["docker network connect shop_back web".to_owned()],
                        compose: Some("services:\n  web:\n    networks:\n      - front\n      - back".to_owned()),
                        ..Fix::default()
                    },
                    Fix {
                        title: "or make a network of their own and connect both".to_owned(),
                        commands: vec![
                            "docker network create shop-net".to_owned(),
                            "docker network connect --alias database-of-the-shop-with-a-rather-long-name shop-net database"
                                .to_owned(),
                            "docker network connect shop-net web".to_owned(),
                        ],
                        ..Fix::default()
                    },
                ],
            },
            Diagnosis {
                code: "host-port-used-inside".to_owned(),
                severity: Severity::Warning,
                stage: StageName::Tcp,
                title: "5433 is the port on the host; containers use 5432".to_owned(),
                explanation: String::new(),
                because: Vec::new(),
                fixes: vec![Fix {
                    title: "use the port inside the container".to_owned(),
                    dial: Some("database:5432".to_owned()),
                    lasting: true,
                    ..Fix::default()
                }],
            },
            Diagnosis {
                code: "ambiguous-name".to_owned(),
                severity: Severity::Note,
                stage: StageName::Name,
                title: "two containers answer to database".to_owned(),
                explanation: "Which of them is dialled changes from one connection to the next.".to_owned(),
                because: Vec::new(),
                fixes: Vec::new(),
            },
        ],
        ..healthy_check()
    };
    report(vec![check])
}

pub(crate) fn no_diagnosis() -> Report {
    let check = Check {
        to: to("mongodb:27017", 27017, PortOrigin::Typed),
        verdict: Verdict::Unreachable,
        stages: vec![
            stage(StageName::Name, true, "mongodb → 172.18.0.2", "favorites-net, 0.4 ms"),
            stage(StageName::Tcp, false, "172.18.0.2:27017 timed out", "3.0 s"),
            stage(StageName::Listen, true, "mongodb listens on 0.0.0.0:27017", ""),
        ],
        ..healthy_check()
    };
    report(vec![check])
}

pub(crate) fn several() -> Report {
    let mut url = healthy_check();
    url.to = Target {
        typed: "http://api:8080/health".to_owned(),
        url: Some("http://api:8080/health".to_owned()),
        scheme: Some("http".to_owned()),
        ..to("api", 8080, PortOrigin::Typed)
    };
    url.verdict = Verdict::Degraded;
    url.stages = vec![stage(StageName::Http, false, "503 Service Unavailable", "12 ms")];
    let mut udp = healthy_check();
    udp.from.stand_in = true;
    udp.to = Target { protocol: Protocol::Udp, ..to("dns:53/udp", 53, PortOrigin::Typed) };
    udp.verdict = Verdict::Inconclusive;
    udp.stages = vec![stage(StageName::Udp, None, "172.18.0.4:53 is silent, as UDP servers may be", "1.0 s")];
    report(vec![healthy_check(), bind_loopback_check(), url, udp])
}

pub(crate) fn hostile() -> Report {
    let evil = "a\x1b[31mb\u{202e}c\nd\u{9b}2Je";
    let mut check = bind_loopback_check();
    check.from.typed = evil.to_owned();
    check.to.typed = evil.repeat(10);
    for stage in &mut check.stages {
        stage.summary = evil.to_owned();
        stage.detail = evil.to_owned();
    }
    for diagnosis in &mut check.diagnoses {
        diagnosis.code = evil.to_owned();
        diagnosis.title = format!("{evil} 数据库 {}", "long".repeat(40));
        diagnosis.explanation = evil.to_owned();
        for fix in &mut diagnosis.fixes {
            fix.title = evil.to_owned();
            fix.commands = vec![evil.to_owned()];
            fix.argv = Some(vec![evil.to_owned()]);
            fix.dial = Some(evil.to_owned());
            fix.compose = Some(evil.to_owned());
        }
    }
    let relation = crate::report::Relation::Upstream;
    check.followed = vec![crate::report::Followed { relation, check: check.clone() }];
    let mut report = report(vec![check]);
    report.dprobe = evil.to_owned();
    report.observations = observations();
    for seen in &mut report.observations {
        seen.place = evil.to_owned();
        if let Fact::TcpConnect(fact) = &mut seen.fact {
            fact.after = Some(AfterConnect::Spoke { first: evil.to_owned() });
        }
        if let Fact::Unfinished { reason, .. } = &mut seen.fact {
            evil.clone_into(reason);
        }
    }
    report
}
