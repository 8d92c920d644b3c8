//! An observation in one line, for `-v`.

use std::net::{IpAddr, SocketAddr};

use dprobe_probes::errno::Errno;
use dprobe_probes::firewall::{FirewallAction, FirewallFact};
use dprobe_probes::greeting::{GreetingFact, GreetingOutcome, SpokenProtocol};
use dprobe_probes::http::{HttpFact, HttpPhase, HttpPhases};
use dprobe_probes::listeners::ListenersFact;
use dprobe_probes::lookup::{AnswerSource, DnsOutcome, DnsQuery, LookupFact, LookupOutcome};
use dprobe_probes::network::NetworkFact;
use dprobe_probes::resolver::ResolverFact;
use dprobe_probes::tcp::{AfterConnect, TcpFact, TcpOutcome};
use dprobe_probes::tls::TlsFact;
use dprobe_probes::udp::UdpOutcome;
use dprobe_probes::wire::Fact;

use crate::diagnosis;

/// The kind of a fact, by its name in the report.
pub(super) fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Network(_) => "network",
        Fact::Resolver(_) => "resolver",
        Fact::Listeners(_) => "listeners",
        Fact::Lookup(_) => "lookup",
        Fact::LookupMusl(_) => "lookup_musl",
        Fact::Dns(_) => "dns",
        Fact::TcpConnect(_) => "tcp_connect",
        Fact::Udp(_) => "udp",
        Fact::Ping(_) => "ping",
        Fact::Arp(_) => "arp",
        Fact::Http(_) => "http",
        Fact::Greeting(_) => "greeting",
        Fact::Srv(_) => "srv",
        Fact::Firewall(_) => "firewall",
        Fact::Unfinished { .. } => "unfinished",
    }
}

/// What was seen. Foreign text is in it as it is.
pub(super) fn outcome(fact: &Fact) -> String {
    match fact {
        Fact::Network(fact) => network(fact),
        Fact::Resolver(fact) => resolver(fact),
        Fact::Listeners(fact) => listeners(fact),
        Fact::Lookup(fact) | Fact::LookupMusl(fact) => lookup(fact),
        Fact::Dns(fact) => list(fact.queries.iter().map(query), "nobody was asked"),
        Fact::TcpConnect(fact) => tcp(fact),
        Fact::Udp(fact) => {
            let outcome = match fact.outcome {
                UdpOutcome::Replied => "replied",
                UdpOutcome::Silent => "silent",
                UdpOutcome::Refused => "refused",
                UdpOutcome::Failed => "failed",
            };
            format!("{} {outcome}{}", SocketAddr::new(fact.address, fact.port), errno(fact.errno))
        }
        Fact::Ping(fact) => {
            format!("{} {}{}", fact.address, if fact.replied { "replied" } else { "no reply" }, errno(fact.errno))
        }
        Fact::Arp(fact) => match (&fact.interface, &fact.answers[..]) {
            (None, _) => format!("{} is on no link", fact.address),
            (Some(interface), []) => format!("{} no answer on {interface}", fact.address),
            (Some(interface), answers) => format!("{} is at {} on {interface}", fact.address, answers.join(" and ")),
        },
        Fact::Http(fact) => http(fact),
        Fact::Greeting(fact) => greeting(fact),
        Fact::Srv(fact) => {
            let targets = fact.targets.iter().map(|target| format!("{}:{}", target.host, target.port));
            format!("{} → {}", fact.question, list(targets, "no SRV record"))
        }
        Fact::Firewall(fact) => firewall(fact),
        Fact::Unfinished { probe, reason } => format!("{probe}: {reason}"),
    }
}

fn firewall(fact: &FirewallFact) -> String {
    let caught = fact.rules.iter().filter(|rule| rule.caught > 0 && rule.action != FirewallAction::Masquerade);
    let caught =
        caught.map(|rule| format!("{} -A {} {} caught {}", rule.table.program, rule.chain, rule.text, rule.caught));
    format!(
        "{} chains by {}; {}",
        fact.chains.len(),
        fact.readers.join(", "),
        list(caught, "no rule refused the connect")
    )
}

fn errno(errno: Option<Errno>) -> String {
    errno.map(|errno| format!(" ({errno})")).unwrap_or_default()
}

/// Items in a row, or a word where there are none.
fn list<T: ToString>(items: impl IntoIterator<Item = T>, none: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}

fn network(fact: &NetworkFact) -> String {
    let interfaces = fact.interfaces.iter().filter(|interface| !interface.loopback).map(|interface| {
        let addresses =
            list(interface.addresses.iter().map(|own| format!("{}/{}", own.address, own.prefix)), "no address");
        let state = if interface.up { "" } else { " down" };
        format!("{}{state} {addresses} mtu {}", interface.name, interface.mtu)
    });
    let gateway =
        fact.default_gateway().map_or_else(|| "no default route".to_owned(), |via| format!("default via {via}"));
    format!("{}; {gateway}", list(interfaces, "loopback only"))
}

fn resolver(fact: &ResolverFact) -> String {
    let search = if fact.search.is_empty() { String::new() } else { format!("; search {}", fact.search.join(" ")) };
    format!(
        "servers {}{search}; ndots {}; {} hosts entries",
        list(&fact.nameservers, "none"),
        fact.ndots,
        fact.hosts.len()
    )
}

fn listeners(fact: &ListenersFact) -> String {
    let sockets = fact
        .sockets
        .iter()
        .map(|socket| format!("{}/{}", SocketAddr::new(socket.address, socket.port), socket.protocol));
    format!("{}{}", list(sockets, "nothing listens"), if fact.truncated { ", …" } else { "" })
}

fn lookup(fact: &LookupFact) -> String {
    let found = match fact.outcome {
        LookupOutcome::Found => list(
            fact.answers.iter().map(|answer| {
                let source = match answer.source {
                    AnswerSource::HostsFile => " (hosts file)",
                    AnswerSource::Dns => "",
                    AnswerSource::Builtin => " (built in)",
                };
                format!("{}{source}", answer.address)
            }),
            "no address",
        ),
        LookupOutcome::NotFound => "not found".to_owned(),
        LookupOutcome::NoData => "has no address".to_owned(),
        LookupOutcome::TemporaryFailure => "temporary failure".to_owned(),
        LookupOutcome::InvalidName => "is no valid name".to_owned(),
    };
    let servers = list(fact.queries.iter().map(exchange), "");
    let asked = if servers.is_empty() { String::new() } else { format!("; {servers}") };
    format!("{} → {found}{asked}", fact.name)
}

/// One exchange of a lookup.
fn exchange(query: &DnsQuery) -> String {
    let outcome = match query.outcome {
        DnsOutcome::Answered => "answered",
        DnsOutcome::Empty => "empty",
        DnsOutcome::NxDomain => "NXDOMAIN",
        DnsOutcome::Error => query.rcode.as_deref().unwrap_or("error"),
        DnsOutcome::TimedOut => "timed out",
        DnsOutcome::Refused => "refused",
        DnsOutcome::Unreachable => "unreachable",
        DnsOutcome::Malformed => "malformed",
    };
    format!("{} {} {outcome}", query.server, query.record)
}

/// One exchange with a server that was asked on its own.
fn query(query: &DnsQuery) -> String {
    let addresses = list(&query.addresses, "");
    let addresses = if addresses.is_empty() { addresses } else { format!(" {addresses}") };
    format!("{} {}{addresses}", query.question, exchange(query))
}

fn tcp(fact: &TcpFact) -> String {
    let outcome = match fact.outcome {
        TcpOutcome::Connected => "connected",
        TcpOutcome::Refused => "refused",
        TcpOutcome::TimedOut => "timed out",
        TcpOutcome::HostUnreachable => "host unreachable",
        TcpOutcome::NetworkUnreachable => "network unreachable",
        TcpOutcome::Failed => "failed",
    };
    let after = match &fact.after {
        None => String::new(),
        Some(AfterConnect::Silent) => ", then silent".to_owned(),
        Some(AfterConnect::Spoke { first }) => format!(", then said \"{first}\""),
        Some(AfterConnect::Closed { after_ms }) => format!(", closed after {}", milliseconds(*after_ms)),
        Some(AfterConnect::Reset { after_ms }) => format!(", reset after {}", milliseconds(*after_ms)),
    };
    format!("{} {outcome}{}{after}", SocketAddr::new(fact.address, fact.port), errno(fact.errno))
}

fn http(fact: &HttpFact) -> String {
    let ended = match (&fact.failure, fact.status) {
        (Some(failure), _) => {
            let phase = match failure.phase {
                HttpPhase::Dns => "name",
                HttpPhase::Tcp => "tcp",
                HttpPhase::Proxy => "proxy",
                HttpPhase::Tls => "tls",
                HttpPhase::Http => "http",
            };
            format!("failed at {phase}: {}{}", failure.reason, errno(failure.errno))
        }
        (None, Some(status)) => format!("status {status}"),
        (None, None) => "no answer".to_owned(),
    };
    let via = fact.address.map(|address: IpAddr| format!(" via {address}")).unwrap_or_default();
    let proxy = fact.via.as_ref().map(|via| format!(" through {}:{}", via.host, via.port)).unwrap_or_default();
    let host = fact.host_header.as_ref().map(|host| format!(" (Host: {host})")).unwrap_or_default();
    let name = fact.server_name.as_ref().map(|name| format!(" (SNI {name})")).unwrap_or_default();
    let first = fact.first_bytes.as_ref().map(|first| format!("; it said \"{first}\"")).unwrap_or_default();
    let tls = fact.tls.as_ref().map(|tls| format!("; {}", self::tls(tls))).unwrap_or_default();
    format!("{}{host}{name}{proxy}{via} {ended}{first}{}{tls}", fact.url, phases(&fact.phases))
}

/// A handshake with the chain, each certificate with its validity and behind it its issuer.
fn tls(fact: &TlsFact) -> String {
    let version = fact.version.as_deref().unwrap_or("TLS");
    let faults = list(&fact.faults, if fact.trusted { "trusted" } else { "not trusted" });
    let asks = if fact.asks_certificate { ", asks for a client's certificate" } else { "" };
    let chain = fact.chain.iter().map(|one| {
        let names = list(&one.names, "no names");
        let validity = format!("{} to {}", diagnosis::day(one.not_before), diagnosis::day(one.not_after));
        format!(" ← {} [{names}] {validity} by {}", one.subject, one.issuer)
    });
    format!("{version}: {faults}{asks}{}", chain.collect::<String>())
}

fn greeting(fact: &GreetingFact) -> String {
    let outcome = match fact.outcome {
        GreetingOutcome::Welcome => "welcome",
        GreetingOutcome::WantsAuthentication => "wants a login",
        GreetingOutcome::Refused => "refused",
        GreetingOutcome::OtherProtocol => "another protocol",
        GreetingOutcome::NotUnderstood => "not understood",
        GreetingOutcome::Silent => "silent",
        GreetingOutcome::Closed => "closed",
        GreetingOutcome::Reset => "reset",
        GreetingOutcome::TlsFailed => "TLS failed",
        GreetingOutcome::NotConnected => "not connected",
    };
    let asked = SpokenProtocol::from(fact.application.protocol);
    let answered = fact.answered.filter(|answered| *answered != asked);
    let answered = answered.map(|answered| format!(" ({} answers)", answered.name())).unwrap_or_default();
    let version = fact.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let refusal = fact.refusal.as_ref().map(|refusal| {
        let code = refusal.code.as_ref().map(|code| format!("{code} ")).unwrap_or_default();
        format!(": {code}{}", refusal.text)
    });
    let failure = fact.tls_failure.as_ref().map(|failure| format!(": {failure}"));
    let first = fact.first.as_ref().map(|first| format!(", said \"{first}\""));
    let offered = fact.tls_offered.map(|offered| if offered { "; TLS offered" } else { "; no TLS" });
    let tls = fact.tls.as_ref().and_then(|tls| tls.version.as_ref()).map(|version| format!("; {version}"));
    let advertised = list(fact.advertised.iter().map(|one| format!("{}:{}", one.host, one.port)), "");
    let advertised = if advertised.is_empty() { advertised } else { format!("; advertises {advertised}") };
    let more = [refusal, failure, first, offered.map(str::to_owned), tls].into_iter().flatten().collect::<String>();
    let at = fact.address.map(|address| format!(" via {address}")).unwrap_or_default();
    let (host, port) = (&fact.host, fact.port);
    let errno = errno(fact.errno);
    format!("{host}:{port}{at} {}{version} {outcome}{answered}{errno}{more}{advertised}", asked.name())
}

fn phases(phases: &HttpPhases) -> String {
    let named =
        [("dns", phases.dns_ms), ("tcp", phases.tcp_ms), ("tls", phases.tls_ms), ("first byte", phases.first_byte_ms)];
    let taken = list(named.iter().filter_map(|(name, ms)| Some(format!("{name} {}", milliseconds((*ms)?)))), "");
    if taken.is_empty() { taken } else { format!(" ({taken})") }
}

/// A time in milliseconds, as exact as it is interesting.
pub(super) fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}
