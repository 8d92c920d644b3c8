//! The engine, through the same command line that its users type.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::command::{Finished, run};

/// How long one command may take. Generous, for many stacks share a small machine.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs `docker` with these arguments.
pub fn docker<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Finished {
    let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
    run(Command::new("docker").args(&args), LIMIT)
}

/// Runs `docker` with these arguments and returns what it printed, without white space around it.
///
/// # Panics
/// When it fails.
pub fn docker_ok<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> String {
    let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
    let done = docker(&args);
    assert!(done.status.success(), "`docker {}` failed: {}", args.join(" "), done.stderr.trim());
    done.stdout.trim().to_owned()
}

/// The lines that a command prints, empty ones left out.
#[must_use]
pub fn lines(args: &[&str]) -> Vec<String> {
    docker_ok(args).lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
}

/// What the engine knows of a container; none where there is no such container.
#[must_use]
pub fn inspect(name: &str) -> Option<Value> {
    let done = docker(["container", "inspect", name]);
    let all: Value = serde_json::from_str(&done.stdout).ok()?;
    all.get(0).cloned()
}

/// The names of the agents that sit in the namespace of a container, in whatever state they are.
#[must_use]
pub fn agents_in(container_id: &str) -> Vec<String> {
    let agents = lines(&["ps", "-aq", "--no-trunc", "--filter", "label=io.dprobe.agent"]);
    let mode = format!("container:{container_id}");
    agents
        .into_iter()
        .filter(|agent| inspect(agent).is_some_and(|agent| agent["HostConfig"]["NetworkMode"] == mode.as_str()))
        .collect()
}
