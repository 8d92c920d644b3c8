//! Ways into the parsers of foreign bytes, for the fuzz targets (`fuzz/`). No part of the API: nothing else uses them.
//!
//! Each takes what a peer, the kernel or a program could say, and hands back what a probe would make of it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::application::Verify;
use crate::firewall::{self, FirewallFact};
use crate::http::exchange::Exchange;
use crate::http::stream::Stream;
use crate::http::{self, HttpAsk, HttpFact};
use crate::listeners::{ListenerSocket, Protocol, proc_net};
use crate::lookup::exchange::{AddressRecord, answer_to, encode, read_answer};
use crate::lookup::{DnsOutcome, DnsQuery};
use crate::network::{Route, routes};
use crate::resolver::{HostsEntry, ResolverFact, parse};
use crate::tls::judge::Judge;
use crate::tls::{CertificateFact, OldHello, TlsFact, certificate, handshake};

/// What a DNS server's answer to a question for `name` comes to; none where it is passed over. The first two bytes of
/// `answer` are taken for the id that was asked with.
#[must_use]
pub fn dns_answer(name: &str, ipv6: bool, answer: &[u8]) -> Option<DnsQuery> {
    let record = if ipv6 { AddressRecord::Aaaa } else { AddressRecord::A };
    let (mut asked, _) = encode(name, record)?;
    asked.metadata.id = u16::from_be_bytes([*answer.first()?, *answer.get(1)?]);
    let message = answer_to(&asked, answer)?;
    let mut query = DnsQuery {
        server: Ipv4Addr::LOCALHOST.into(),
        question: name.to_owned(),
        record: String::new(),
        transport: Protocol::Udp,
        outcome: DnsOutcome::Malformed,
        rcode: None,
        addresses: Vec::new(),
        ttl_s: None,
        took_ms: 0.0,
    };
    read_answer(&mut query, record, &message);
    Some(query)
}

/// A question as it is sent; none for a name that can not be asked for.
#[must_use]
pub fn dns_question(name: &str) -> Option<Vec<u8>> {
    encode(name, AddressRecord::A).map(|(_, bytes)| bytes)
}

/// The text of a `resolv.conf`.
#[must_use]
pub fn resolv_conf(bytes: &[u8]) -> ResolverFact {
    parse::resolv_conf_text(bytes)
}

/// The text of a hosts file.
#[must_use]
pub fn hosts(bytes: &[u8]) -> Vec<HostsEntry> {
    parse::hosts_text(bytes)
}

/// `/proc/net/tcp` and its kin.
#[must_use]
pub fn socket_table(bytes: &[u8], protocol: Protocol) -> Vec<ListenerSocket> {
    proc_net::table(bytes, protocol)
}

/// `/proc/net/route`.
#[must_use]
pub fn routes_v4(bytes: &[u8]) -> Vec<Route> {
    routes::v4(bytes)
}

/// `/proc/net/ipv6_route`.
#[must_use]
pub fn routes_v6(bytes: &[u8]) -> Vec<Route> {
    routes::v6(bytes)
}

/// What `iptables-save -c` printed.
#[must_use]
pub fn iptables_save(text: &str) -> FirewallFact {
    let mut fact = FirewallFact::default();
    firewall::save::parse(text, "iptables", &mut fact);
    fact
}

/// What `nft -a list ruleset` printed.
#[must_use]
pub fn nft(text: &str) -> FirewallFact {
    let mut fact = FirewallFact::default();
    firewall::nft::parse(text, false, &mut fact);
    fact
}

/// A request to a server that is played, from the request on; none where the URL is none.
pub async fn http(ask: &HttpAsk, server: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Option<HttpFact> {
    let target = http::Target::parse(&ask.url).ok()?;
    let mut fact = HttpFact::default();
    fact.failure = exchange(ask, &target).request(Box::new(server), protocol(ask), &mut fact).await.err();
    Some(fact)
}

/// What a proxy that is played says when it is to connect, in HTTP or as a SOCKS proxy; none where the URL is none.
pub async fn http_tunnel(
    ask: &HttpAsk,
    proxy: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Option<HttpFact> {
    let target = http::Target::parse(&ask.url).ok()?;
    let mut fact = HttpFact::default();
    let kind = ask.via.as_ref().map(|via| via.kind).unwrap_or_default();
    let mut proxy: Stream = Box::new(proxy);
    fact.failure = exchange(ask, &target).tunnel(&mut proxy, kind, &mut fact).await.err();
    Some(fact)
}

fn exchange<'a>(ask: &'a HttpAsk, target: &'a http::Target) -> Exchange<'a> {
    let end = Instant::now() + Duration::from_millis(ask.timeout_ms);
    Exchange { ask, target, addresses: &[], behind: None, end }
}

/// The version of HTTP that a server which is played is asked in: the old one, unless the `Host` header asks for the new.
fn protocol(ask: &HttpAsk) -> &'static str {
    if ask.host_header.as_deref() == Some("h2") { "h2" } else { "http/1.1" }
}

/// A TLS handshake with a server that is played, as far as it comes: what it showed, and why it ended.
pub async fn tls(server: impl AsyncRead + AsyncWrite + Send + Unpin) -> (TlsFact, Option<String>) {
    let shaken = handshake::handshake(server, "web.test", None::<&str>, Duration::from_secs(2)).await;
    (shaken.fact, shaken.stream.err().map(|failure| failure.reason))
}

/// What a server that is played chooses of versions and ciphers of old.
pub async fn tls_of_old(mut server: impl AsyncRead + AsyncWrite + Send + Unpin) -> Option<OldHello> {
    handshake::old_hello(&mut server, "web.test", Duration::from_secs(2)).await
}

/// A URL as it is reported, and its host; or what is wrong with it.
///
/// # Errors
/// When it is no http or https URL.
pub fn http_url(url: &str) -> Result<(String, String), String> {
    http::Target::parse(url).map(|target| (target.shown, target.host))
}

/// What a certificate says.
#[must_use]
pub fn certificate(der: &[u8]) -> CertificateFact {
    certificate::certificate(&CertificateDer::from(der))
}

/// What a chain comes to that a server shows, its own certificate first.
#[must_use]
pub fn certificate_chain(ca_bundle: Option<&str>, chain: &[&[u8]]) -> TlsFact {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let recorder = Judge::new(provider, handshake::roots(&ca_bundle.into()), Verify::Full);
    let chain: Vec<CertificateDer<'_>> = chain.iter().copied().map(CertificateDer::from).collect();
    if let (Ok(name), [own, others @ ..]) = (ServerName::try_from("web.test"), chain.as_slice()) {
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_795_000_000));
        let _ = recorder.verify_server_cert(own, others, &name, &[], now);
    }
    recorder.fact()
}

/// The hardware address in an Ethernet frame that answers the question who has 198.51.100.3.
#[must_use]
pub fn arp(frame: &[u8]) -> Option<String> {
    crate::arp::request::answer(frame, Ipv4Addr::new(198, 51, 100, 2), Ipv4Addr::new(198, 51, 100, 3))
        .map(|mac| mac.to_string())
}
