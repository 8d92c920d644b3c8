//! TLS and HTTP: what a handshake or an answer comes to.

use dprobe_probes::errno::Errno;
use dprobe_probes::http::{HttpFact, HttpFailure, HttpHeader, HttpPhase, Via, ViaKind};
use dprobe_probes::tcp::TcpOutcome;
use dprobe_probes::tls::{CertificateFact, OldHello, TlsFact, TlsFault};
use dprobe_probes::wire::Fact;

use super::facts::{self, Facts, container};
use crate::report::{Check, Relation, Severity, Verdict};
use crate::topology::{Bundle, Proxies, Proxy};

const URL: &str = "https://api/";
const DAY: i64 = 86_400;
/// 2026-11-21.
const NOW: i64 = 1_795_225_600;

/// `web` with a bundle in its image, and `api`, which listens on these ports.
fn pair(port: u16) -> Facts {
    let facts = Facts::new()
        .network("front", "172.18.0.0/16")
        .container(container("web", "debian").on("front", "172.18.0.3"))
        .container(container("api", "nginx").on("front", "172.18.0.2"))
        .finds("api", &["172.18.0.2"])
        .dials("172.18.0.2", port, TcpOutcome::Connected)
        .listens("api", "0.0.0.0", port);
    facts.edit("web", |web| {
        let path = "/etc/ssl/certs/ca-certificates.crt".to_owned();
        web.trust.bundles = Some(vec![Bundle { path, certificates: 140, variable: None }]);
    })
}

fn certificate(names: &[&str]) -> CertificateFact {
    CertificateFact {
        subject: "CN=api".to_owned(),
        issuer: "C=XX, CN=Example CA".to_owned(),
        names: names.iter().map(ToString::to_string).collect(),
        not_before: NOW - 100 * DAY,
        not_after: NOW + 100 * DAY,
        ..CertificateFact::default()
    }
}

fn tls(faults: &[TlsFault], chain: Vec<CertificateFact>) -> TlsFact {
    TlsFact {
        trusted: faults.is_empty(),
        problem: faults.first().map(ToString::to_string),
        faults: faults.to_vec(),
        chain,
        clock: Some(NOW),
        server_name: Some("api".to_owned()),
        ..TlsFact::default()
    }
}

/// An exchange that ended in the handshake, or was answered.
fn exchange(url: &str, tls: Option<TlsFact>, status: Option<u16>) -> HttpFact {
    let reason = tls.as_ref().and_then(|tls| tls.problem.clone()).unwrap_or_default();
    let failure = status.is_none().then_some(HttpFailure { phase: HttpPhase::Tls, reason, errno: None });
    HttpFact { url: url.to_owned(), tls, status, failure, ..HttpFact::default() }
}

fn broken(url: &str, reason: &str, errno: Option<Errno>) -> HttpFact {
    let failure = Some(HttpFailure { phase: HttpPhase::Http, reason: reason.to_owned(), errno });
    HttpFact { url: url.to_owned(), failure, ..HttpFact::default() }
}

/// The check of a handshake that failed like this.
fn shaken(faults: &[TlsFault], chain: Vec<CertificateFact>) -> Check {
    pair(443).see("web", Fact::Http(exchange(URL, Some(tls(faults, chain)), None))).check(URL)
}

fn text(check: &Check) -> String {
    let first = &check.diagnoses[0];
    let fixes: Vec<&str> = first.fixes.iter().map(|fix| fix.title.as_str()).collect();
    format!("{}\n{}\n{}", first.title, first.explanation, fixes.join("\n"))
}

#[test]
fn an_authority_that_nobody_trusts() {
    let check = shaken(&[TlsFault::UnknownIssuer], vec![certificate(&["api"])]);
    assert_eq!((facts::codes(&check), check.verdict), (vec!["tls-untrusted"], Verdict::Unreachable));
    let text = text(&check);
    for word in ["Example CA", "/etc/ssl/certs/ca-certificates.crt", "api (2026-08-13 to 2027-03-01) ← Example CA"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // One that is trusted is silent, whatever else the image has.
    let good = exchange(URL, Some(tls(&[], vec![certificate(&["api"])])), Some(200));
    let check = pair(443).see("web", Fact::Http(good)).check(URL);
    assert_eq!((facts::codes(&check), check.verdict), (vec![], Verdict::Reachable));
}

#[test]
fn a_runtime_is_told_in_its_own_words() {
    let facts = pair(443).edit("web", |web| web.image = "node:22".to_owned());
    let bad = exchange(URL, Some(tls(&[TlsFault::UnknownIssuer], vec![certificate(&["api"])])), None);
    assert!(text(&facts.see("web", Fact::Http(bad)).check(URL)).contains("NODE_EXTRA_CA_CERTS"));
}

#[test]
fn an_image_without_certificates() {
    let bare = |faults: &[TlsFault], status, command: &str, image: &str| {
        let facts = pair(443).edit("web", |web| {
            web.trust.bundles = Some(Vec::new());
            web.image = image.to_owned();
            web.command = vec![command.to_owned()];
        });
        facts.see("web", Fact::Http(exchange(URL, Some(tls(faults, vec![certificate(&["api"])])), status))).check(URL)
    };
    let check = bare(&[TlsFault::UnknownIssuer], None, "app", "scratch");
    assert_eq!(facts::codes(&check), ["tls-ca-bundle-missing"]);
    // What signs itself is trusted by no bundle.
    let check = bare(&[TlsFault::SelfSigned], None, "app", "scratch");
    assert_eq!(facts::codes(&check), ["tls-untrusted"]);
    // A public authority: dprobe knows it, and the program may or may not.
    let check = bare(&[], Some(200), "app", "scratch");
    assert_eq!((facts::codes(&check), check.verdict), (vec!["tls-ca-bundle-missing"], Verdict::Reachable));
    assert_eq!(check.diagnoses[0].severity, Severity::Warning);
    assert_eq!(bare(&[], Some(200), "/usr/bin/curl", "scratch").verdict, Verdict::Unreachable);
    // Runtimes with roots of their own need none.
    assert!(bare(&[], Some(200), "node", "scratch").diagnoses.is_empty());
    assert!(bare(&[], Some(200), "app", "registry.test/library/eclipse-temurin:21").diagnoses.is_empty());
    assert_eq!(facts::codes(&bare(&[TlsFault::UnknownIssuer], None, "java", "x")), ["tls-untrusted"]);
}

#[test]
fn a_certificate_out_of_its_days() {
    let expired = CertificateFact { not_after: NOW - 3 * DAY, ..certificate(&["api"]) };
    let early = CertificateFact { not_before: NOW + 5 * 3600, ..certificate(&["api"]) };
    let check = shaken(&[TlsFault::Expired], vec![expired.clone()]);
    assert_eq!(facts::codes(&check), ["tls-expired"]);
    assert!(text(&check).contains("expired on 2026-11-18, 3 days ago"), "{}", text(&check));
    let check = shaken(&[TlsFault::NotYetValid], vec![early]);
    assert!(text(&check).contains("in 5 hours"), "{}", text(&check));

    // Two clocks that differ: by the other one the certificate is good.
    let bad = || Fact::Http(exchange(URL, Some(tls(&[TlsFault::Expired], vec![expired.clone()])), None));
    let check = pair(443).clocks(1000.0, 1000.0 - 5.0 * 86_400.0).see("web", bad()).check(URL);
    assert!(text(&check).contains("by that of this machine it is"), "{}", text(&check));
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["timedatectl set-ntp true"]);
    let check = pair(443).clocks(1000.0, 1001.0).see("web", bad()).check(URL);
    assert!(text(&check).contains("says the same"), "{}", text(&check));
}

#[test]
fn all_that_is_wrong_with_a_certificate_is_told() {
    let bad = CertificateFact { not_after: NOW - 3 * DAY, ..certificate(&["other.test"]) };
    let faults = [TlsFault::UnknownIssuer, TlsFault::WrongName, TlsFault::Expired];
    assert_eq!(facts::codes(&shaken(&faults, vec![bad])), ["tls-untrusted", "tls-name-mismatch", "tls-expired"]);
}

#[test]
fn a_name_that_the_certificate_does_not_have() {
    let check = shaken(&[TlsFault::WrongName], vec![certificate(&["api.example.test", "*.shop.test"])]);
    assert_eq!(facts::codes(&check), ["tls-name-mismatch"]);
    assert!(text(&check).contains("is for api.example.test, *.shop.test"), "{}", text(&check));
    let fix = &check.diagnoses[0].fixes[0];
    assert_eq!(fix.dial.as_deref(), Some("https://api.example.test:443/"));
    assert_eq!(
        fix.commands,
        ["docker network disconnect front api", "docker network connect --alias api.example.test front api",]
    );
    let check = shaken(&[TlsFault::WrongName], vec![certificate(&["*.shop.test"])]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("https://api.shop.test:443/"));

    // In the subject alone it is good enough for some.
    let fact = exchange(
        URL,
        Some(TlsFact { trusted: true, ..tls(&[TlsFault::NameInSubject], vec![certificate(&[])]) }),
        Some(200),
    );
    let check = pair(443).see("web", Fact::Http(fact)).check(URL);
    assert_eq!((facts::codes(&check), check.verdict), (vec!["tls-name-mismatch"], Verdict::Reachable));
}

#[test]
fn a_port_without_tls() {
    let url = "https://api:80/";
    let fault = TlsFault::NotTls { first: "HTTP/1.1 400 Bad Request".to_owned() };
    let no_tls = || Fact::Http(exchange(url, Some(tls(std::slice::from_ref(&fault), Vec::new())), None));
    let check = pair(80).see("web", no_tls()).requests("http://api:80/", None, 200).check(url);
    assert_eq!(facts::codes(&check), ["tls-not-spoken"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("http://api:80/"));
    // A server that hangs up may have any reason; an answer in plain text settles it.
    let closed = || Fact::Http(exchange(url, Some(tls(&[TlsFault::Closed], Vec::new())), None));
    assert_eq!(facts::codes(&pair(80).see("web", closed()).check(url)), Vec::<&str>::new());
    let check = pair(80).see("web", closed()).requests("http://api:80/", None, 200).check(url);
    assert_eq!(facts::codes(&check), ["tls-not-spoken"]);
}

#[test]
fn a_port_that_wants_tls() {
    let url = "http://api:443/";
    let shown = || Fact::Http(exchange("https://api:443/", Some(tls(&[], vec![certificate(&["api"])])), Some(200)));
    let told = || HttpFact {
        status: Some(400),
        body_start: Some("<html>The plain HTTP request was sent to HTTPS port".to_owned()),
        failure: None,
        ..exchange(url, None, Some(400))
    };
    let check = pair(443).see("web", Fact::Http(told())).see("web", shown()).check(url);
    assert_eq!((facts::codes(&check), check.verdict), (vec!["tls-required"], Verdict::Unreachable));
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("https://api:443/"));
    let reset = || Fact::Http(broken(url, "connection reset", Some(Errno::ConnectionReset)));
    assert_eq!(facts::codes(&pair(443).see("web", reset()).see("web", shown()).check(url)), ["tls-required"]);
    // Without the handshake that went well, a server that hangs up is one that hangs up.
    let none = Fact::Http(exchange("https://api:443/", Some(tls(&[TlsFault::Closed], Vec::new())), None));
    assert_eq!(facts::codes(&pair(443).see("web", reset()).see("web", none).check(url)), Vec::<&str>::new());
}

#[test]
fn versions_and_client_certificates() {
    for fault in [TlsFault::VersionRefused, TlsFault::NoCommonCipher] {
        assert_eq!(facts::codes(&shaken(&[fault], Vec::new())), ["tls-version-refused"]);
    }
    // A cipher of old that the source's client may know leaves it open.
    let old = |version: &str| {
        let old = Some(OldHello { version: version.to_owned(), cipher: 0x2f });
        let shown = TlsFact { old, ..tls(&[TlsFault::NoCommonCipher], Vec::new()) };
        pair(443).see("web", Fact::Http(exchange(URL, Some(shown), None))).check(URL)
    };
    assert_eq!((old("TLSv1.2").verdict, old("TLSv1.1").verdict), (Verdict::Inconclusive, Verdict::Unreachable));
    let wanted = TlsFact {
        asks_certificate: true,
        client_authorities: vec!["CN=Clients".to_owned()],
        ..tls(&[TlsFault::ClientCertificateWanted], vec![certificate(&["api"])])
    };
    let check = pair(443).see("web", Fact::Http(exchange(URL, Some(wanted), None))).check(URL);
    assert_eq!(facts::codes(&check), ["tls-client-certificate"]);
    assert!(text(&check).contains("Clients"));

    let optional = |status, body: &str| {
        let shown = TlsFact { asks_certificate: true, ..tls(&[], vec![certificate(&["api"])]) };
        let fact = HttpFact { body_start: Some(body.to_owned()), ..exchange(URL, Some(shown), Some(status)) };
        pair(443).see("web", Fact::Http(fact)).check(URL)
    };
    let check = optional(400, "<html><title>400 No required SSL certificate was sent</title>");
    assert_eq!((facts::codes(&check), check.verdict), (vec!["tls-client-certificate"], Verdict::Unreachable));
    assert!(optional(200, "hello").diagnoses.is_empty(), "a server that does without one");
}

#[test]
fn a_server_that_wants_a_name() {
    let url = "https://172.18.0.2/";
    let nameless = TlsFact { server_name: None, ..tls(&[TlsFault::NameNotServed], Vec::new()) };
    let named = HttpFact {
        server_name: Some("api".to_owned()),
        ..exchange(url, Some(tls(&[], vec![certificate(&["api"])])), Some(200))
    };
    let facts = pair(443).see("web", Fact::Http(exchange(url, Some(nameless), None)));
    assert_eq!(facts::codes(&facts.check(url)), Vec::<&str>::new());
    let check = facts.see("web", Fact::Http(named)).check(url);
    assert_eq!(facts::codes(&check), ["tls-sni-required"]);
    assert_eq!(check.diagnoses[0].fixes[0].dial.as_deref(), Some("https://api:443/"));
    // One that is told a name and does not know it.
    assert_eq!(facts::codes(&shaken(&[TlsFault::NameNotServed], Vec::new())), ["tls-name-mismatch"]);
}

#[test]
fn errors_of_a_server() {
    let answer = |status| {
        let body = Some("<html>\\r\\n<title>out of luck</title>".to_owned());
        let fact = HttpFact { body_start: body, ..exchange("http://api/", None, Some(status)) };
        pair(80).see("web", Fact::Http(fact)).check("http://api/")
    };
    let check = answer(500);
    assert_eq!((facts::codes(&check), check.verdict), (vec!["http-error"], Verdict::Degraded));
    assert!(text(&check).contains("out of luck"), "{}", text(&check));
    assert_eq!(check.diagnoses[0].fixes[0].commands, ["docker logs --tail 50 api"]);
    for status in [401, 404, 405] {
        let check = answer(status);
        assert_eq!((facts::codes(&check), check.verdict), (vec!["http-error"], Verdict::Reachable));
        assert_eq!(check.diagnoses[0].severity, Severity::Note);
    }
    assert!(answer(302).diagnoses.is_empty());
}

#[test]
fn a_name_that_the_server_does_not_answer_to() {
    let url = "http://api:8000/";
    let facts = pair(8000).requests(url, None, 400);
    assert_eq!(facts::codes(&facts.check(url)), ["http-error"]);
    let check = pair(8000).requests(url, None, 403).requests(url, Some("localhost:8000"), 200).check(url);
    assert_eq!((facts::codes(&check), check.verdict), (vec!["host-header-rejected"], Verdict::Unreachable));
    // The same for every name: it is something else that is not liked.
    let check = pair(8000).requests(url, None, 403).requests(url, Some("localhost:8000"), 403).check(url);
    assert_eq!(facts::codes(&check), ["http-error"]);
}

#[test]
fn a_redirect_to_the_source_itself() {
    let to = |location: &str| {
        let header = HttpHeader { name: "location".to_owned(), value: location.to_owned() };
        let fact = HttpFact { headers: vec![header], ..exchange("http://api/", None, Some(302)) };
        pair(80).see("web", Fact::Http(fact))
    };
    let local = "http://localhost:8080/login";
    let facts = to(local).dials_as("localhost", "127.0.0.1", 8080, TcpOutcome::Refused).listens_nowhere("web");
    let check = facts.check_leading_to("http://api/", Some((Relation::Redirect, local)));
    assert_eq!((facts::codes(&check), check.verdict), (vec!["redirect-to-localhost"], Verdict::Unreachable));
    // The source serves there itself.
    let facts = to(local)
        .dials_as("localhost", "127.0.0.1", 8080, TcpOutcome::Connected)
        .requests(local, None, 200)
        .listens("web", "127.0.0.1", 8080);
    let check = facts.check_leading_to("http://api/", Some((Relation::Redirect, local)));
    assert_eq!((facts::codes(&check), check.verdict), (vec![], Verdict::Reachable));
    assert!(to("https://api/").check("http://api/").diagnoses.is_empty());
}

/// `web` with a proxy, which answers like this.
fn proxied(login: bool, change: impl FnOnce(&mut HttpFact)) -> Facts {
    let via = Via { host: "proxy".to_owned(), port: 3128, kind: ViaKind::Http };
    let mut fact = HttpFact { via: Some(via), ..exchange("http://api/", None, Some(200)) };
    change(&mut fact);
    let user = if login { "user:secret@" } else { "" };
    let http = Proxy::parse("HTTP_PROXY", &format!("http://{user}proxy:3128"));
    let facts = pair(80).edit("web", |web| web.proxies = Proxies { http, ..Proxies::default() });
    facts.see("web", Fact::Http(fact))
}

#[test]
fn a_proxy_that_wants_a_login_proves_nothing_where_there_is_one() {
    let wants = |fact: &mut HttpFact| fact.status = Some(407);
    let check = proxied(true, wants).requests("http://api/", None, 200).check("http://api/");
    assert_eq!((facts::codes(&check), check.verdict), (vec![], Verdict::Reachable));
    let check = proxied(false, wants).requests("http://api/", None, 200).check("http://api/");
    assert_eq!(facts::codes(&check), ["proxy-captures-internal"]);
}

#[test]
fn an_answer_through_a_proxy_is_the_targets_unless_the_proxy_gives_it() {
    let check = proxied(false, |fact| fact.status = Some(404)).requests("http://api/", None, 404).check("http://api/");
    assert_eq!(check.verdict, Verdict::Reachable);
    let check = proxied(false, |fact| fact.status = Some(503)).requests("http://api/", None, 200).check("http://api/");
    assert_eq!(facts::codes(&check), ["proxy-captures-internal"]);
}
