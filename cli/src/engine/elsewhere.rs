//! Other engines: those whose sockets and contexts are known here, and what they have by a name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dprobe_probes::text::printable;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::UdpSocket;

use super::address::{Address, DEFAULT_CONTEXT, Environment, Route, default_sockets};
use super::client::Client;
use super::context;
use super::info::{InfoBody, Ping};
use crate::topology::{Elsewhere, OtherEngine, Protocol, PublishedPort};

/// How long other engines are waited for, all of them together.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most engines that are asked.
const MOST: usize = 16;

/// One container of `/containers/json`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Listed {
    names: Vec<String>,
    labels: BTreeMap<String, String>,
    state: String,
    ports: Vec<ListedPort>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedPort {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    protocol: String,
}

/// An engine with the context that leads to it.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    context: Option<String>,
    address: Address,
}

/// What the other engines have by one of these words.
pub(super) async fn look(current: &Address, environment: &Environment, words: &[&str]) -> Vec<Elsewhere> {
    let places = places(current, environment);
    let asked = places.iter().map(|place| async move {
        tokio::time::timeout(PATIENCE, ask(place, words)).await.ok().flatten().unwrap_or_default()
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

async fn ask(place: &Place, words: &[&str]) -> Option<Vec<Elsewhere>> {
    let client = Client::new(&place.address).ok()?;
    let listed: Vec<Listed> = client.get("list the containers", "/containers/json?all=1").await.ok()?;
    let found = |word: &&str| {
        // A running one first.
        let mut having: Vec<&Listed> = listed.iter().filter(|container| container.goes_by(word)).collect();
        having.sort_by_key(|container| container.state != "running");
        having.first().map(|container| container.describe(word, place))
    };
    Some(words.iter().filter_map(found).collect())
}

/// The part of `/info` that tells one engine from another.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Identity {
    /// Engines up to 24 that share `/etc/docker` have it in common.
    #[serde(rename = "ID")]
    id: String,
    docker_root_dir: String,
    containers: u64,
}

/// The other engines that answer on this machine, each once, by whatever ways it is reached.
pub(super) async fn neighbours(client: &Client, current: &Address, environment: &Environment) -> Vec<OtherEngine> {
    let places = places(current, environment);
    let asked = places.iter().map(|place| async move {
        if remote(&place.address).await.is_some() {
            return None;
        }
        tokio::time::timeout(PATIENCE, greet(place)).await.ok().flatten()
    });
    let own = async { client.get::<Identity>("ask the engine who it is", "/info").await.unwrap_or_default() };
    let (own, asked) = tokio::join!(own, futures_util::future::join_all(asked));
    let mut seen = vec![(own.id, own.docker_root_dir)];
    let mut found = Vec::new();
    for (Identity { id, docker_root_dir, .. }, engine) in asked.into_iter().flatten() {
        let one = (id, docker_root_dir);
        if !seen.contains(&one) {
            seen.push(one);
            found.push(engine);
        }
    }
    found
}

/// Who answers at a place.
async fn greet(place: &Place) -> Option<(Identity, OtherEngine)> {
    let client = Client::new(&place.address).ok()?;
    let (ping, info) = tokio::join!(client.open("/_ping"), client.get::<Value>("ask the engine who it is", "/info"));
    let (ping, info) = (Ping::read(&ping.ok()?), info.ok()?);
    let identity = Identity::deserialize(&info).ok()?;
    let described = InfoBody::deserialize(&info).ok()?.describe(&ping, ping.version?, place.address.to_string());
    let engine = OtherEngine {
        address: described.address,
        context: place.context.clone(),
        flavor: described.flavor,
        version: described.version,
        containers: identity.containers,
    };
    Some((identity, engine))
}

impl Listed {
    fn name(&self) -> &str {
        // A name with a second slash is that of a legacy link.
        let own = self.names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'));
        own.unwrap_or_default()
    }

    fn goes_by(&self, word: &str) -> bool {
        self.name() == word || self.labels.get("com.docker.compose.service").is_some_and(|service| service == word)
    }

    fn describe(&self, word: &str, place: &Place) -> Elsewhere {
        let published = self.ports.iter().filter(|port| port.public_port > 0).take(64).map(|port| PublishedPort {
            container_port: port.private_port,
            protocol: if port.protocol == "udp" { Protocol::Udp } else { Protocol::Tcp },
            host_ip: port.ip.parse().ok(),
            host_port: Some(port.public_port),
        });
        Elsewhere {
            word: word.to_owned(),
            container: printable(self.name().as_bytes(), 255),
            running: self.state == "running",
            published: published.collect(),
            engine: place.address.to_string(),
            context: place.context.clone(),
        }
    }
}

/// The engines that are known besides the current one. Those over ssh are left out, for a login takes its time and may ask
/// for a password.
fn places(current: &Address, environment: &Environment) -> Vec<Place> {
    let contexts = context::all(environment).into_iter().map(|(name, address)| Place { context: Some(name), address });
    let mut sockets = default_sockets(environment).into_iter();
    // What the Docker CLI calls its default context is the first of the sockets, unless DOCKER_HOST says otherwise.
    let default = environment.docker_host.is_none().then_some(DEFAULT_CONTEXT.to_owned());
    let first = sockets.next().map(|address| Place { context: default, address });
    let rest = sockets.map(|address| Place { context: None, address });
    let mut seen = vec![identity(current)];
    contexts
        .chain(first)
        .chain(rest)
        .filter(|place| !matches!(place.address.route, Route::Ssh { .. }))
        .filter(|place| !matches!(&place.address.route, Route::Unix(path) if !path.exists()))
        .filter(|place| {
            let identity = identity(&place.address);
            let new = !seen.contains(&identity);
            seen.push(identity);
            new
        })
        .take(MOST)
        .collect()
}

/// What tells one engine from another: the address, with the links of a socket's path followed.
fn identity(address: &Address) -> Address {
    let mut address = address.clone();
    address.tls = None;
    if let Route::Unix(path) = &mut address.route {
        *path = followed(path);
    }
    address
}

fn followed(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The name or address of the engine's host, where it is another machine than this one: reached over the network, at an
/// address that this machine does not have.
pub(super) async fn remote(address: &Address) -> Option<String> {
    match &address.route {
        Route::Unix(_) => None,
        Route::Ssh { host, .. } => Some(host.clone()),
        // Only an own address can be bound. A name that does not resolve would not have led to the engine.
        Route::Tcp { host, .. } => UdpSocket::bind((host.as_str(), 0)).await.is_err().then(|| host.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_is_remote_where_its_address_is_not_our_own() {
        let of = |host: &str| Address::parse(host, None).expect("an address");
        assert_eq!(remote(&of("unix:///var/run/docker.sock")).await, None);
        assert_eq!(remote(&of("tcp://127.0.0.1:2375")).await, None);
        assert_eq!(remote(&of("tcp://localhost:2375")).await, None);
        assert_eq!(remote(&of("tcp://198.51.100.7:2375")).await.as_deref(), Some("198.51.100.7"));
        assert_eq!(remote(&of("ssh://me@build.test")).await.as_deref(), Some("build.test"));
    }

    #[test]
    fn each_other_engine_is_asked_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("docker.sock");
        std::fs::write(&socket, "").expect("a file");
        let environment = Environment { xdg_runtime_dir: Some(dir.path().to_owned()), ..Environment::default() };
        let here = Address { route: Route::Unix("/nonexistent.sock".into()), tls: None };
        let found = places(&here, &environment);
        assert_eq!(found.iter().filter(|place| place.address.route == Route::Unix(socket.clone())).count(), 1);
        let current = Address { route: Route::Unix(socket.clone()), tls: None };
        assert!(places(&current, &environment).iter().all(|place| place.address != current), "it is no other one");
    }

    #[test]
    fn a_listed_container_is_told_with_its_ports() {
        let listed: Listed = serde_json::from_value(serde_json::json!({
            "Names": ["/web/db", "/mongodb"], "State": "running", "Labels": {"com.docker.compose.service": "db"},
            "Ports": [{"IP": "0.0.0.0", "PrivatePort": 27017, "PublicPort": 27018, "Type": "tcp"}, {"PrivatePort": 1, "Type": "udp"}],
        }))
        .expect("a container");
        assert!(listed.goes_by("mongodb") && listed.goes_by("db") && !listed.goes_by("web"));
        let address = Address::parse("unix:///x/docker.sock", None).expect("an address");
        let told = listed.describe("db", &Place { context: None, address });
        assert_eq!((told.container.as_str(), told.published.len()), ("mongodb", 1));
        assert_eq!(told.flag(), ["--host", "unix:///x/docker.sock"]);
    }
}
