//! What an engine says, and what lies in its containers. Names, labels, logs and files are those of anybody who may start a
//! container.

use dprobe::engine::fuzzing;
use serde_json::Value;

use crate::check::{self, SECRET, escaped};

/// The longest argument that is kept, in characters.
const ARGUMENT: usize = 4096;

/// The answers to all requests of a snapshot in one JSON object.
pub(super) fn topology(data: &[u8]) {
    let Ok(said) = serde_json::from_slice::<Value>(data) else { return };
    let topology = fuzzing::topology(said);
    check::all_printable(&topology);
    check::all_shorter(&topology, escaped(ARGUMENT));
    check::comes_back(&topology);
}

/// The body of `/containers/ID/top`.
pub(super) fn processes(data: &[u8]) {
    let Some(processes) = fuzzing::processes(data) else { return };
    assert!(processes.len() <= 100);
    check::all_printable(&processes);
    check::all_shorter(&processes, escaped(1000));
}

/// The log of a container.
pub(super) fn log(data: &[u8]) {
    let lines = fuzzing::log(data);
    assert!(lines.len() <= 15);
    check::all_printable(&lines);
    check::all_shorter(&lines, escaped(500));
    let mut secret = format!("login postgres://me:{SECRET}@db/x\n").into_bytes();
    secret.extend_from_slice(data);
    check::no_secret(&fuzzing::log(&secret).concat());
}

/// The words of an engine that refuses.
pub(super) fn refusal(data: &[u8]) {
    let words = fuzzing::refusal(data);
    check::printable(&words);
    assert!(words.chars().count() < 10_000, "{words}");
}

/// `daemon.json` after the arguments of `dockerd`, one a line, and an empty line.
pub(super) fn daemon_json(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (arguments, json) = text.split_once("\n\n").unwrap_or(("", &text));
    let arguments: Vec<&str> = arguments.lines().collect();
    if let Some(settings) = fuzzing::daemon_settings(&arguments, json.as_bytes()) {
        check::comes_back(&settings);
    }
}

/// The address of an engine, as `DOCKER_HOST` and contexts have it.
pub(super) fn docker_host(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for text in [text.to_string(), format!("tcp://user:{SECRET}@{text}"), format!("ssh://user:{SECRET}@{text}")] {
        match fuzzing::address(&text) {
            Ok(address) => {
                check::no_secret(&address);
                assert_eq!(fuzzing::address(&address), Ok(address.clone()), "of {text:?}");
            }
            Err(words) => {
                check::no_secret(&words);
                check::printable(&words);
            }
        }
    }
}

/// A tar archive with a file of a container.
pub(super) fn archive(data: &[u8]) {
    const LIMIT: usize = 300;
    match fuzzing::archived(data, LIMIT) {
        Some(Ok(bytes)) => assert!(bytes.len() <= LIMIT),
        Some(Err(path)) => {
            let stays = path.starts_with('/') && !path.split('/').any(|part| part == "..");
            assert!(stays, "a link leads out of its container: {path:?}");
        }
        None => {}
    }
}
