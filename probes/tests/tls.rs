//! What is wrong with a TLS handshake, with servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::http::{ask, failed_in, get, greets};
use common::tls::{Authority, tls_server};
use common::within;
use dprobe_probes::http::{HttpAsk, HttpPhase};
use dprobe_probes::tls::TlsFault;
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_trusted() {
    let authority = Authority::new();
    let port = authority.server("localhost", |_| ()).await;
    let bundle = format!("# a comment\n{}\n", authority.pem);
    let fact = get(&format!("https://localhost:{port}/"), 5000, Some(bundle)).await;
    assert_eq!((fact.status, &fact.failure), (Some(204), &None));
    assert!(fact.phases.tls_ms.is_some());
    let tls = fact.tls.unwrap();
    assert_eq!((tls.trusted, tls.version.as_deref(), tls.problem), (true, Some("TLSv1.3"), None));
    assert_eq!(tls.chain.len(), 1);
    let server = &tls.chain[0];
    assert_eq!(server.names, ["localhost"]);
    assert!(server.issuer.contains("Test Authority"), "{server:?}");
    assert!(server.subject.contains("server") && !server.subject.contains('\u{1b}'), "{server:?}");
    assert!(server.not_before < server.not_after);
}

/// A request that must fail in TLS: what is wrong.
async fn faults(port: u16, host: &str, ca_bundle: Option<String>) -> Vec<TlsFault> {
    let fact = get(&format!("https://{host}:{port}/"), 5000, ca_bundle).await;
    assert_eq!((failed_in(&fact), fact.status), (Some(HttpPhase::Tls), None), "{fact:?}");
    let tls = fact.tls.unwrap();
    assert!(!tls.trusted && tls.clock.is_some());
    assert_eq!(tls.server_name.as_deref(), (host == "localhost").then_some("localhost"));
    assert_eq!(tls.problem, tls.faults.first().map(ToString::to_string));
    // The chain is told although it is not trusted.
    assert_eq!(tls.chain.len(), 1);
    tls.faults
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_apart() {
    let authority = Authority::new();
    let trusted = || Some(authority.pem.clone());
    let good = authority.server("localhost", |_| ()).await;
    assert_eq!(faults(good, "localhost", None).await, [TlsFault::UnknownIssuer]);
    let other = Authority::named("Another").pem;
    assert_eq!(faults(good, "localhost", Some(other)).await, [TlsFault::UnknownIssuer]);
    let namesake = Authority::new().pem;
    assert_eq!(faults(good, "localhost", Some(namesake)).await, [TlsFault::BadSignature]);
    assert_eq!(faults(good, "localhost", Some("rubbish".to_owned())).await, [TlsFault::NoRoots]);
    assert_eq!(faults(good, "127.0.0.1", trusted()).await, [TlsFault::WrongName]);
    let old = authority.server("localhost", |params| params.not_after = date_time_ymd(2020, 1, 1)).await;
    assert_eq!(faults(old, "localhost", trusted()).await, [TlsFault::Expired]);
    let early = authority.server("localhost", |params| params.not_before = date_time_ymd(3000, 1, 1)).await;
    assert_eq!(faults(early, "localhost", trusted()).await, [TlsFault::NotYetValid]);
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let client = authority.server("localhost", client).await;
    assert_eq!(faults(client, "localhost", trusted()).await, [TlsFault::NotForServers]);
}

#[tokio::test]
async fn all_faults_of_a_certificate_are_told() {
    let authority = Authority::new();
    let old = authority.server("other.test", |params| params.not_after = date_time_ymd(2020, 1, 1)).await;
    let all = [TlsFault::UnknownIssuer, TlsFault::WrongName, TlsFault::Expired];
    assert_eq!(faults(old, "localhost", None).await, all);
    assert_eq!(faults(old, "localhost", Some(authority.pem)).await, all[1..]);
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_told_apart() {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "itself");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let port = tls_server(certificate.der(), &key, |config| config).await;
    assert_eq!(faults(port, "localhost", None).await, [TlsFault::SelfSigned]);
    let fact = get(&format!("https://localhost:{port}/"), 5000, Some(certificate.pem())).await;
    assert_eq!(fact.status, Some(204), "{fact:?}");
}

#[tokio::test]
async fn a_name_in_the_subject_alone_is_let_pass_and_told() {
    let authority = Authority::new();
    let change = |params: &mut CertificateParams| {
        params.subject_alt_names.clear();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "localhost");
    };
    let port = authority.server("localhost", change).await;
    let fact = get(&format!("https://localhost:{port}/"), 5000, Some(authority.pem)).await;
    let tls = fact.tls.unwrap();
    assert_eq!((fact.status, tls.trusted, tls.problem), (Some(204), true, None));
    assert_eq!(tls.faults, [TlsFault::NameInSubject]);
}

#[tokio::test]
async fn what_is_judged_elsewhere_is_let_pass() {
    let authority = Authority::new();
    let port = authority.server("other.test", |_| ()).await;
    let url = format!("https://localhost:{port}/");
    let fact = ask(HttpAsk { url, timeout_ms: 5000, unverified: true, ..HttpAsk::default() }).await;
    let tls = fact.tls.unwrap();
    assert_eq!((fact.status, tls.trusted), (Some(204), false));
    assert_eq!(tls.faults, [TlsFault::UnknownIssuer, TlsFault::WrongName]);
}

/// A server that wants a certificate of its clients' that `authority` has signed, with these versions of TLS.
async fn mutual(authority: &Authority, versions: &[&'static SupportedProtocolVersion], optional: bool) -> u16 {
    let mut roots = RootCertStore::empty();
    let pem = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
    roots.add(pem).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let clients = if optional { clients.allow_unauthenticated() } else { clients }.build().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let versions = versions.to_vec();
    tls_server(certificate.der(), &key, move |_| {
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .unwrap()
            .with_client_cert_verifier(clients)
    })
    .await
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_the_client_is_understood() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let port = mutual(&authority, &[version], false).await;
        let tls = get(&format!("https://localhost:{port}/"), 5000, Some(authority.pem.clone())).await.tls.unwrap();
        assert!(tls.asks_certificate, "{tls:?}");
        assert_eq!(tls.faults, [TlsFault::ClientCertificateWanted], "{version:?}");
        assert!(tls.client_authorities[0].contains("Test Authority"), "{tls:?}");
        let port = mutual(&authority, &[version], true).await;
        let fact = get(&format!("https://localhost:{port}/"), 5000, Some(authority.pem.clone())).await;
        assert_eq!((fact.status, fact.tls.unwrap().asks_certificate), (Some(204), true));
    }
}

#[tokio::test]
async fn what_a_server_answers_in_place_of_a_handshake_is_told_apart() {
    let alert = |code: u8| vec![21, 3, 3, 0, 2, 2, code];
    // A ServerHello of TLS 1.1 (RFC 4346, section 7.4.1.3).
    let mut old = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    old.extend([7; 32]);
    old.extend([0, 0, 0x2f, 0]);
    let cases = [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            TlsFault::NotTls { first: "HTTP/1.1 400 Bad Request\\r\\n\\r\\n".to_owned() },
        ),
        (b"N".to_vec(), TlsFault::NotTls { first: "N".to_owned() }),
        (b"\x1b[2J\xff".to_vec(), TlsFault::NotTls { first: "\\x1b[2J\\xff".to_owned() }),
        (Vec::new(), TlsFault::Closed),
        (alert(40), TlsFault::NoCommonCipher),
        (alert(70), TlsFault::VersionRefused),
        (alert(112), TlsFault::NameNotServed),
        (alert(116), TlsFault::ClientCertificateWanted),
        (alert(80), TlsFault::Alert { description: "InternalError".to_owned() }),
        (old, TlsFault::VersionRefused),
    ];
    for (answer, fault) in cases {
        let port = greets(answer.clone(), false).await;
        let fact = get(&format!("https://127.0.0.1:{port}/"), 3000, None).await;
        assert_eq!(fact.tls.unwrap().faults, [fault], "{answer:?}");
    }
}

#[tokio::test]
async fn a_handshake_without_an_end_is_ended() {
    // A handshake message of 16 MB in records of 16 KiB, of which the first says how long it is.
    let mut long = vec![22, 3, 3, 0x40, 0, 11, 0xff, 0xff, 0xff];
    long.resize(5 + 0x4000, b'x');
    let mut record = vec![22, 3, 3, 0x40, 0];
    record.resize(5 + 0x4000, b'x');
    for _ in 0..100 {
        long.extend(&record);
    }
    let port = greets(long, true).await;
    let fact = within(Duration::from_secs(5), get(&format!("https://127.0.0.1:{port}/"), 15_000, None)).await;
    assert_eq!(fact.tls.unwrap().faults, [TlsFault::TooLong]);

    // A byte a minute.
    let port = greets(vec![22], true).await;
    let fact = within(Duration::from_secs(5), get(&format!("https://127.0.0.1:{port}/"), 400, None)).await;
    assert_eq!(fact.tls.unwrap().faults, [TlsFault::TimedOut]);
}

#[tokio::test]
async fn an_address_can_be_what_a_certificate_is_for() {
    let authority = Authority::new();
    let port = authority.server("127.0.0.1", |_| ()).await;
    let fact = get(&format!("https://127.0.0.1:{port}/"), 5000, Some(authority.pem)).await;
    assert_eq!(fact.status, Some(204), "{fact:?}");
    assert_eq!(fact.tls.unwrap().chain[0].names, ["127.0.0.1"]);
}

#[tokio::test]
async fn a_plain_server_does_not_speak_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 16];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let fact = get(&format!("https://127.0.0.1:{port}/"), 3000, None).await;
    let failure = fact.failure.unwrap();
    assert_eq!((failure.phase, failure.reason.as_str()), (HttpPhase::Tls, "the server's answer is not TLS"));
    assert_eq!(fact.tls.unwrap().chain, []);
}

#[tokio::test]
async fn a_server_that_is_silent_in_the_handshake_meets_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}/");
    let fact = within(Duration::from_secs(5), get(&url, 300, None)).await;
    assert_eq!(failed_in(&fact), Some(HttpPhase::Tls));
}
