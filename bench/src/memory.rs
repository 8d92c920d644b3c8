//! The most memory that a process had (`VmHWM` of proc(5)).

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::Result;
use crate::stage::Stage;

/// The peak of a process of this name, in bytes, so far; none where there is no such process here, or it is over.
pub(crate) fn peak(pid: &str, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |wanted: &str| {
        let value = |line: &str| line.strip_prefix(wanted)?.strip_prefix(':').map(|value| value.trim().to_owned());
        status.lines().find_map(value)
    };
    if field("Name")? != name {
        return None;
    }
    let kibibytes: u64 = field("VmHWM")?.strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The peak of a healthy check. It is looked at again and again, for nothing of it is left when the process is over.
pub(crate) fn of_check(stage: &Stage) -> Result<Option<u64>> {
    let mut command = stage.check_command("mongodb:27017");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let pid = child.id().to_string();
    let mut most = None;
    while child.try_wait()?.is_none() {
        most = most.max(peak(&pid, "dprobe"));
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_this_process_is_known_and_that_of_another_name_is_not() {
        let own = fs::read_to_string("/proc/self/comm").expect("a name");
        let bytes = peak("self", own.trim()).expect("a peak");
        assert!(bytes > 100_000 && bytes < 10_000_000_000, "{bytes}");
        assert_eq!(peak("self", "somebody else"), None);
        assert_eq!(peak("4194305", own.trim()), None, "beyond the largest process id");
    }
}
