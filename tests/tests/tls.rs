//! Certificates and handshakes of real servers, right and wrong ones.

use dprobe_tests::Container;
use dprobe_tests::servers::certificates::Claims;
use dprobe_tests::servers::{Authority, Nginx, Openssl, Pair};
use dprobe_tests::{Network, Stack, check};

/// Where an image of Debian's has its bundle.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An authority, a network, and a source whose image trusts that authority.
struct Scene {
    stack: Stack,
    net: Network,
    authority: Authority,
    web: Container,
}

impl Scene {
    /// None where there is no image with servers.
    fn new() -> Option<Self> {
        let stack = Stack::with_servers()?;
        let net = stack.network("favorites-net");
        let authority = Authority::new("Example CA");
        let web = stack.container("web").on(&net).file(BUNDLE, authority.pem()).start();
        Some(Self { stack, net, authority, web })
    }

    /// A server called `api`, with this certificate.
    fn serve(&self, pair: &Pair) -> Container {
        self.stack.server("api", &Nginx::secure(pair)).on(&self.net).alias("api").start()
    }

    /// A server called `api`, with a certificate for these names.
    fn issue(&self, claims: &Claims) -> Container {
        self.serve(&self.authority.issues(claims))
    }
}

#[test]
fn healthy_with_an_authority_of_ones_own() {
    let Some(scene) = Scene::new() else { return };
    let between = scene.authority.intermediate("Example Issuing CA");
    let pair = between.issues(&Claims::of(["api", "api.example.test"])).with(between.pem());
    scene.serve(&pair);

    check([scene.web.name(), "https://api/"]).healthy().shows(["certificate trusted", "Example Issuing CA"]);
    check([scene.web.name(), "wss://api/"]).healthy();
    check([scene.web.name(), "https://api"]).healthy();
}

#[test]
fn an_authority_that_the_image_does_not_know() {
    let Some(scene) = Scene::new() else { return };
    let other = Authority::new("Another CA");
    scene.serve(&other.issues(&Claims::of(["api"])));

    check([scene.web.name(), "https://api/"]).unreachable("tls-untrusted").words(["Another CA", BUNDLE]);
    // The fix, typed: the authority beside the other one.
    scene.web.put(BUNDLE, format!("{}{}", scene.authority.pem(), other.pem()));
    check([scene.web.name(), "https://api/"]).healthy();

    // For a program of Node.js it is a variable that counts.
    let flags = ["-e", "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.pem"];
    let node = scene.stack.container("node").on(&scene.net).flags(flags).file("/etc/ssl/certs/extra.pem", other.pem());
    check([node.start().name(), "https://api/"]).healthy();
    let bare = scene.stack.container("bare-node").on(&scene.net).runs(["node", "tcp:0.0.0.0:3000"]).start();
    check([bare.name(), "https://api/"]).unreachable("tls-untrusted").words(["NODE_EXTRA_CA_CERTS", "Node.js"]);
}

#[test]
fn a_certificate_that_signs_itself() {
    let Some(scene) = Scene::new() else { return };
    let pair = Claims::of(["api"]).self_signed();
    scene.serve(&pair);

    check([scene.web.name(), "https://api/"]).unreachable("tls-untrusted").words(["signed by itself"]);
    scene.web.put(BUNDLE, pair.chain.as_str());
    check([scene.web.name(), "https://api/"]).healthy();

    // As most people make one.
    let pair = Claims::of(["own.test"]).of_an_authority().self_signed();
    scene.stack.server("own", &Nginx::secure(&pair)).on(&scene.net).alias("own.test").start();
    check([scene.web.name(), "https://own.test/"]).unreachable("tls-untrusted").words(["signed by itself"]);
    scene.web.put(BUNDLE, pair.chain.as_str());
    check([scene.web.name(), "https://own.test/"]).healthy();
}

#[test]
fn an_image_without_a_bundle() {
    let Some(scene) = Scene::new() else { return };
    scene.issue(&Claims::of(["api"]));
    let bare = scene.stack.container("bare").on(&scene.net).start();

    let outcome = check([bare.name(), "https://api/"]);
    outcome.unreachable("tls-ca-bundle-missing").words(["ca-certificates", "Example CA", "docker cp"]);
    bare.put("/etc/ca.pem", scene.authority.pem());
    check([bare.name(), "https://api/"]).unreachable("tls-ca-bundle-missing");
    bare.put("/etc/ssl/cert.pem", scene.authority.pem());
    check([bare.name(), "https://api/"]).healthy();
}

#[test]
fn certificates_out_of_their_days() {
    let Some(scene) = Scene::new() else { return };
    let api = scene.issue(&Claims::of(["api"]).expired());
    check([scene.web.name(), "https://api/"]).unreachable("tls-expired").words([
        "2021-01-01",
        "clock",
        "says the same",
    ]);
    api.remove();
    scene.issue(&Claims::of(["api"]).not_yet_valid());
    check([scene.web.name(), "https://api/"]).unreachable("tls-expired").words(["2110-01-01"]);
}

#[test]
fn a_name_that_is_not_in_the_certificate() {
    let Some(scene) = Scene::new() else { return };
    scene.issue(&Claims::of(["api.example.test"]));

    let outcome = check([scene.web.name(), "https://api/"]);
    outcome.unreachable("tls-name-mismatch").words(["api.example.test", "--alias"]);
    for command in outcome.fix()["commands"].as_array().expect("commands") {
        scene.stack.type_command(command.as_str().expect("a command"));
    }
    outcome.dial_works();
}

#[test]
fn every_fault_is_told_beside_the_first() {
    let Some(scene) = Scene::new() else { return };
    scene.serve(&Claims::of(["other.test"]).expired().self_signed());
    check([scene.web.name(), "https://api/"])
        .unreachable("tls-untrusted")
        .also("tls-name-mismatch")
        .also("tls-expired");
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let Some(scene) = Scene::new() else { return };
    scene.issue(&Claims::of(["api"]));
    scene.stack.server("plain", &Nginx::default()).on(&scene.net).alias("plain").start();

    let outcome = check([scene.web.name(), "https://plain:80/"]);
    outcome.unreachable("tls-not-spoken").words(["http://plain:80/"]);
    outcome.dial_works();
    let outcome = check([scene.web.name(), "http://api:443/"]);
    outcome.unreachable("tls-required").words(["https://api:443/", "400"]);
    outcome.dial_works();
}

#[test]
fn versions_and_what_comes_after_the_handshake() {
    let Some(scene) = Scene::new() else { return };
    let serve = |name: &str, options: &[&str]| {
        let pair = scene.authority.issues(&Claims::of([name]));
        scene.stack.server(name, &Openssl { pair: &pair, options }).on(&scene.net).alias(name).start();
    };
    serve("old", &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    serve("new", &["-tls1_3"]);
    // In TLS 1.3 the refusal comes when the handshake is over.
    serve("late", &["-tls1_3", "-Verify", "1"]);
    serve("early", &["-tls1_2", "-Verify", "1"]);

    check([scene.web.name(), "https://old/"]).unreachable("tls-version-refused").words(["TLS 1.2", "TLSv1.1"]);
    check([scene.web.name(), "https://new/"]).healthy();
    for name in ["late", "early"] {
        check([scene.web.name(), &format!("https://{name}/")]).unreachable("tls-client-certificate");
    }
}

#[test]
fn ciphers_of_old_are_left_open() {
    let Some(scene) = Scene::new() else { return };
    let pair = scene.authority.issues(&Claims::of(["api"]));
    // The keys of these certificates are elliptic, and the cipher is one that OpenSSL knows and dprobe does not.
    let options = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"];
    scene.stack.server("api", &Openssl { pair: &pair, options: &options }).on(&scene.net).alias("api").start();
    let outcome = check([scene.web.name(), "https://api/"]);
    outcome.says("inconclusive", None, 3);
    assert_eq!(outcome.codes(), ["tls-version-refused"]);
}

#[test]
fn mutual_tls() {
    let Some(scene) = Scene::new() else { return };
    for (name, verify) in [("strict", "on"), ("easy", "optional")] {
        let pair = scene.authority.issues(&Claims::of([name]));
        let config = format!(
            "server {{ listen 443 ssl; ssl_client_certificate /etc/ssl/certs/server.pem; ssl_verify_client {verify}; \
             location / {{ return 200 \"ok\"; }} }}"
        );
        let server = Nginx { config: &config, port: 443, tls: Some(&pair) };
        scene.stack.server(name, &server).on(&scene.net).alias(name).start();
    }
    check([scene.web.name(), "https://strict/"]).unreachable("tls-client-certificate").words(["mutual TLS"]);
    check([scene.web.name(), "https://easy/"]).healthy();
}

#[test]
fn a_server_that_wants_to_be_asked_by_a_name() {
    let Some(scene) = Scene::new() else { return };
    let pair = scene.authority.issues(&Claims::of(["api"]));
    let config = "server { listen 443 ssl default_server; ssl_reject_handshake on; }\n\
                  server { listen 443 ssl; server_name api; location / { return 200 \"ok\"; } }\n";
    let server = Nginx { config, port: 443, tls: Some(&pair) };
    let api = scene.stack.server("api", &server).on(&scene.net).alias("api").alias("web.test").start();

    let outcome = check([scene.web.name(), &format!("https://{}/", api.ip(scene.net.name()))]);
    outcome.unreachable("tls-sni-required").words(["SNI", "https://api"]);
    outcome.dial_works();
    check([scene.web.name(), "https://web.test/"])
        .unreachable("tls-name-mismatch")
        .words(["no certificate for the name"]);
    check([scene.web.name(), "https://api/"]).healthy();
}

#[test]
fn a_chain_of_a_megabyte() {
    let Some(scene) = Scene::new() else { return };
    scene.issue(&Claims::of(["api"]).padded(1 << 20));
    let outcome = check([scene.web.name(), "https://api/"]);
    outcome.says("unreachable", None, 1);
    assert!(outcome.report.to_string().contains("more than a handshake may have"), "{}", outcome.report);
}
