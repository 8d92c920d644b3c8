//! The engine, through the same command line that its users type.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::command::{Finished, run};
use crate::{binary, image};

/// How long one command may take. Generous, for many stacks share a small machine.
const LIMIT: Duration = Duration::from_secs(90);

/// An engine: that of this machine, or one in a [`crate::Lab`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engine {
    lab: Option<InLab>,
}

/// Where the engine of a lab is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InLab {
    /// Its address, as in `DOCKER_HOST`.
    pub(crate) address: String,
    /// The network namespace of its host.
    pub(crate) namespace: String,
    /// A directory with what takes the place of the commands that would touch this machine, such as `systemctl`.
    pub(crate) programs: PathBuf,
}

impl Engine {
    /// The one that `docker` talks to by itself.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::default()
    }

    pub(crate) fn of_lab(lab: InLab) -> Self {
        Self { lab: Some(lab) }
    }

    /// Its address for `DOCKER_HOST`; none where it is the one of this machine.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.lab.as_ref().map(|lab| lab.address.as_str())
    }

    /// The name of the image that containers are made from. It is there when this returns.
    #[must_use]
    pub fn image(&self) -> &'static str {
        // A lab has loaded it when it started.
        if self.lab.is_some() { image::tag() } else { image::name() }
    }

    /// Runs `docker` with these arguments.
    pub fn docker<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Finished {
        run(self.command().args(args.into_iter().map(|arg| arg.as_ref().to_owned())), LIMIT)
    }

    /// Runs `docker` with these arguments and returns what it printed, without white space around it.
    ///
    /// # Panics
    /// When it fails.
    pub fn docker_ok<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let done = self.docker(&args);
        assert!(done.status.success(), "`docker {}` failed: {}", args.join(" "), done.stderr.trim());
        done.stdout.trim().to_owned()
    }

    /// The lines that a command prints, empty ones left out.
    #[must_use]
    pub fn lines(&self, args: &[&str]) -> Vec<String> {
        let printed = self.docker_ok(args);
        printed.lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
    }

    /// What it knows of a container; none where there is no such container.
    #[must_use]
    pub fn inspect(&self, name: &str) -> Option<Value> {
        let done = self.docker(["container", "inspect", name]);
        let all: Value = serde_json::from_str(&done.stdout).ok()?;
        all.get(0).cloned()
    }

    /// The `docker` command for this engine.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("docker");
        if let Some(address) = self.address() {
            command.env("DOCKER_HOST", address);
        }
        command
    }

    /// Types a line into a shell on its host: in the host's network namespace, with `docker` meaning this engine and
    /// `dprobe` the binary under test.
    pub fn shell(&self, line: &str) -> Finished {
        let beside = binary::dprobe().parent().unwrap_or(Path::new("/")).to_owned();
        let programs = self.lab.iter().map(|lab| lab.programs.clone()).chain([beside]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(programs.chain(std::env::split_paths(&path))).expect("a path");
        let mut shell = match &self.lab {
            Some(lab) => {
                let mut shell = Command::new("nsenter");
                shell.arg(format!("--net=/run/netns/{}", lab.namespace)).arg("sh").env("DOCKER_HOST", &lab.address);
                shell
            }
            None => Command::new("sh"),
        };
        run(shell.args(["-c", line]).env("PATH", path), LIMIT)
    }
}

/// Runs `docker` with these arguments, on the engine of this machine.
pub fn docker<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Finished {
    Engine::of_this_machine().docker(args)
}

/// Runs `docker` with these arguments and returns what it printed, without white space around it.
///
/// # Panics
/// When it fails.
pub fn docker_ok<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> String {
    Engine::of_this_machine().docker_ok(args)
}

/// The lines that a command prints, empty ones left out.
#[must_use]
pub fn lines(args: &[&str]) -> Vec<String> {
    Engine::of_this_machine().lines(args)
}

/// What the engine of this machine knows of a container; none where there is no such container.
#[must_use]
pub fn inspect(name: &str) -> Option<Value> {
    Engine::of_this_machine().inspect(name)
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
