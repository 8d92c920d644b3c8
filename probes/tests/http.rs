//! HTTP and HTTPS requests to servers on loopback, good and hostile ones.

#![expect(clippy::unwrap_used, reason = "a test that fails by unwrapping says enough")]

mod common;

use std::time::Duration;

use common::http::{ask, failed_in, get, greets, says, serve};
use common::tls::{Authority, tls_server_saying};
use common::{closed_port, fact, observe, within};
use dprobe_probes::errno::Errno;
use dprobe_probes::http::{HttpAsk, HttpFact, HttpPhase, Via, ViaKind};
use dprobe_probes::wire::{Fact, Probe};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

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
        let _ = stream.write_all(b"H").await;
        std::future::pending::<()>().await;
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
