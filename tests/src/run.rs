//! Who made what: the label that everything carries, and the sweep of what killed processes left behind.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{LazyLock, Once};

use crate::docker::{docker, lines};

/// The label on everything that is made here. Its value is [`id`].
pub const LABEL: &str = "io.dprobe.tests";

static ID: LazyLock<String> = LazyLock::new(|| {
    let start = start_time("self").expect("/proc/self/stat");
    format!("{}.{start}.{}", std::process::id(), pid_namespace().expect("/proc/self/ns/pid"))
});

/// This process, so that no later one is taken for it: its id, when it was started (in clock ticks since boot, field 22
/// of proc(5) stat) and the namespace in which that id means something.
#[must_use]
pub fn id() -> &'static str {
    &ID
}

/// `--label` and its value, for commands that make something.
#[must_use]
pub fn label_flags() -> [String; 2] {
    ["--label".to_owned(), format!("{LABEL}={}", id())]
}

/// Removes, once in this process, the containers and networks of test processes that are no more. Nothing else.
///
/// # Panics
/// When there is no engine, with what to do about it.
pub fn sweep() {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| {
        let version = docker(["version", "--format", "{{.Server.Version}}"]);
        assert!(
            version.status.success(),
            "these tests need a Docker Engine on this machine, and `docker version` says:\n{}\nInstall it \
             (https://docs.docker.com/engine/install/), start it (`sudo systemctl start docker`) and see that your user \
             may use it (`sudo usermod -aG docker $USER`, then log in again).",
            version.stderr.trim()
        );
        let filter = format!("label={LABEL}");
        let format = format!("{{{{.ID}}}} {{{{.Label \"{LABEL}\"}}}}");
        let dead = |line: &String| line.split_once(' ').filter(|(_, run)| is_dead(run)).map(|(id, _)| id.to_owned());
        let containers = lines(&["ps", "-a", "--filter", &filter, "--format", &format]);
        for container in containers.iter().filter_map(dead) {
            // Another process may sweep the same at this moment.
            let _ = docker(["rm", "-fv", &container]);
        }
        for network in lines(&["network", "ls", "--filter", &filter, "--format", &format]).iter().filter_map(dead) {
            let _ = docker(["network", "rm", &network]);
        }
    });
}

/// Whether a label's process is gone. One that cannot be judged from here counts as alive.
pub(crate) fn is_dead(run: &str) -> bool {
    let mut parts = run.split('.');
    let (Some(pid), Some(start), Some(namespace)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    pid_namespace().is_some_and(|own| own.to_string() == namespace) && start_time(pid).as_deref() != Some(start)
}

fn pid_namespace() -> Option<u64> {
    fs::metadata("/proc/self/ns/pid").ok().map(|namespace| namespace.ino())
}

/// When a process was started; none where there is no such process.
fn start_time(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything; the third follows the last of them.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_an_impostor_does_not() {
        assert!(!is_dead(id()));
        let (pid, rest) = id().split_once('.').expect("parts");
        let (_, namespace) = rest.split_once('.').expect("parts");
        assert!(is_dead(&format!("{pid}.1.{namespace}")), "the same id, started at another time");
        assert!(is_dead(&format!("4194305.1.{namespace}")), "beyond the largest process id");
        assert!(!is_dead(&format!("{pid}.1.7")), "of another namespace");
        assert!(!is_dead("something else"));
    }
}
