//! Stacks that compose makes.

use std::process::Command;
use std::time::Duration;

use crate::command::{Finished, run};
use crate::docker::{docker, lines};
use crate::stack::{STACK_LABEL, Stack};
use crate::{image, poll, run as made_by, servers, subnet};

/// How long compose may take.
const LIMIT: Duration = Duration::from_secs(150);

/// A compose project of a stack. Its containers and networks carry the stack's labels and go with the stack.
#[derive(Debug)]
pub struct Compose {
    project: String,
    dir: tempfile::TempDir,
}

impl Stack {
    /// A project from the text of a compose file, brought up. In the text
    /// `@actor` stands for the image and the labels of a service, `@servers` for the same with the image of real
    /// [`crate::servers`], `@subnet` for the labels and the subnet of a network, and `@PREFIX` for the prefix of names.
    ///
    /// # Panics
    /// When compose fails, with what it said; and when it needs real servers and there are none
    /// ([`Stack::with_servers`] asks first).
    #[must_use]
    pub fn compose(&self, project: &str, file: &str) -> Compose {
        self.compose_with(project, file, &[])
    }

    /// The same, with files beside the compose file, such as one that a service mounts: name and content.
    ///
    /// # Panics
    /// As [`Stack::compose`].
    #[must_use]
    pub fn compose_with(&self, project: &str, file: &str, beside: &[(&str, &str)]) -> Compose {
        let project = self.unique(project);
        let labels = self.compose_labels();
        let mut text = file
            .replace("@actor", &format!("{{ image: {}, {labels} }}", image::name()))
            .replace("@PREFIX", self.unique("").trim_end_matches('-'));
        if text.contains("@servers") {
            let image = servers::image::name().expect("an image with servers");
            text = text.replace("@servers", &format!("{{ image: {image}, {labels} }}"));
        }
        while text.contains("@subnet") {
            let ipam = format!("ipam: {{ config: [ {{ subnet: {}/28 }} ] }}", subnet::candidate());
            text = text.replacen("@subnet", &format!("{{ {labels}, {ipam} }}"), 1);
        }
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("docker-compose.yml"), text).expect("a file");
        for (name, content) in beside {
            std::fs::write(dir.path().join(name), content).expect("a file");
        }
        let compose = Compose { project, dir };
        compose.run(&["up", "-d"]);
        compose
    }
}

impl Stack {
    /// The stack's labels, as a line of a service or a network in a compose file.
    #[must_use]
    pub fn compose_labels(&self) -> String {
        format!(
            "labels: {{ {}: \"{}\", {STACK_LABEL}: \"{}\" }}",
            made_by::LABEL,
            made_by::id(),
            self.unique("").trim_end_matches('-')
        )
    }
}

impl Compose {
    /// The name of the project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The word for one of its services: `project/service`.
    #[must_use]
    pub fn service(&self, service: &str) -> String {
        format!("{}/{service}", self.project)
    }

    /// Where its compose file is.
    #[must_use]
    pub fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("docker-compose.yml")
    }

    /// Runs a compose command on the project.
    ///
    /// # Panics
    /// When it fails, with what it said.
    pub fn run(&self, args: &[&str]) {
        let done = self.try_run(args);
        assert!(done.status.success(), "compose {args:?} failed: {}", done.stderr);
    }

    /// The container of a service.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn container(&self, service: &str) -> String {
        self.containers(service).into_iter().next().unwrap_or_else(|| panic!("no container of {service}"))
    }

    /// Waits until every container of the project has opened its sockets.
    pub fn wait_until_ready(&self) {
        let project = format!("label=com.docker.compose.project={}", self.project);
        for container in lines(&["ps", "-q", "--filter", &project]) {
            poll::until("a service to be ready", Duration::from_secs(30), || {
                docker(["logs", &container]).stdout.lines().any(|line| line == "ready").then_some(())
            });
        }
    }

    /// Waits until a line of the log of a service has this in it.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for_log(&self, service: &str, text: &str) {
        let container = self.container(service);
        poll::until(&format!("`{text}` in the log of {service}"), Duration::from_secs(60), || {
            let done = docker(["logs", &container]);
            done.stdout.lines().chain(done.stderr.lines()).any(|line| line.contains(text)).then_some(())
        });
    }

    fn containers(&self, service: &str) -> Vec<String> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let service = format!("label=com.docker.compose.service={service}");
        lines(&["ps", "-a", "--filter", &project, "--filter", &service, "--format", "{{.Names}}"])
    }

    /// `docker compose` where it is there, else the `docker-compose` of old.
    fn try_run(&self, args: &[&str]) -> Finished {
        let plugin = docker(["compose", "version"]).status.success();
        let mut command = Command::new(if plugin { "docker" } else { "docker-compose" });
        if plugin {
            command.arg("compose");
        }
        command.args(["-p", &self.project, "-f", "docker-compose.yml"]).args(args).current_dir(self.dir.path());
        run(&mut command, LIMIT)
    }
}
