//! Engines that cannot be had, and TLS. Needs no engine but for the last two.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dprobe::engine::{Engine, EngineChoice, EngineError, Environment};
use dprobe_tests::fake_engine::FakeEngine;

async fn connect(host: &str) -> Result<Engine, EngineError> {
    connect_in(host, &Environment::default()).await
}

async fn connect_in(host: &str, environment: &Environment) -> Result<Engine, EngineError> {
    let choice = EngineChoice { host: Some(host.to_owned()), context: None };
    Engine::connect_in(&choice, environment).await
}

async fn refused(host: &str) -> EngineError {
    let error = connect(host).await.err().expect("no engine");
    assert!(error.hint().is_some(), "{error} needs a hint");
    error
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_no_engine() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("docker.sock");
    let host = format!("unix://{}", path.display());
    let error = refused(&host).await;
    assert_eq!(error.to_string(), format!("no engine answers at {host}: there is no such socket"));
    assert_eq!(error.exit_code(), 3);
    // A socket whose owner has died leaves its file.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let error = refused(&host).await;
    assert!(matches!(&error, EngineError::NoEngine { reason, .. } if reason.contains("refused")), "{error}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_no_engine() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let error = refused(&format!("tcp://{free}")).await;
    assert!(matches!(&error, EngineError::NoEngine { reason, .. } if reason.contains("refused")), "{error}");
}

#[tokio::test]
async fn something_that_accepts_and_stays_silent_does_not_hang() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let started = Instant::now();
    let error = refused(&format!("unix://{}", path.display())).await;
    assert!(matches!(error, EngineError::Silent { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
}

#[tokio::test]
async fn something_else_that_speaks_http_is_no_engine() {
    let web = FakeEngine::answering("200 OK", "", "<html>");
    let error = refused(&web.host()).await;
    assert!(matches!(&error, EngineError::NoEngine { reason, .. } if reason.contains("no engine")), "{error}");
    let noise = FakeEngine::saying("\x1b[31mSSH-2.0-OpenSSH\r\n\r\n");
    let error = refused(&noise.host()).await;
    assert!(matches!(error, EngineError::NoEngine { .. }) && !error.to_string().contains('\x1b'), "{error}");
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_told_so() {
    let old = FakeEngine::answering("200 OK", "api-version: 1.39\r\n", "{}");
    let error = refused(&old.host()).await;
    assert!(matches!(&error, EngineError::TooOld { version, .. } if version == "1.39"), "{error:?}");
    assert!(error.to_string().contains("1.40"), "{error}");
    let enough = FakeEngine::answering("200 OK", "api-version: 1.40\r\n", r#"{"Architecture":"x86_64"}"#);
    let engine = connect(&enough.host()).await.expect("an engine");
    assert_eq!((engine.info().api_version.as_str(), engine.info().arch.as_str()), ("1.40", "amd64"));
}

#[tokio::test]
async fn a_foreign_architecture_needs_another_image() {
    let foreign = FakeEngine::answering("200 OK", "api-version: 1.45\r\n", r#"{"Architecture":"riscv64"}"#);
    let engine = connect(&foreign.host()).await.expect("an engine");
    let error = engine.load_agent().await.expect_err("no agent for it");
    assert!(matches!(&error, EngineError::ForeignArch { engine, .. } if engine == "riscv64"), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("DPROBE_AGENT_IMAGE")));
}

#[tokio::test]
async fn a_dead_default_socket_does_not_hide_a_living_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    let sockets = [home.join(".docker/run/docker.sock"), home.join(".docker/desktop/docker.sock")];
    for socket in &sockets {
        fs::create_dir_all(socket.parent().expect("a folder")).expect("folders");
    }
    drop(std::os::unix::net::UnixListener::bind(&sockets[0]).expect("a socket"));
    let living = FakeEngine::answering("200 OK", "api-version: 1.45\r\n", r#"{"OperatingSystem":"Docker Desktop"}"#);
    std::os::unix::fs::symlink(living.path(), &sockets[1]).expect("a link");
    let environment = Environment { home: Some(home), ..Environment::default() };
    let engine = Engine::connect_in(&EngineChoice::default(), &environment).await.expect("an engine");
    // Where this machine has an engine at the usual place, that one comes first.
    if !Path::new("/var/run/docker.sock").exists() {
        assert_eq!(engine.info().address, format!("unix://{}", sockets[1].display()));
    }
}

/// A TLS server in front of the engine's socket, whose certificates lie in a folder as the Docker CLI has them.
struct TlsEngine {
    certificates: tempfile::TempDir,
    host: String,
}

impl TlsEngine {
    /// For the name `localhost`; clients have to show the certificate that lies beside.
    async fn start() -> Self {
        use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
        use rustls::server::WebPkiClientVerifier;
        use std::sync::Arc;

        let folder = tempfile::tempdir().expect("a temporary folder");
        let ca_key = rcgen::KeyPair::generate().expect("a key");
        let mut ca_parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        ca_parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = ca_parameters.self_signed(&ca_key).expect("a certificate");
        let issuer = rcgen::Issuer::from_params(&ca_parameters, &ca_key);
        let issue = |name: &str| {
            let key = rcgen::KeyPair::generate().expect("a key");
            let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
            (parameters.signed_by(&key, &issuer).expect("a certificate"), key)
        };
        let (client, client_key) = issue("client");
        fs::write(folder.path().join("ca.pem"), ca.pem()).expect("a file");
        fs::write(folder.path().join("cert.pem"), client.pem()).expect("a file");
        fs::write(folder.path().join("key.pem"), client_key.serialize_pem()).expect("a file");

        let (server, server_key) = issue("localhost");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients.expect("a verifier"))
            .with_single_cert(
                vec![server.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
            )
            .expect("a server");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut secure) = acceptor.accept(stream).await else { return };
                    let Ok(mut engine) = tokio::net::UnixStream::connect("/var/run/docker.sock").await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut secure, &mut engine).await;
                });
            }
        });
        Self { certificates: folder, host: format!("tcp://localhost:{port}") }
    }

    fn environment(&self) -> Environment {
        Environment {
            docker_tls_verify: true,
            docker_cert_path: Some(self.certificates.path().to_owned()),
            ..Environment::default()
        }
    }
}

#[tokio::test]
async fn tls_with_the_files_of_the_docker_cli_reaches_an_engine_and_its_agents() {
    let tls = TlsEngine::start().await;
    let engine = connect_in(&tls.host, &tls.environment()).await.expect("an engine behind TLS");
    assert_eq!(engine.info().address, tls.host);
    engine.snapshot().await.expect("a snapshot");
    let host = dprobe::engine::Namespace::Host;
    let mut agent = engine.start_agent("host", host, dprobe::engine::Capability::None).await.expect("an agent");
    let asks = vec![dprobe_probes::wire::Ask { id: "p1".to_owned(), probe: dprobe_probes::wire::Probe::Network }];
    let plan = dprobe_probes::wire::Plan { place: "host".to_owned(), deadline_ms: 5000, asks };
    assert_eq!(agent.run(plan).await.expect("observations").len(), 1);
    let id = agent.container_id().to_owned();
    agent.stop().await;
    // Not with a wait that blocks: the server above runs in this thread.
    let gone = async {
        while dprobe_tests::docker::inspect(&id).is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("an agent that ends with its connection");
}

#[tokio::test]
async fn tls_is_strict_unless_told_otherwise() {
    let tls = TlsEngine::start().await;
    let other = TlsEngine::start().await;
    let wrong_ca = Environment { docker_cert_path: Some(other.certificates.path().to_owned()), ..tls.environment() };
    let error = connect_in(&tls.host, &wrong_ca).await.err().expect("an unknown authority");
    assert!(matches!(&error, EngineError::NoEngine { reason, .. } if reason.contains("certificate")), "{error}");

    // Without DOCKER_TLS_VERIFY any server will do, but this one still wants to know its client.
    fs::write(tls.certificates.path().join("ca.pem"), "no certificate").expect("a file");
    let error = connect_in(&tls.host, &tls.environment()).await.err().expect("a broken file");
    assert!(matches!(&error, EngineError::TlsFile { path, .. } if path.ends_with("ca.pem")), "{error}");
    let careless = Environment { docker_tls: true, docker_tls_verify: false, ..tls.environment() };
    connect_in(&tls.host, &careless).await.expect("an engine that is not verified");
}
