//! Labs that form a swarm.

use std::time::Duration;

use super::Lab;
use crate::poll;

/// How long the swarm may take to follow.
const LIMIT: Duration = Duration::from_secs(60);

impl Lab {
    /// Two that form a swarm: a manager and a worker.
    #[must_use]
    pub fn swarm() -> Option<[Self; 2]> {
        let [manager, worker] = Self::pair()?;
        manager.init_swarm();
        let token = manager.docker(["swarm", "join-token", "-q", "worker"]);
        worker.docker(["swarm", "join", "--token", &token, &format!("{}:2377", manager.address())]);
        poll::until("both nodes to be ready", LIMIT, || {
            let nodes = manager.engine().lines(&["node", "ls", "--format", "{{.Status}}"]);
            (nodes == ["Ready", "Ready"]).then_some(())
        });
        Some([manager, worker])
    }

    /// Makes it the first manager of a swarm.
    pub fn init_swarm(&self) {
        self.docker(["swarm", "init", "--advertise-addr", &self.address().to_string()]);
    }

    /// An overlay network that takes containers that are started by hand, too.
    pub fn overlay(&self, name: &str) {
        self.docker(["network", "create", "--driver", "overlay", "--attachable", name]);
    }

    /// Makes a service of the actor and does not wait for its tasks. `flags` are those of `docker service create`.
    pub fn service(&self, name: &str, flags: &[&str], argv: &[&str]) {
        // There is no registry to ask for the image.
        let create = ["service", "create", "--detach", "--no-resolve-image", "--name", name];
        self.docker(create.iter().chain(flags).chain(&[self.engine().image()]).chain(argv));
    }

    /// Deploys a stack from the text of its file, in which `@actor` stands for the image.
    pub fn deploy(&self, stack: &str, file: &str) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("stack.yml");
        std::fs::write(&path, file.replace("@actor", self.engine().image())).expect("a file");
        let path = path.display().to_string();
        self.docker(["stack", "deploy", "--resolve-image", "never", "--compose-file", &path, stack]);
    }

    /// Waits until so many tasks of a service run.
    pub fn wait_for_tasks(&self, service: &str, count: usize) {
        poll::until(&format!("{count} tasks of {service}"), LIMIT, || {
            let running =
                ["service", "ps", service, "--filter", "desired-state=running", "--format", "{{.CurrentState}}"];
            let states = self.engine().lines(&running);
            (states.iter().filter(|state| state.starts_with("Running")).count() == count).then_some(())
        });
    }

    /// Waits until its node has heard, or no longer hears, of somebody on an overlay network.
    pub fn wait_to_hear(&self, network: &str, name: &str, heard: bool) {
        poll::until(&format!("news of {name}"), LIMIT, || {
            let told = self.docker(["network", "inspect", "--verbose", network]);
            (told.contains(&format!("\"{name}")) == heard).then_some(())
        });
    }
}
