//! Which C library the programs of a container use, told by what lies in its file system.

use dprobe_probes::text::printable;
use dprobe_probes::wire::Observation;

use crate::diagnosis::Case;
use crate::engine::Engine;
use crate::investigation::look::Pair;
use crate::topology::{Container, Libc, Topology};

/// What each of them has and the others have not. Alpine comes first, for its `gcompat` brings the loader of glibc along.
const SIGNS: [(&str, Libc); 6] = [
    ("/etc/alpine-release", Libc::Musl),
    ("/lib64/ld-linux-x86-64.so.2", Libc::Glibc),
    ("/lib/ld-linux-aarch64.so.1", Libc::Glibc),
    ("/lib/ld-linux-armhf.so.3", Libc::Glibc),
    ("/lib/ld-musl-x86_64.so.1", Libc::Musl),
    ("/lib/ld-musl-aarch64.so.1", Libc::Musl),
];

/// That a file is there is all that matters.
const MAX_BYTES: usize = 64;

/// Where glibc is told where to look names up, and how much of it is read.
const NSSWITCH: &str = "/etc/nsswitch.conf";
const NSSWITCH_BYTES: usize = 8 * 1024;

/// Reads where the sources look names up, where they did so in vain.
pub(super) async fn read_name_sources(
    engine: &Engine,
    pairs: &[Pair],
    topology: &mut Topology,
    observations: &[Observation],
) {
    let failed = |pair: &&Pair| Case::new(&pair.from, &pair.to, topology, observations).name_failed();
    let mut names: Vec<String> = pairs.iter().filter(failed).filter_map(|pair| pair.from.container.clone()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let unread = |container: &&mut Container| container.name_sources.is_none();
        let Some(container) = topology.containers.get_mut(&name).filter(unread) else { continue };
        if let Ok(Some(bytes)) = engine.read_file(&container.id, NSSWITCH, NSSWITCH_BYTES).await {
            container.name_sources = hosts_line(&String::from_utf8_lossy(&bytes));
        }
    }
}

/// The words of the line for hosts (nsswitch.conf(5)).
fn hosts_line(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let words = lines.filter_map(|line| line.strip_prefix("hosts:")).next_back()?;
    Some(words.split_whitespace().take(16).map(|word| printable(word.as_bytes(), 40)).collect())
}

/// Reads the library of the sources, where glibc and musl would come to different ends.
pub(super) async fn read(engine: &Engine, pairs: &[Pair], topology: &mut Topology, observations: &[Observation]) {
    let differ = |pair: &&Pair| Case::new(&pair.from, &pair.to, topology, observations).walks_differ();
    let mut names: Vec<&String> = pairs.iter().filter(differ).filter_map(|pair| pair.from.container.as_ref()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let Some(container) = topology.containers.get_mut(name).filter(|container| container.libc.is_none()) else {
            continue;
        };
        for (path, libc) in SIGNS {
            // An engine that does not hand out a file leaves the matter open.
            if let Ok(Some(_)) = engine.read_file(&container.id, path, MAX_BYTES).await {
                container.libc = Some(libc);
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_hosts_is_taken_apart() {
        let text = "passwd: files\n# hosts: x\nhosts:  files mdns4_minimal [NOTFOUND=return] dns # usual\n";
        assert_eq!(hosts_line(text).expect("a line"), ["files", "mdns4_minimal", "[NOTFOUND=return]", "dns"]);
        assert_eq!(hosts_line("passwd: files\n"), None);
        assert_eq!(hosts_line("hosts:").expect("a line"), Vec::<String>::new());
    }
}
