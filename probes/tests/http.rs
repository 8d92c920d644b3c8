//! HTTP and HTTPS requests to servers on loopback, good and hostile ones.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{closed_port, fact, observe, within};
use dprobe_probes::errno::Errno;
use dprobe_probes::http::{HttpAsk, HttpFact, HttpPhase, Via, ViaKind};
use dprobe_probes::tls::TlsFault;
use dprobe_probes::wire::{Fact, Probe};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{WantsServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ConfigBuilder, RootCertStore, ServerConfig, SupportedProtocolVersion};

async fn get(url: &str, timeout_ms: u64, ca_bundle: Option<String>) -> HttpFact {
    ask(HttpAsk { url: url.to_owned(), timeout_ms, ca_bundle, ..HttpAsk::default() }).await
}

async fn ask(ask: HttpAsk) -> HttpFact {
    match fact(Probe::Http(ask)).await {
        Fact::Http(fact) => fact,
        other => panic!("{other:?}"),
    }
}

/// A server that reads the head of a request and hands it over with the connection.
async fn serve<F>(treat: impl Fn(TcpStream, String) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            tokio::spawn(treat(stream, String::from_utf8_lossy(&head).into_owned()));
        }
    });
    port
}

/// A server that answers every request with the same bytes and hangs up.
async fn says(answer: impl Into<Vec<u8>>) -> u16 {
    let answer: Vec<u8> = answer.into();
    serve(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

fn failed_in(fact: &HttpFact) -> Option<HttpPhase> {
    fact.failure.as_ref().map(|failure| failure.phase)
}

#[tokio::test]
async fn an_answer_has_a_status_headers_a_body_and_timings() {
    let port = says("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nServer: x\x01y\r\n\r\nnope\n").await;
    let fact = get(&format!("http://127.0.0.1:{port}/a?b"), 3000, None).await;
    // A control character in a header is no HTTP.
    assert_eq!(failed_in(&fact), Some(HttpPhase::Http), "{fact:?}");

    let port = says("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nServer: x\r\n\r\nno\x1be\n").await;
    let fact = get(&format!("http://127.0.0.1:{port}/a?b"), 3000, None).await;
    assert_eq!((fact.status, fact.failure), (Some(404), None));
    assert_eq!(fact.body_start.as_deref(), Some("no\\x1be\\n"));
    let headers: Vec<_> = fact.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    assert_eq!(headers, [("content-length", "5"), ("server", "x")]);
    assert_eq!(fact.address, Some("127.0.0.1".parse().unwrap()));
    assert_eq!((fact.phases.dns_ms, fact.phases.tls_ms), (None, None));
    assert!(fact.phases.tcp_ms.is_some() && fact.phases.first_byte_ms.is_some());
}

#[tokio::test]
async fn the_server_is_told_its_name_and_the_path() {
    let port = serve(|mut stream, head| async move {
        let body = head.replace("\r\n", "|");
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let fact = get(&format!("http://ada:secret@localhost:{port}/x?y=1"), 3000, None).await;
    let head = fact.body_start.unwrap();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1|"), "{head}");
    assert!(head.to_lowercase().contains(&format!("|host: localhost:{port}|")), "{head}");
    assert!(!head.contains("secret") && !fact.url.contains("secret"), "{head}");
    assert!(fact.phases.dns_ms.is_some());
}

#[tokio::test]
async fn secrets_in_headers_are_left_out() {
    let port = says(
        "HTTP/1.1 200 OK\r\nSet-Cookie: id=1\r\nX-Auth-Token: 2\r\nAuthorization: 3\r\nX-Api-Key: 4\r\n\
        Location: http://localhost/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
    let names: Vec<_> = fact.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["location", "content-length"]);
}

#[tokio::test]
async fn a_server_of_http_1_0_is_understood() {
    let port = says("HTTP/1.0 200 OK\r\n\r\nhello until the end").await;
    let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
    assert_eq!((fact.status, fact.body_start.as_deref()), (Some(200), Some("hello until the end")));
}

#[tokio::test]
async fn a_long_body_is_cut_and_not_waited_for() {
    let port = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let url = format!("http://127.0.0.1:{port}/");
    let fact = within(Duration::from_secs(10), get(&url, 15_000, None)).await;
    let body = fact.body_start.unwrap();
    assert_eq!((body.chars().count(), body.ends_with('…')), (301, true));
}

#[tokio::test]
async fn what_is_no_http_is_said_to_be_none() {
    let port = says("-ERR wrong number of arguments for 'get' command\r\n").await;
    let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
    let failure = fact.failure.unwrap();
    assert_eq!((failure.phase, failure.reason.as_str()), (HttpPhase::Http, "the answer is not HTTP"));
    assert_eq!(fact.status, None);
}

#[tokio::test]
async fn a_server_that_hangs_up_gave_no_whole_answer() {
    for answer in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nX: y\r\n"] {
        let port = says(answer).await;
        let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
        assert_eq!(failed_in(&fact), Some(HttpPhase::Http), "{answer:?}: {fact:?}");
        assert!(fact.failure.unwrap().reason.contains("closed the connection"), "{answer:?}");
    }
}

#[tokio::test]
async fn endless_headers_end_at_the_bound() {
    let port = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Endless: ").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let url = format!("http://127.0.0.1:{port}/");
    let fact = within(Duration::from_secs(10), get(&url, 15_000, None)).await;
    assert!(fact.failure.unwrap().reason.contains("larger than"));
}

#[tokio::test]
async fn a_server_that_takes_its_time_meets_the_timeout() {
    let silent = serve(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let dripping = serve(|mut stream, _| async move {
        while stream.write_all(b"H").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    })
    .await;
    for port in [silent, dripping] {
        let url = format!("http://127.0.0.1:{port}/");
        let fact = within(Duration::from_secs(5), get(&url, 400, None)).await;
        assert_eq!(failed_in(&fact), Some(HttpPhase::Http));
        assert!(fact.failure.unwrap().reason.contains("timeout"));
    }
}

#[tokio::test]
async fn a_port_without_a_listener_fails_in_tcp() {
    let (port, _kept) = closed_port();
    let fact = get(&format!("https://127.0.0.1:{port}/"), 3000, None).await;
    let failure = fact.failure.unwrap();
    assert_eq!((failure.phase, failure.errno), (HttpPhase::Tcp, Some(Errno::ConnectionRefused)));
    assert_eq!(fact.tls, None);
}

#[tokio::test]
async fn a_name_without_an_address_fails_in_dns() {
    let ask = HttpAsk { url: format!("http://{}.test/", "a".repeat(64)), timeout_ms: 1000, ..HttpAsk::default() };
    let seen = observe(vec![Probe::Http(ask)], Duration::from_secs(5)).await;
    let facts: Vec<_> = seen.iter().map(|seen| (seen.id.as_str(), &seen.fact)).collect();
    let [("p1.lookup", Fact::Lookup(_)), ("p1", Fact::Http(fact))] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(failed_in(fact), Some(HttpPhase::Dns));
}

#[tokio::test]
async fn what_is_no_http_url_is_not_asked() {
    let ask = HttpAsk { url: "ftp://db/".to_owned(), timeout_ms: 1000, ..HttpAsk::default() };
    assert!(matches!(fact(Probe::Http(ask)).await, Fact::Unfinished { probe, .. } if probe == "http"));
}

/// An authority made for one test.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::named("Test Authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A server that has a certificate for `name` with `change` made to it, and answers 204.
    async fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> u16 {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "server\u{1b}[31m");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        tls_server(certificate.der(), &key, |config| config).await
    }
}

type Clients = ConfigBuilder<ServerConfig, WantsServerCert>;

/// A TLS server that answers 204. `clients` may make another beginning of its configuration.
async fn tls_server(
    certificate: &CertificateDer<'static>,
    key: &KeyPair,
    clients: impl FnOnce(Clients) -> Clients,
) -> u16 {
    tls_server_saying(certificate, key, b"HTTP/1.1 204 No Content\r\n\r\n", clients, |_| ()).await
}

async fn tls_server_saying(
    certificate: &CertificateDer<'static>,
    key: &KeyPair,
    answer: &'static [u8],
    clients: impl FnOnce(Clients) -> Clients,
    change: impl FnOnce(&mut ServerConfig),
) -> u16 {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let mut config = clients(config)
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    change(&mut config);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = [0; 1024];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

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

/// A server that reads the first bytes of a handshake, answers with these bytes, and then holds the connection or not.
async fn greets(answer: impl Into<Vec<u8>>, holds: bool) -> u16 {
    let answer: Vec<u8> = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut hello = [0; 4096];
                let _ = stream.read(&mut hello).await;
                let _ = stream.write_all(&answer).await;
                if holds {
                    std::future::pending::<()>().await;
                }
                let _ = stream.shutdown().await;
                while stream.read(&mut hello).await.is_ok_and(|length| length > 0) {}
            });
        }
    });
    port
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
async fn a_server_of_http_2_alone_is_asked_in_its_own_words() {
    // What is answered: SETTINGS, and HEADERS with the status 404 of the static table.
    let answer: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x8d";
    let port = greets(answer, true).await;
    let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
    assert_eq!((fact.status, fact.version.as_deref(), fact.failure), (Some(404), Some("HTTP/2"), None));

    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let port = tls_server_saying(
        certificate.der(),
        &key,
        answer,
        |config| config,
        |config| {
            config.alpn_protocols = vec![b"h2".to_vec()];
        },
    )
    .await;
    let fact = get(&format!("https://localhost:{port}/"), 3000, Some(authority.pem)).await;
    assert_eq!((fact.status, fact.version.as_deref(), &fact.failure), (Some(404), Some("HTTP/2"), &None));
    let tls = fact.tls.unwrap();
    assert_eq!((tls.protocol.as_deref(), tls.trusted), (Some("h2"), true));
}

#[tokio::test]
async fn a_web_socket_is_asked_for() {
    let port = serve(|mut stream, head| async move {
        let head = head.to_lowercase();
        let asked = head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nsec-websocket-version: 13\r\n");
        let status = if asked { "101 Switching Protocols" } else { "400 Bad Request" };
        let answer = format!("HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let fact = within(Duration::from_secs(5), get(&format!("ws://127.0.0.1:{port}/x"), 3000, None)).await;
    assert_eq!((fact.status, fact.failure), (Some(101), None));
}

/// What comes of a request for a name that only the proxy at this port of loopback knows.
async fn through(kind: ViaKind, port: u16, ca_bundle: Option<String>) -> HttpFact {
    let via = Some(Via { host: "localhost".to_owned(), port, kind });
    let url = "http://inside.test/".to_owned();
    within(Duration::from_secs(5), ask(HttpAsk { url, timeout_ms: 1000, via, ca_bundle, ..HttpAsk::default() })).await
}

#[tokio::test]
async fn a_proxy_can_be_spoken_to_in_tls() {
    let authority = Authority::new();
    let port = authority.server("localhost", |_| ()).await;
    let fact = through(ViaKind::Https, port, Some(authority.pem)).await;
    assert_eq!((fact.status, fact.failure, fact.tls), (Some(204), None, None));
    let fact = through(ViaKind::Https, port, None).await;
    assert_eq!(failed_in(&fact), Some(HttpPhase::Proxy));
    assert!(fact.failure.unwrap().reason.contains("TLS with the proxy"));
}

#[tokio::test]
async fn a_socks_proxy_that_connects_and_others() {
    // No login, then success with the address that it dialled from; then it is out of the way.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = listener.local_addr().unwrap().port();
    let inside = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        for answer in [&b"\x05\0"[..], b"\x05\0\0\x01\x7f\0\0\x01\0\x50", b"HTTP/1.1 204 No Content\r\n\r\n"] {
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            stream.write_all(answer).await.unwrap();
        }
    });
    let fact = through(ViaKind::Socks5h, good, None).await;
    inside.await.unwrap();
    assert_eq!((fact.status, &fact.failure), (Some(204), &None));
    let fact = through(ViaKind::Socks5h, greets(b"\x05\x02", true).await, None).await;
    assert_eq!((fact.status, failed_in(&fact)), (Some(407), Some(HttpPhase::Proxy)));
    assert!(fact.proxy_wants_login());
    let no = b"\x05\0\x05\x04\0\x01\0\0\0\0\0\0";
    let fact = through(ViaKind::Socks5h, greets(no, true).await, None).await;
    assert!(fact.failure.unwrap().reason.contains("host unreachable"));
    for nonsense in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x05\0\x05\0\0\x09", b"\x05", b""] {
        for holds in [true, false] {
            let fact = through(ViaKind::Socks5h, greets(nonsense, holds).await, None).await;
            assert_eq!((fact.status, failed_in(&fact)), (None, Some(HttpPhase::Proxy)), "{nonsense:?}");
        }
    }
    // Who looks the name up itself finds that it does not exist.
    let via = Some(Via { host: "127.0.0.1".to_owned(), port: greets(b"\x05\0", true).await, kind: ViaKind::Socks5 });
    let url = format!("http://{}.test/", "a".repeat(64));
    let seen = observe(
        vec![Probe::Http(HttpAsk { url, timeout_ms: 1000, via, ..HttpAsk::default() })],
        Duration::from_secs(5),
    );
    let failed = |fact: &Fact| matches!(fact, Fact::Http(fact) if failed_in(fact) == Some(HttpPhase::Dns));
    assert!(seen.await.iter().any(|seen| failed(&seen.fact)));
}

#[tokio::test]
async fn a_body_is_kept_as_it_came_and_packed_ones_stay_packed() {
    // A gzip of a gigabyte of zeros begins like this; it is neither asked for nor unpacked.
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0".to_vec();
    answer.resize(100_000, 0);
    let port = serve(move |mut stream, head| {
        let answer = answer.clone();
        async move {
            assert!(head.to_lowercase().contains("\r\naccept-encoding: identity\r\n"), "{head}");
            let _ = stream.write_all(&answer).await;
        }
    })
    .await;
    let fact = get(&format!("http://127.0.0.1:{port}/"), 3000, None).await;
    assert!(fact.body_start.unwrap().starts_with("\\x1f\\x8b"));
    let port = says(format!("HTTP/1.1 200 OK\r\n\r\n{{\"x\":\"{}\"}}", "y".repeat(3000))).await;
    let url = format!("http://127.0.0.1:{port}/.well-known/openid-configuration");
    assert_eq!(get(&url, 3000, None).await.body_start.unwrap().len(), 3008);
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
