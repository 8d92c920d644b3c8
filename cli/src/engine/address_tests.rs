//! Which engine is meant, and how its address is taken apart.

use std::fs;

use tempfile::TempDir;

use super::super::digest::hex_digest;
use super::*;

/// A folder that stands in for `~/.docker`.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn context(&self, name: &str, endpoint: &str) {
        let meta = format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{endpoint}}}}}"#);
        self.write(&format!("contexts/meta/{}/meta.json", hex_digest(name.as_bytes())), &meta);
    }

    fn environment(&self) -> Environment {
        Environment { docker_config: Some(self.folder.path().to_owned()), ..Environment::default() }
    }
}

fn host(address: &str) -> EngineChoice {
    EngineChoice { host: Some(address.to_owned()), context: None }
}

fn context(name: &str) -> EngineChoice {
    EngineChoice { host: None, context: Some(name.to_owned()) }
}

fn named(choice: &EngineChoice, environment: &Environment) -> String {
    match candidates(choice, environment).expect("an address") {
        Candidates::Named(address) => address.to_string(),
        Candidates::Defaults(_) => "default".to_owned(),
    }
}

fn parsed(text: &str) -> Result<Address, EngineError> {
    Address::parse(text, None)
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_configuration() {
    let home = Home::new();
    home.context("remote", r#"{"Host":"tcp://remote.test:2375"}"#);
    home.context("other", r#"{"Host":"tcp://other.test:2375"}"#);
    let nothing = EngineChoice::default();
    let mut environment = home.environment();
    assert_eq!(named(&nothing, &environment), "default");
    home.write("config.json", r#"{"auths":{},"currentContext":"remote"}"#);
    assert_eq!(named(&nothing, &environment), "tcp://remote.test:2375");
    environment.docker_context = Some("other".to_owned());
    assert_eq!(named(&nothing, &environment), "tcp://other.test:2375");
    environment.docker_host = Some("tcp://env.test:1".to_owned());
    assert_eq!(named(&nothing, &environment), "tcp://env.test:1");
    assert_eq!(named(&context("remote"), &environment), "tcp://remote.test:2375");
    let both = EngineChoice { host: Some("unix:///flag.sock".to_owned()), context: Some("remote".to_owned()) };
    assert_eq!(named(&both, &environment), "unix:///flag.sock");
}

#[test]
fn the_default_context_is_what_the_environment_says() {
    let mut environment = Home::new().environment();
    assert_eq!(named(&context("default"), &environment), "default");
    environment.docker_host = Some("unix:///env.sock".to_owned());
    assert_eq!(named(&context("default"), &environment), "unix:///env.sock");
}

#[test]
fn an_unknown_context_is_the_users_mistake_and_names_the_known_ones() {
    let home = Home::new();
    home.context("staging", r#"{"Host":"unix:///x"}"#);
    home.context("production", r#"{"Host":"unix:///y"}"#);
    let error = candidates(&context("prodution"), &home.environment()).expect_err("no such context");
    assert_eq!(error.exit_code(), 2);
    assert_eq!(error.to_string(), "there is no context \"prodution\"");
    assert_eq!(error.hint().as_deref(), Some("the contexts are: default, production, staging"));
}

#[test]
fn a_context_brings_its_tls_files() {
    let home = Home::new();
    let folder = format!("contexts/tls/{}/docker", hex_digest(b"secure"));
    home.context("secure", r#"{"Host":"tcp://secure.test:2376","SkipTLSVerify":false}"#);
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        home.write(&format!("{folder}/{file}"), "PEM");
    }
    let Ok(Candidates::Named(address)) = candidates(&context("secure"), &home.environment()) else {
        panic!("no address");
    };
    let tls = address.tls.expect("TLS");
    assert!(tls.verify && tls.ca.is_some() && tls.identity.is_some());
    home.context("careless", r#"{"Host":"tcp://careless.test:2376","SkipTLSVerify":true}"#);
    let Ok(Candidates::Named(address)) = candidates(&context("careless"), &home.environment()) else {
        panic!("no address");
    };
    assert_eq!(address.tls, Some(Tls { ca: None, identity: None, verify: false }));
}

#[test]
fn broken_configuration_is_told_with_its_file() {
    let home = Home::new();
    home.write("config.json", "{");
    let error = candidates(&EngineChoice::default(), &home.environment()).expect_err("no JSON");
    assert!(error.to_string().contains("config.json"), "{error}");
    assert_eq!(error.exit_code(), 3);
    // What names the engine is not kept from it by a file that is not needed.
    assert!(candidates(&host("unix:///x"), &home.environment()).is_ok());
}

#[test]
fn default_sockets_come_in_their_order() {
    let environment = Environment {
        home: Some("/home/ann".into()),
        xdg_runtime_dir: Some("/run/user/1000".into()),
        ..Environment::default()
    };
    let sockets: Vec<String> = default_sockets(&environment).iter().map(ToString::to_string).collect();
    assert_eq!(
        sockets,
        [
            "unix:///var/run/docker.sock",
            "unix:///run/user/1000/docker.sock",
            "unix:///home/ann/.docker/run/docker.sock",
            "unix:///home/ann/.docker/desktop/docker.sock",
            "unix:///run/podman/podman.sock",
            "unix:///run/user/1000/podman/podman.sock",
        ]
    );
    assert_eq!(default_sockets(&Environment::default()).len(), 2);
}

#[test]
fn tls_for_tcp_comes_from_the_environment() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("ca.pem"), "PEM").expect("a file");
    let mut environment = Environment {
        docker_host: Some("tcp://engine.test".to_owned()),
        docker_cert_path: Some(folder.path().to_owned()),
        ..Environment::default()
    };
    let address = |environment: &Environment| match candidates(&EngineChoice::default(), environment) {
        Ok(Candidates::Named(address)) => address,
        other => panic!("{other:?}"),
    };
    assert_eq!(address(&environment).to_string(), "tcp://engine.test:2375");
    environment.docker_tls = true;
    assert!(!address(&environment).tls.expect("TLS").verify);
    environment.docker_tls_verify = true;
    let address = address(&environment);
    assert_eq!(address.to_string(), "tcp://engine.test:2376");
    assert_eq!(address.tls, Some(Tls { ca: Some(folder.path().join("ca.pem")), identity: None, verify: true }));
}

#[test]
fn addresses_are_taken_apart() {
    let shown = |text| parsed(text).expect("an address").to_string();
    assert_eq!(shown("unix:///var/run/docker.sock"), "unix:///var/run/docker.sock");
    assert_eq!(shown("tcp://127.0.0.1:4243"), "tcp://127.0.0.1:4243");
    assert_eq!(shown("tcp://engine.test:2375/"), "tcp://engine.test:2375");
    assert_eq!(shown("http://[::1]:80"), "tcp://[::1]:80");
    assert_eq!(shown("https://engine.test"), "tcp://engine.test:2376");
    assert_eq!(shown("ssh://engine.test"), "ssh://engine.test");
    assert_eq!(shown("ssh://[fd00::7]:22"), "ssh://[fd00::7]:22");
    let ssh = parsed("ssh://ann@engine.test:2222").expect("an address");
    assert_eq!(ssh.to_string(), "ssh://engine.test:2222", "who logs in is nobody's business");
    assert_eq!(
        ssh.route,
        Route::Ssh { host: "engine.test".to_owned(), user: Some("ann".to_owned()), port: Some(2222) }
    );
}

#[test]
fn malformed_addresses_are_the_users_mistake() {
    for text in [
        "",
        "engine.test:2375",
        "/var/run/docker.sock",
        "unix://",
        "unix://docker.sock",
        "tcp://",
        "tcp://:2375",
        "tcp://engine.test:0",
        "tcp://engine.test:65536",
        "tcp://engine.test:2375/v1",
        "tcp://::1:2375",
        "tcp://[::1",
        "tcp://[[]",
        "tcp://[engine]:2375",
        "tcp://engine\n.test",
        "ftp://engine.test",
        "npipe:////./pipe/docker_engine",
        "tcp://[fd00::7]2375",
        "ssh://-oProxyCommand=evil",
        "ssh://-l@engine.test",
    ] {
        let error = parsed(text).expect_err(text);
        assert!(matches!(error, EngineError::BadHost { .. }), "{text}: {error:?}");
        assert_eq!(error.exit_code(), 2);
    }
}

#[test]
fn a_password_in_an_address_is_not_repeated() {
    for text in [
        "ssh://ann:hunter2@engine.test",
        "tcp://ann:hunter2@engine.test:2375",
        "bogus://ann:hunter2@x",
        "ann:hunter2@x",
    ] {
        let error = parsed(text).expect_err(text);
        assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error}");
    }
}
