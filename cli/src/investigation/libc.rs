//! Which C library the programs of a container use, told by what lies in its file system.

use dprobe_probes::wire::Observation;

use crate::diagnosis::Case;
use crate::engine::Engine;
use crate::investigation::look::Pair;
use crate::topology::{Libc, Topology};

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
