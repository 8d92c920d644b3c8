//! What a demo makes and removes: containers and networks with names of their own, by `docker` commands.

use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{LABEL, trouble};
use crate::engine::EngineChoice;
use crate::exit::Failure;

/// The things of one demo. They are removed when it is dropped, unless they are to be kept.
pub(super) struct Stage {
    /// What makes its names unlike any other's.
    mark: String,
    image: String,
    engine: Vec<String>,
    kept: bool,
}

impl Stage {
    pub(super) fn new(choice: &EngineChoice, image: &str) -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let mark = format!("{:04x}", (clock ^ std::process::id().rotate_left(12)) & 0xffff);
        Self { mark, image: image.to_owned(), engine: engine_flags(choice), kept: false }
    }

    /// The name of a container or network of this demo.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.mark)
    }

    pub(super) fn make_network(&self, network: &str) -> String {
        let label = format!("{LABEL}={}", self.mark);
        shell_words::join(["docker", "network", "create", "--label", &label, &self.name(network)])
    }

    /// A container that plays `argv`; its first word is a program that the agent's image knows how to play.
    pub(super) fn make_container(&self, container: &str, network: &str, options: &[&str], argv: &[&str]) -> String {
        let (name, network) = (self.name(container), self.name(network));
        let label = format!("{LABEL}={}", self.mark);
        let entrypoint = format!("/demo/{}", argv.first().unwrap_or(&"idle"));
        let mut words = vec!["docker", "run", "-d", "--label", &label, "--name", &name, "--network", &network];
        words.extend(options);
        words.extend(["--entrypoint", &entrypoint, &self.image]);
        words.extend(argv.iter().skip(1));
        shell_words::join(words)
    }

    pub(super) fn remove_container(&self, container: &str) -> String {
        shell_words::join(["docker", "rm", "-f", &self.name(container)])
    }

    /// The host's port that leads to a port of a container.
    pub(super) fn host_port(&self, container: &str, port: u16) -> Result<u16, Failure> {
        let answer = self.run(&shell_words::join(["docker", "port", &self.name(container), &port.to_string()]))?;
        let port =
            answer.lines().next().and_then(|line| line.rsplit(':').next()).and_then(|port| port.trim().parse().ok());
        port.ok_or_else(|| trouble("`docker port` did not tell the published port"))
    }

    /// Runs a command line of `docker` on the engine of this demo, and hands back what it prints.
    pub(super) fn run(&self, line: &str) -> Result<String, Failure> {
        docker(&self.engine, line)
    }

    /// Leaves everything as it is.
    pub(super) fn keep(&mut self) {
        self.kept = true;
    }

    /// Removes everything.
    pub(super) fn strike(mut self) -> Result<(), Failure> {
        self.kept = true;
        remove(&self.engine, &format!("{LABEL}={}", self.mark)).map(|_| ())
    }

    /// Removes what earlier demos have kept, and tells how many things that were.
    pub(super) fn clean(choice: &EngineChoice) -> Result<usize, Failure> {
        remove(&engine_flags(choice), LABEL)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.kept {
            // Whatever ended the demo early has been told; what is left behind can be removed with --clean.
            let _ = remove(&self.engine, &format!("{LABEL}={}", self.mark));
        }
    }
}

/// Removes the containers and then the networks that carry a label.
fn remove(engine: &[String], label: &str) -> Result<usize, Failure> {
    let filter = format!("label={label}");
    let mut removed = 0;
    for (list, delete) in [
        (&["docker", "ps", "-aq", "--no-trunc", "--filter"][..], &["docker", "rm", "-f"][..]),
        (&["docker", "network", "ls", "-q", "--no-trunc", "--filter"], &["docker", "network", "rm"]),
    ] {
        let found = docker(engine, &shell_words::join(list.iter().copied().chain([filter.as_str()])))?;
        let ids: Vec<&str> = found.split_whitespace().collect();
        if !ids.is_empty() {
            docker(engine, &shell_words::join(delete.iter().copied().chain(ids.iter().copied())))?;
            removed += ids.len();
        }
    }
    Ok(removed)
}

fn engine_flags(choice: &EngineChoice) -> Vec<String> {
    let flag =
        |name: &str, value: &Option<String>| value.iter().flat_map(|value| [name.to_owned(), value.clone()]).collect();
    let host: Vec<String> = flag("-H", &choice.host);
    let context: Vec<String> = flag("--context", &choice.context);
    host.into_iter().chain(context).collect()
}

/// Runs one `docker` command line, without a shell, for its words come from dprobe itself.
fn docker(engine: &[String], line: &str) -> Result<String, Failure> {
    let words = shell_words::split(line).map_err(|error| Failure::could_not_run(&error))?;
    let Some((program, rest)) = words.split_first() else { return Ok(String::new()) };
    let output = Command::new(program).args(engine).args(rest).stdin(Stdio::null()).output().map_err(|error| {
        Failure::could_not_run(&error).hint("the demo needs the `docker` command to make its stack")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // The first line has the reason; what follows tells how to get help.
    let reason = output.stderr.split(|byte| *byte == b'\n').find(|line| !line.is_empty()).unwrap_or_default();
    let said = dprobe_probes::text::printable(reason, 300);
    Err(trouble(&format!("`{line}` failed: {said}")))
}
