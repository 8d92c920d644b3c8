//! Every message survives its way through JSON.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

use std::fmt::Debug;

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};
use dprobe_probes::arp::{ArpAsk, ArpFact};
use dprobe_probes::dns::{DnsAsk, DnsFact};
use dprobe_probes::errno::Errno;
use dprobe_probes::greeting::{
    Advertised, GreetAsk, GreetingFact, GreetingOutcome, GreetingPhases, Refusal, RefusalKind, SpokenProtocol,
};
use dprobe_probes::http::{HttpAsk, HttpFact, HttpFailure, HttpHeader, HttpPhase, HttpPhases, Via, ViaKind};
use dprobe_probes::listeners::{ListenerSocket, ListenersFact, ListenersSource, Protocol};
use dprobe_probes::lookup::{
    AnswerSource, DnsOutcome, DnsQuery, LookupAnswer, LookupAsk, LookupFact, LookupOutcome, MuslLookupAsk,
};
use dprobe_probes::network::{Interface, InterfaceAddress, NetworkFact, Route};
use dprobe_probes::ping::{PingAsk, PingFact};
use dprobe_probes::resolver::{ExternalServer, HostsEntry, ResolverFact};
use dprobe_probes::srv::{SrvAsk, SrvFact, SrvTarget};
use dprobe_probes::tcp::{AfterConnect, TcpAsk, TcpFact, TcpOutcome};
use dprobe_probes::tls::{CertificateFact, OldHello, TlsFact, TlsFault};
use dprobe_probes::udp::{UdpAsk, UdpFact, UdpOutcome};
use dprobe_probes::wire::{Ask, Fact, Hello, Observation, Plan, Probe, Reply, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn round<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert!(!json.contains('\n'));
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

fn host() -> String {
    "db".to_owned()
}

fn probes() -> Vec<Probe> {
    vec![
        Probe::Network,
        Probe::Resolver,
        Probe::Listeners,
        Probe::Lookup(LookupAsk { name: host(), timeout_ms: 1, every_server: true }),
        Probe::LookupMusl(MuslLookupAsk { name: host(), timeout_ms: 1 }),
        Probe::Dns(DnsAsk { servers: vec!["fe80::1".parse().unwrap()], names: vec![host()], timeout_ms: 1 }),
        Probe::Tcp(TcpAsk { host: host(), port: 65535, timeout_ms: u64::MAX, watch_ms: 0 }),
        Probe::Udp(UdpAsk { host: host(), port: 53, timeout_ms: 2 }),
        Probe::Ping(PingAsk { host: "gateway".to_owned(), timeout_ms: 3, size: 1472, fill: true }),
        Probe::Arp(ArpAsk { address: "198.51.100.1".parse().unwrap(), timeout_ms: 4 }),
        Probe::Srv(SrvAsk { service: "mongodb".to_owned(), domain: host(), timeout_ms: 5 }),
        Probe::Greet(GreetAsk {
            host: host(),
            port: 5432,
            application: postgres(),
            timeout_ms: 5,
            ca_bundle: None,
            and_mozilla: true,
            user: Some("app".to_owned()),
            database: None,
        }),
        Probe::Http(HttpAsk {
            url: "https://db/".to_owned(),
            timeout_ms: 5,
            ca_bundle: Some("PEM\n".to_owned()),
            and_mozilla: true,
            unverified: true,
            server_name: Some("db".to_owned()),
            via: Some(Via { host: "proxy".to_owned(), port: 1080, kind: ViaKind::Socks5h }),
            host_header: None,
        }),
        Probe::Http(HttpAsk {
            url: "http://db/".to_owned(),
            timeout_ms: 5,
            host_header: Some("d-b".to_owned()),
            ..HttpAsk::default()
        }),
    ]
}

fn network() -> NetworkFact {
    let address = InterfaceAddress { address: "2001:db8::1".parse().unwrap(), prefix: 64 };
    NetworkFact {
        namespace: u64::MAX,
        interfaces: vec![Interface {
            name: "eth0".to_owned(),
            index: 7,
            up: true,
            loopback: false,
            mtu: 1500,
            mac: Some("02:42:ac:14:00:02".to_owned()),
            addresses: vec![address],
        }],
        routes: vec![Route {
            destination: address,
            gateway: Some("198.51.100.1".parse().unwrap()),
            interface: "eth0".to_owned(),
            metric: 0,
        }],
        ip_forward: Some(true),
        ipv6_disabled: None,
        ipv6_forwarding: Some(false),
        bridge_nf_iptables: Some(true),
        local_port_range: Some((32768, 60999)),
    }
}

fn lookup() -> LookupFact {
    let address = "198.51.100.7".parse().unwrap();
    LookupFact {
        name: host(),
        outcome: LookupOutcome::Found,
        answers: vec![LookupAnswer { address, source: AnswerSource::Dns, ttl_s: Some(600) }],
        queries: vec![DnsQuery {
            server: "127.0.0.11".parse().unwrap(),
            question: host(),
            record: "A".to_owned(),
            transport: Protocol::Udp,
            outcome: DnsOutcome::Answered,
            rcode: Some("NOERROR".to_owned()),
            addresses: vec![address],
            ttl_s: None,
            took_ms: 0.125,
        }],
    }
}

fn tcp(outcome: TcpOutcome, errno: Option<Errno>, after: Option<AfterConnect>) -> Fact {
    Fact::TcpConnect(TcpFact {
        host: host(),
        address: "2001:db8::7".parse().unwrap(),
        port: 27017,
        outcome,
        errno,
        connect_ms: 1.5,
        local: Some("[2001:db8::1]:40000".parse().unwrap()),
        after,
    })
}

fn http() -> HttpFact {
    HttpFact {
        via: None,
        url: "https://db/".to_owned(),
        host_header: None,
        server_name: None,
        unverified: true,
        version: Some("HTTP/1.1".to_owned()),
        first_bytes: Some("x".to_owned()),
        address: Some("198.51.100.7".parse().unwrap()),
        phases: HttpPhases { dns_ms: Some(0.5), tcp_ms: Some(1.0), tls_ms: None, first_byte_ms: None },
        status: Some(502),
        headers: vec![HttpHeader { name: "server".to_owned(), value: "x".to_owned() }],
        body_start: Some("…".to_owned()),
        tls: Some(TlsFact {
            version: None,
            trusted: false,
            problem: Some("the certificate has expired".to_owned()),
            faults: vec![TlsFault::Expired, TlsFault::NotTls { first: "x".to_owned() }],
            clock: Some(1),
            server_name: Some("db".to_owned()),
            protocol: Some("h2".to_owned()),
            old: Some(OldHello { version: "TLSv1.1".to_owned(), cipher: 47 }),
            asks_certificate: true,
            client_authorities: vec!["CN=ca".to_owned()],
            chain: vec![CertificateFact {
                subject: "CN=db".to_owned(),
                issuer: "CN=ca".to_owned(),
                names: vec![host()],
                not_before: -1,
                not_after: i64::MAX,
                self_signed: true,
                authority: true,
            }],
        }),
        failure: Some(HttpFailure { phase: HttpPhase::Tls, reason: "no".to_owned(), errno: Some(Errno::BrokenPipe) }),
    }
}

fn greeting() -> GreetingFact {
    GreetingFact {
        host: host(),
        port: 9092,
        address: Some("198.51.100.7".parse().unwrap()),
        application: postgres(),
        patience_ms: 4000,
        answered: Some(SpokenProtocol::Ssh),
        outcome: GreetingOutcome::OtherProtocol,
        errno: Some(Errno::ConnectionRefused),
        refusal: Some(Refusal { kind: RefusalKind::HostDenied, code: Some("28000".to_owned()), text: "no".to_owned() }),
        software: Some("x".to_owned()),
        version: None,
        tls_offered: Some(false),
        tls: http().tls,
        tls_failure: Some("no".to_owned()),
        advertised: vec![Advertised { host: host(), port: 9092, vital: true }],
        first: Some("SSH-".to_owned()),
        phases: GreetingPhases { tcp_ms: Some(0.5), tls_ms: None, greeting_ms: Some(1.0) },
    }
}

fn postgres() -> Application {
    Application { protocol: ApplicationProtocol::Postgres, security: Security::Upgrade, verify: Verify::Chain }
}

fn facts() -> Vec<Fact> {
    let address = "198.51.100.7".parse().unwrap();
    let resolver = ResolverFact {
        nameservers: vec![address],
        search: vec!["test".to_owned()],
        ndots: 1,
        timeout_s: 5,
        attempts: 2,
        rotate: false,
        use_vc: true,
        single_request: true,
        external: vec![ExternalServer { address, from_host: true }],
        hosts: vec![HostsEntry { address, names: vec![host()] }],
        problems: vec!["gone".to_owned()],
    };
    let socket = ListenerSocket {
        protocol: Protocol::Tcp,
        address: "::".parse().unwrap(),
        port: 80,
        v6_only: Some(false),
        queue: 1,
        backlog: 4096,
        uid: 65534,
    };
    let listeners = ListenersFact { sockets: vec![socket], source: ListenersSource::SockDiag, truncated: true };
    vec![
        Fact::Network(network()),
        Fact::Resolver(resolver),
        Fact::Listeners(listeners),
        Fact::Lookup(lookup()),
        Fact::LookupMusl(lookup()),
        Fact::Dns(DnsFact { queries: lookup().queries }),
        tcp(TcpOutcome::Connected, None, Some(AfterConnect::Silent)),
        tcp(TcpOutcome::Connected, None, Some(AfterConnect::Spoke { first: "\\x1b".to_owned() })),
        tcp(TcpOutcome::Connected, None, Some(AfterConnect::Closed { after_ms: 0.25 })),
        tcp(TcpOutcome::Connected, None, Some(AfterConnect::Reset { after_ms: 0.0 })),
        tcp(TcpOutcome::Failed, Some(Errno::Other(9999)), None),
        Fact::Udp(UdpFact { host: host(), address, port: 53, outcome: UdpOutcome::Silent, errno: None }),
        Fact::Ping(PingFact { host: host(), address, size: 56, replied: true, rtt_ms: Some(0.5), errno: None }),
        Fact::Arp(ArpFact {
            address: "198.51.100.7".parse().unwrap(),
            interface: None,
            answers: vec!["02:00:00:00:00:07".to_owned()],
        }),
        Fact::Http(http()),
        Fact::Greeting(greeting()),
        Fact::Srv(SrvFact {
            domain: host(),
            question: "_mongodb._tcp.db".to_owned(),
            outcome: LookupOutcome::Found,
            targets: vec![SrvTarget { host: host(), port: 27017, priority: 1 }],
            texts: vec!["authSource=admin".to_owned()],
        }),
        Fact::Unfinished { probe: "tcp".to_owned(), reason: "no time".to_owned() },
    ]
}

#[test]
fn requests_survive() {
    let asks = probes().into_iter().enumerate().map(|(index, probe)| Ask { id: format!("p{index}"), probe });
    round(&Request::Plan(Plan { place: "web".to_owned(), deadline_ms: u64::MAX, asks: asks.collect() }));
    round(&Request::Stop);
}

#[test]
fn replies_survive() {
    for fact in facts() {
        let observation = Observation { id: "p3.2".to_owned(), place: "web".to_owned(), took_ms: 0.1, fact };
        round(&observation);
        round(&Reply::Observation(observation));
    }
    round(&Reply::Hello(Hello { protocol: 1, version: "0.1.0".to_owned() }));
    round(&Reply::Done);
    round(&Reply::Refused { reason: "no".to_owned() });
}

#[test]
fn the_kind_of_a_probe_is_its_name_in_json() {
    for probe in probes() {
        let json = serde_json::to_value(&probe).unwrap();
        assert_eq!(json["probe"], probe.kind());
    }
}

#[test]
fn an_observation_is_flat_and_says_where_and_of_what_kind() {
    let fact = Fact::Unfinished { probe: "tcp".to_owned(), reason: "no time".to_owned() };
    let observation = Observation { id: "p3".to_owned(), place: "web".to_owned(), took_ms: 1.0, fact };
    let json = serde_json::to_value(observation).unwrap();
    assert_eq!((&json["in"], &json["kind"], &json["probe"]), (&"web".into(), &"unfinished".into(), &"tcp".into()));
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    let line = r#"{"say":"plan","place":"web","deadline_ms":1,"mood":"good","asks":[{"id":"p1","probe":"tcp","host":"db",
        "port":1,"timeout_ms":1,"watch_ms":1,"colour":"red"}]}"#;
    assert!(matches!(serde_json::from_str(line), Ok(Request::Plan(plan)) if plan.asks.len() == 1));
}
