//! The stack that is measured on: a `web`, a `mongodb` that serves it, and a `closed` that hears only itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dprobe_tests::docker::{agents_in, docker_ok};
use dprobe_tests::{Stack, poll};

use crate::Result;

/// How long the engine may take to remove an agent that has ended.
const REMOVAL: Duration = Duration::from_secs(10);

/// The stack, and the commands that are run on it. Dropping it removes the stack.
pub(crate) struct Stage {
    /// The `dprobe` beside this program.
    pub(crate) cli: PathBuf,
    /// The agent's image.
    pub(crate) image: String,
    pub(crate) web: Actor,
    pub(crate) mongodb: Actor,
    closed: Actor,
    network: String,
    address: String,
    /// Goes last.
    stack: Stack,
}

/// A container of the stack.
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) id: String,
}

impl Stage {
    /// Loads the agent's image, and makes the stack of nothing else.
    pub(crate) fn new() -> Result<Self> {
        let cli = std::env::current_exe()?.with_file_name("dprobe");
        let image = stdout_of(&cli, &["agent", "load"])?.trim().to_owned();
        let stack = Stack::new();
        let net = stack.network("favorites-net");
        let network = net.name().to_owned();
        let web = actor(&stack, &network, &image, "web", &["web"]);
        let mongodb = actor(&stack, &network, &image, "mongodb", &["mongod", "--bind_ip_all"]);
        let closed = actor(&stack, &network, &image, "closed", &["mongod", "--bind_ip", "127.0.0.1"]);
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = docker_ok(["container", "inspect", "--format", format, &mongodb.id]);
        Ok(Self { cli, image, web, mongodb, closed, network, address, stack })
    }

    /// What is measured, and where.
    pub(crate) fn title(&self) -> Result<String> {
        let version = stdout_of(&self.cli, &["--version"])?;
        let engine = docker_ok(["version", "--format", "{{.Server.Version}}"]);
        Ok(format!("{} on Docker Engine {engine}", version.trim()))
    }

    /// `dprobe check web TARGET`, which has to end with this code.
    pub(crate) fn check(&self, target: &str, code: i32) -> Result<()> {
        expect(self.check_command(target), code)
    }

    /// The command of [`Stage::check`].
    pub(crate) fn check_command(&self, target: &str) -> Command {
        let mut command = Command::new(&self.cli);
        command.args(["check", &self.web.name, target]);
        command
    }

    /// What people type to see whether a port answers: a container of their own on the same network, for one connect. The
    /// address saves it looking up the name.
    pub(crate) fn docker_run(&self) -> Result<()> {
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--network", &self.network]).args(self.stack.label_flags());
        command.args([&self.image, "act", &format!("dial:{}:27017", self.address)]);
        expect(command, 0)
    }

    /// `dprobe FLAG`.
    pub(crate) fn cli_prints(&self, flag: &str) -> Result<()> {
        let mut command = Command::new(&self.cli);
        command.arg(flag);
        expect(command, 0)
    }

    /// Waits until no agent is left in the stack: the engine removes them after their process has ended, and that is not
    /// to happen at the cost of the next subject.
    pub(crate) fn settle(&self) {
        poll::until("the agents to be removed", REMOVAL, || {
            [&self.web, &self.mongodb, &self.closed].iter().all(|actor| agents_in(&actor.id).is_empty()).then_some(())
        });
    }
}

/// Starts a container that plays a program, under its plain name on the network.
fn actor(stack: &Stack, network: &str, image: &str, name: &str, command: &[&str]) -> Actor {
    let (full_name, program) = (stack.unique(name), format!("/demo/{}", command[0]));
    let mut args = vec!["run", "-d", "--name", &full_name, "--network", network, "--network-alias", name];
    let labels = stack.label_flags();
    args.extend(labels.iter().map(String::as_str));
    args.extend(["--entrypoint", &program, image]);
    args.extend(&command[1..]);
    let id = docker_ok(args);
    poll::until(&format!("{name} to be ready"), Duration::from_secs(30), || {
        docker_ok(["logs", &full_name]).lines().any(|line| line == "ready").then_some(())
    });
    Actor { name: full_name, id }
}

/// Runs a command that has to end with this code.
fn expect(mut command: Command, code: i32) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    if done.status.code() == Some(code) {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].concat();
    Err(format!("ended with {} in place of {code}:\n{}", done.status, String::from_utf8_lossy(&said)).into())
}

/// What the CLI prints.
fn stdout_of(cli: &Path, args: &[&str]) -> Result<String> {
    let done =
        Command::new(cli).args(args).output().map_err(|error| format!("cannot run {}: {error}", cli.display()))?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).trim().into());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
