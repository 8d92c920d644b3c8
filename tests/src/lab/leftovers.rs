//! What a lab leaves on this machine when its processes are gone, and the sweep of what killed runs left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::PREFIX;
use crate::command::run as run_command;
use crate::run;

/// Where the kernel shows control groups: one hierarchy here (v2), or one in each directory here (v1). cgroups(7).
const CGROUPS: &str = "/sys/fs/cgroup";

/// The one child of a process; none where it has none (any more). proc(5), `/proc/PID/task/TID/children`.
pub(super) fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Kills one process.
pub(super) fn kill(pid: u32) {
    let _ = run_command(Command::new("kill").args(["-KILL", &pid.to_string()]), Duration::from_secs(5));
}

/// Removes the control groups and the directory of a lab whose processes have ended.
pub(super) fn remove(name: &str, dir: &Path) {
    let hierarchies = fs::read_dir(CGROUPS).into_iter().flatten().flatten().map(|entry| entry.path());
    for hierarchy in hierarchies.chain([PathBuf::from(CGROUPS)]) {
        let group = hierarchy.join(name);
        // The kernel lets go of a dead process' group a moment later.
        for _ in 0..100 {
            remove_group(&group);
            if !group.exists() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    let _ = fs::remove_dir_all(dir);
}

/// Removes a control group with all below it. They hold directories and files of the kernel's, which go with them.
fn remove_group(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().flatten() {
        // A link would be of the hierarchies themselves (`cpu -> cpu,cpuacct`).
        if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&inner.path());
        }
    }
    let _ = fs::remove_dir(group);
}

/// Removes labs of processes that are no more. Their own processes ended with them, but for one whose file says otherwise.
pub(super) fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let (name, dir) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let made_by = name.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('-')).map(|(made_by, _)| made_by);
        if !made_by.is_some_and(run::is_dead) {
            continue;
        }
        let init = fs::read_to_string(dir.join("init.pid")).ok().and_then(|pid| pid.trim().parse().ok());
        if let Some(init) = init.filter(|&init| is_of(init, &dir)) {
            kill(init);
        }
        remove(&name, &dir);
    }
}

/// Whether a process was started for the lab with this directory, and not another one that has got its number.
fn is_of(pid: u32, dir: &Path) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let wanted = format!("DIR={}", dir.display());
    environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
}
