//! An engine that has two containers on two networks and never starts anything: what the command line does with a report
//! can be tested where there is no real one.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

/// An engine on a socket of its own. It lives as long as the test process.
pub(crate) struct FakeEngine {
    folder: TempDir,
}

impl FakeEngine {
    /// `web` is on `front`, `mongodb` is on `back`.
    pub(crate) fn start() -> Self {
        Self::serving(true)
    }

    /// One that accepts connections and never says a word.
    pub(crate) fn silent() -> Self {
        Self::serving(false)
    }

    fn serving(answers: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join("engine.sock")).expect("a socket");
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                if answers {
                    thread::spawn(move || serve(stream));
                } else {
                    held.push(stream);
                }
            }
        });
        Self { folder }
    }

    /// The value of `DOCKER_HOST` that leads here.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("engine.sock").display())
    }

    /// A folder that the test may write to; it goes away with the engine.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}

/// Answers the requests of one connection, one after the other (RFC 9112, without bodies in requests).
fn serve(stream: UnixStream) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, body) = match answer(&target) {
            Some(body) => ("200 OK", body.to_string()),
            None => ("404 Not Found", json!({ "message": "no such thing" }).to_string()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nApi-Version: 1.41\r\nOSType: linux\r\nServer: Docker/20.10.24 (linux)\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(target: &str) -> Option<Value> {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/v1.41").unwrap_or(path);
    Some(match path {
        "/_ping" => json!("OK"),
        "/info" => json!({
            "ServerVersion": "20.10.24", "OperatingSystem": "Test", "KernelVersion": "6.1", "Architecture": "x86_64",
            "SecurityOptions": [], "SystemTime": "2026-11-20T10:00:00Z",
        }),
        "/networks" => json!([network("front", "f", "172.20.0"), network("back", "b", "172.21.0")]),
        "/containers/json" => json!([{ "Id": id("1"), "Names": ["/web"] }, { "Id": id("2"), "Names": ["/mongodb"] }]),
        path if path == format!("/containers/{}/json", id("1")) => container("1", "web", "front", "f", "172.20.0.2"),
        path if path == format!("/containers/{}/json", id("2")) => container("2", "mongodb", "back", "b", "172.21.0.2"),
        _ => return None,
    })
}

fn id(digit: &str) -> String {
    digit.repeat(64)
}

fn network(name: &str, digit: &str, prefix: &str) -> Value {
    json!({
        "Name": name, "Id": id(digit), "Driver": "bridge", "Scope": "local", "Internal": false, "EnableIPv6": false,
        "IPAM": { "Config": [{ "Subnet": format!("{prefix}.0/16"), "Gateway": format!("{prefix}.1") }] },
        "Options": {}, "Labels": {},
    })
}

fn container(digit: &str, name: &str, network: &str, network_digit: &str, address: &str) -> Value {
    json!({
        "Id": id(digit), "Name": format!("/{name}"), "Image": "sha256:0", "Path": name, "Args": [],
        "State": { "Status": "running", "Running": true, "StartedAt": "2026-11-20T09:00:00Z" },
        "Config": { "Hostname": name, "Image": name, "Labels": {}, "ExposedPorts": { "27017/tcp": {} } },
        "HostConfig": { "NetworkMode": network, "PortBindings": {} },
        "NetworkSettings": {
            "Ports": {},
            "Networks": { network: {
                "NetworkID": id(network_digit), "IPAddress": address, "Gateway": "", "Aliases": [name],
            } },
        },
    })
}
