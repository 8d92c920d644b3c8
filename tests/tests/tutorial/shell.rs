//! The shell that the page is typed into.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dprobe_tests::command::Finished;
use dprobe_tests::{Stack, docker, image, servers, subnet, until};

use crate::names::Names;

/// Where the page has its compose files copied to, below the home directory.
const COPY: &str = "dprobe-tutorial";

/// The lines that prepare the reader's shell. What they come to is done by [`Shell::new`].
const PREPARATION: &str = "eval \"$(./dev tutorial)\"\ncp -r docs/tutorial ~/dprobe-tutorial\ncd ~/dprobe-tutorial\n";

/// A shell with a home directory of its own.
#[derive(Debug)]
pub(crate) struct Shell<'a> {
    stack: &'a Stack,
    names: &'a Names,
    home: tempfile::TempDir,
}

impl<'a> Shell<'a> {
    /// One that has been prepared.
    pub(crate) fn new(stack: &'a Stack, names: &'a Names) -> Self {
        let shell = Self { stack, names, home: tempfile::tempdir().expect("a directory") };
        shell.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tutorial"), &shell.home.path().join(COPY));
        shell.stay(&shell.home.path().join(COPY));
        shell
    }

    /// Types commands, and asserts that they work, or that the last does not.
    pub(crate) fn types(&self, commands: &str, fails: bool) {
        if commands == PREPARATION {
            return;
        }
        let done = self.run(&format!("set -e\n{}", self.marked(&self.names.put_into(commands))));
        assert_eq!(done.status.success(), !fails, "typed: {commands}\n{}\n{}", done.stdout, done.stderr);
        self.wait();
    }

    /// Types a command, and returns what it prints in the words of the page.
    pub(crate) fn asks(&self, command: &str) -> String {
        let done = self.run(&self.names.put_into(command));
        let printed = self.names.put_back(&format!("{}{}", done.stdout, done.stderr));
        printed.replace(&self.home.path().display().to_string(), "~").trim_matches('\n').to_owned()
    }

    /// Runs lines where the last ones have ended.
    fn run(&self, lines: &str) -> Finished {
        let here = self.home.path().join(".here");
        let config = std::env::var("DOCKER_CONFIG")
            .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.docker")))
            .unwrap_or_default();
        let exports = [
            ("HOME", self.home.path().display().to_string()),
            ("DOCKER_CONFIG", config),
            ("ACTOR", image::name().to_owned()),
            ("SERVERS", servers::image::name().expect("an image with servers").to_owned()),
        ];
        let exports = exports.map(|(name, value)| format!("export {name}='{value}'\n")).concat();
        let here = here.display();
        self.stack.engine().shell(&format!("{exports}cd \"$(cat '{here}')\"\ntrap \"pwd >'{here}'\" EXIT\n{lines}"))
    }

    fn stay(&self, directory: &Path) {
        fs::write(self.home.path().join(".here"), directory.display().to_string()).expect("a file");
    }

    /// Commands that make something, so that it carries the labels of the stack.
    fn marked(&self, commands: &str) -> String {
        let labels = self.stack.label_flags().join(" ");
        let mut create = format!("docker network create {labels} ");
        if self.names.are_replaced() {
            create = format!("{create}--subnet {}/28 ", subnet::candidate());
        }
        let mut text = commands.replace("docker run ", &format!("docker run {labels} "));
        text = text.replace("docker network create ", &create);
        if !self.run("command -v docker-compose").status.success() {
            text = text.replace("docker-compose ", "docker compose ");
        }
        text
    }

    /// Copies files, with the names in them and their own replaced, and with the labels of the stack in compose files.
    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a directory");
        for entry in fs::read_dir(from).expect("the files of the tutorial").flatten() {
            let name = self.names.put_into(&entry.file_name().to_string_lossy());
            let target: PathBuf = to.join(name);
            if entry.path().is_dir() {
                self.copy(&entry.path(), &target);
                continue;
            }
            let mut text = self.names.put_into(&fs::read_to_string(entry.path()).expect("a file"));
            let labels = self.stack.compose_labels();
            // In the line that is there, for the patches that dprobe prints count lines.
            for image in ["${ACTOR}", "${SERVERS}"] {
                text = text.replace(&format!("image: {image}"), &format!("<<: {{ image: \"{image}\", {labels} }}"));
            }
            while let Some(at) = text.find(": {}\n") {
                let range = if self.names.are_replaced() {
                    format!(", ipam: {{ config: [ {{ subnet: {}/28 }} ] }}", subnet::candidate())
                } else {
                    String::new()
                };
                text.replace_range(at..at + 4, &format!(": {{ {labels}{range} }}"));
            }
            fs::write(target, text).expect("a file");
        }
    }

    /// Waits until all that has been started can be asked, as it can when a person types the next line.
    fn wait(&self) {
        let labels = self.stack.label_flags();
        for container in docker::lines(&["ps", "-q", "--filter", &format!("label={}", labels[3])]) {
            until("a container to be ready", Duration::from_secs(60), || {
                let inspected = docker::inspect(&container)?;
                let runs = inspected["State"]["Running"] == true;
                let from = inspected["Config"]["Image"].as_str().unwrap_or_default().to_owned();
                let ready = if from.starts_with(servers::image::NAME) {
                    let asked = "test -s /run/nginx.pid || pg_isready -q";
                    docker::docker(["exec", &container, "sh", "-c", asked]).status.success()
                } else {
                    docker::docker(["logs", &container]).stdout.lines().any(|line| line == "ready")
                };
                (ready || !runs).then_some(())
            });
        }
    }
}
