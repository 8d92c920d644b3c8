//! The packet filter of the engine's host, read from here where this process may: as root on the engine's own machine.

use std::ffi::OsString;
use std::path::Path;

use dprobe_probes::firewall::{self, FirewallFact};
use serde_json::Value;
use tokio::net::UnixStream;

use super::address::{Address, Route};
use super::client::Client;

/// The programs behind a socket that show that the engine runs on this machine. The first of all processes holds the
/// socket where the engine is started by the first connect to it (systemd.socket(5)).
const ENGINES: [&str; 6] = ["dockerd", "docker", "podman", "systemd", "init", "conmon"];

/// Reads the rules of the engine's host, or of the namespace of one of its containers, by its id.
///
/// # Errors
/// Why it cannot be read from here, in words.
pub(super) async fn read(client: &Client, address: &Address, container: Option<&str>) -> Result<FirewallFact, String> {
    let engine = engine_process(address).await?;
    let process = match container {
        None => engine,
        Some(id) => container_process(client, id).await.ok_or("its process is not to be seen from here")?,
    };
    let wanted = format!("/proc/{process}/ns/net");
    // Only root may look at the namespaces of others.
    let theirs = std::fs::read_link(&wanted).map_err(|_| "that takes root on the engine's host".to_owned())?;
    let ours = std::fs::read_link("/proc/self/ns/net").ok();
    let enter: Vec<OsString> = if ours.as_ref() == Some(&theirs) {
        Vec::new()
    } else {
        vec!["nsenter".into(), format!("--net={wanted}").into(), "--".into()]
    };
    firewall::read(&enter).await
}

/// The process at the other end of the engine's socket (`SO_PEERCRED`, unix(7)), where it is an engine on this machine.
pub(super) async fn engine_process(address: &Address) -> Result<i32, String> {
    let Route::Unix(path) = &address.route else { return Err("the engine is on another machine".to_owned()) };
    let stream = UnixStream::connect(path).await.map_err(|error| error.to_string())?;
    let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
    let process = peer.filter(|process| *process > 0).ok_or("the engine's process cannot be told")?;
    let name = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("comm")).unwrap_or_default();
    // Desktop's proxy, or the end of a tunnel, answers on this machine for an engine that is not here.
    if ENGINES.contains(&name.trim()) {
        Ok(process)
    } else {
        Err("the engine is not on this machine itself".to_owned())
    }
}

/// The first process of a container (`State.Pid`).
async fn container_process(client: &Client, id: &str) -> Option<i32> {
    let body: Value = client.get("inspect a container", &format!("/containers/{id}/json")).await.ok()?;
    let process = body.pointer("/State/Pid").and_then(Value::as_i64).filter(|process| *process > 0)?;
    // An engine in a process namespace of its own counts in another way; the cgroup tells whose process this is.
    let cgroup = std::fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    cgroup.contains(id).then_some(process).and_then(|process| i32::try_from(process).ok())
}
