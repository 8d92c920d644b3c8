//! Ways into the parsers of what an engine and its agents say, for the fuzz targets (`fuzz/`). No part of the API: nothing
//! else uses them.

use std::collections::BTreeMap;

use bollard::container::{AttachContainerResults, LogOutput};
use dprobe_probes::wire::Reply;
use futures_util::stream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::clock::EngineClock;
use super::conversation::Conversation;
use super::details::{log_lines, processes_of};
use super::error::EngineError;
use super::info::InfoBody;
use super::networks::NetworkKeys;
use super::{archive, client, daemon, inspect, snapshot, swarm};
use crate::topology::{DaemonSettings, Process, Topology};

/// What an engine says of everything: `info`, `networks`, `containers`, `nodes`, `services`, `tasks`, `overlays`, each in the
/// form of its own request; whatever is missing is empty.
#[must_use]
pub fn topology(said: Value) -> Topology {
    let said = client::without_nulls(said);
    let info: InfoBody = one(&said, "info");
    let clock = EngineClock::read(&info.system_time);
    let mut networks = snapshot::networks_of(list(&said, "networks"));
    let overlays: BTreeMap<String, swarm::OverlayBody> = one(&said, "overlays");
    for (key, body) in overlays {
        if let Some(network) = networks.get_mut(&key) {
            network.overlay = Some(swarm::overlay(&body));
        }
    }
    let keys = NetworkKeys::new(&networks);
    let inspected = list::<Value>(&said, "containers").into_iter();
    let mut containers = inspected
        .filter_map(|body| inspect::container(body, &keys, clock))
        .map(|container| (container.name.clone(), container))
        .collect();
    snapshot::complete_gateways(&mut networks, &containers);
    let bodies =
        swarm::Bodies { nodes: list(&said, "nodes"), services: list(&said, "services"), tasks: list(&said, "tasks") };
    let swarm = swarm::swarm(&info.swarm, bodies, &keys, clock);
    snapshot::complete_ports(&mut containers, swarm.as_ref());
    Topology { containers, networks, swarm, engine_proxy: info.proxy(), ..Topology::default() }
}

fn one<T: DeserializeOwned + Default>(said: &Value, key: &str) -> T {
    said.get(key).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

fn list<T: DeserializeOwned>(said: &Value, key: &str) -> Vec<T> {
    one::<Vec<Value>>(said, key).into_iter().filter_map(|body| T::deserialize(body).ok()).collect()
}

/// The body of `/containers/ID/top`.
#[must_use]
pub fn processes(body: &[u8]) -> Option<Vec<Process>> {
    processes_of(&serde_json::from_slice(body).ok()?)
}

/// The log of a container, its frames taken apart.
#[must_use]
pub fn log(bytes: &[u8]) -> Vec<String> {
    log_lines(bytes)
}

/// The words of an answer that is no success.
#[must_use]
pub fn refusal(body: &[u8]) -> String {
    EngineError::refused("do this", 500, &client::message(body)).to_string()
}

/// What `dockerd` was started with, and its `daemon.json`.
#[must_use]
pub fn daemon_settings(arguments: &[&str], json: &[u8]) -> Option<DaemonSettings> {
    Some(daemon::merged(arguments, &serde_json::from_slice(json).ok()?))
}

/// What lies in a tar archive that is read for one file: its content, at most `limit` bytes of it, or where a link in the
/// folder `/etc/ssl` leads to.
#[must_use]
pub fn archived(tar: &[u8], limit: usize) -> Option<Result<Vec<u8>, String>> {
    match archive::first_entry(tar, limit) {
        archive::Entry::File(bytes) => Some(Ok(bytes)),
        archive::Entry::Link(target) => Some(Err(archive::absolute("/etc/ssl", &target))),
        archive::Entry::Other => None,
    }
}

/// An address of an engine, as `DOCKER_HOST` has it, or what is wrong with it.
///
/// # Errors
/// What is said of it.
pub fn address(text: &str) -> Result<String, String> {
    Address::parse(text, None).map(|address| address.to_string()).map_err(|error| error.to_string())
}

/// Everything that an agent says whose output comes in these chunks, and how it ended.
pub async fn conversation(chunks: Vec<Vec<u8>>) -> (Vec<Reply>, String) {
    let frame = |chunk: Vec<u8>| Ok(LogOutput::StdOut { message: chunk.into() });
    let mut conversation = Conversation::over(AttachContainerResults {
        output: Box::pin(stream::iter(chunks.into_iter().map(frame))),
        input: Box::pin(tokio::io::sink()),
    });
    let mut replies = Vec::new();
    loop {
        match conversation.reply().await {
            Ok(Some(reply)) => replies.push(reply),
            Ok(None) => return (replies, conversation.ending(None)),
            Err(problem) => return (replies, conversation.with_last_words(problem)),
        }
    }
}
