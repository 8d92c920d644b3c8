//! What the engine's own configuration says: the arguments of its process, and its configuration file (dockerd(8)). Only
//! what nothing else tells is taken from them, and none of their text gets out of here.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::address::Address;
use super::firewall::engine_process;
use crate::topology::DaemonSettings;

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// Where the configuration is unless told otherwise.
const CONFIG: &str = "/etc/docker/daemon.json";

/// The part of `daemon.json` that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    iptables: Option<bool>,
    dns: Vec<String>,
}

/// The settings of the engine at an address; none where it is not on this machine, or may not be looked at.
pub(super) async fn settings(address: &Address) -> Option<DaemonSettings> {
    let peer = engine_process(address).await.ok()?;
    let process = daemon_process(peer)?;
    let arguments = String::from_utf8(bytes(&process.join("cmdline"))?).ok()?;
    let arguments: Vec<&str> = arguments.split('\0').filter(|argument| !argument.is_empty()).collect();
    let path = values(&arguments, "--config-file").last().copied().unwrap_or(CONFIG);
    let config = match config(&process, Path::new(path)) {
        Ok(config) => config,
        Err(error) => {
            tracing::debug!(%error, path, "the engine's configuration is not to be read from here");
            return None;
        }
    };
    Some(merged(&arguments, &config))
}

/// The folder in /proc of `dockerd`, where that is what runs. The first of all processes holds the socket where the engine
/// is started by the first connect to it; the engine's id is in a file then.
fn daemon_process(peer: i32) -> Option<PathBuf> {
    let folder = |process: &str| Path::new("/proc").join(process);
    let name = |process: &Path| bytes(&process.join("comm")).unwrap_or_default();
    let process = folder(&peer.to_string());
    if name(&process).starts_with(b"dockerd") {
        return Some(process);
    }
    let id = String::from_utf8(bytes(Path::new("/run/docker.pid"))?).ok()?;
    let process = folder(id.trim().parse::<u32>().ok()?.to_string().as_str());
    name(&process).starts_with(b"dockerd").then_some(process)
}

/// The configuration file as the engine sees it. A missing one says nothing, as for the engine.
fn config(process: &Path, path: &Path) -> std::io::Result<Config> {
    use std::io::ErrorKind;
    let seen = process.join("root").join(path.strip_prefix("/").unwrap_or(path));
    let read = match read(&seen) {
        // Only root may look through the eyes of others; mostly they see the same.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => read(path),
        other => other,
    };
    match read {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Config::default()),
        Err(error) => Err(error),
    }
}

pub(super) fn merged(arguments: &[&str], config: &Config) -> DaemonSettings {
    let off = |value: &&str| matches!(*value, "false" | "0" | "f" | "F" | "FALSE" | "False");
    DaemonSettings {
        makes_rules: config.iptables != Some(false) && !values(arguments, "--iptables").last().is_some_and(off),
        has_dns: !config.dns.is_empty() || !values(arguments, "--dns").is_empty(),
    }
}

/// The values of a flag, as `--flag=value` or `--flag value`.
fn values<'a>(arguments: &[&'a str], flag: &str) -> Vec<&'a str> {
    let joined = |argument: &&'a str| argument.strip_prefix(flag)?.strip_prefix('=');
    let apart = arguments.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1]);
    arguments.iter().filter_map(joined).chain(apart).collect()
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn bytes(path: &Path) -> Option<Vec<u8>> {
    read(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_file_are_taken_together() {
        let told = |arguments: &[&str], file: &str| merged(arguments, &serde_json::from_str(file).expect("a file"));
        assert_eq!(told(&["dockerd"], "{}"), DaemonSettings { makes_rules: true, has_dns: false });
        assert!(!told(&["dockerd", "--iptables=false"], "{}").makes_rules);
        assert!(!told(&["dockerd"], r#"{"iptables": false, "hosts": ["fd://"]}"#).makes_rules);
        assert!(told(&["dockerd", "--dns", "192.0.2.53"], "{}").has_dns);
        assert!(told(&["dockerd", "--dns-opt", "ndots:1"], r#"{"dns": ["192.0.2.53"]}"#).has_dns);
        assert!(!told(&["dockerd", "--dns-opt=x"], "{}").has_dns);
        assert_eq!(values(&["dockerd", "--config-file", "/x", "--config-file=/y"], "--config-file"), ["/y", "/x"]);
    }
}
