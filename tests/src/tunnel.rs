//! The end of a tunnel: a socket on this machine behind which an engine answers that may be anywhere.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;

use crate::docker::Engine;

/// A socket that hands everything on to an engine's own socket. Nothing can be told of the engine's machine from it.
#[derive(Debug)]
pub struct Tunnel {
    dir: tempfile::TempDir,
}

impl Tunnel {
    /// Leads to an engine that has its socket on this machine.
    ///
    /// # Panics
    /// When no socket can be made in the directory for temporary files.
    #[must_use]
    pub fn to(engine: &Engine) -> Self {
        let address = engine.address().unwrap_or("unix:///var/run/docker.sock");
        let socket = PathBuf::from(address.trim_start_matches("unix://"));
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("docker.sock")).expect("a socket");
        // The thread ends with the process.
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if let Ok(far) = UnixStream::connect(&socket) {
                    hand_on(&near, &far);
                }
            }
        });
        Self { dir }
    }

    /// The value for `DOCKER_HOST`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }
}

/// Copies in both directions until either side has ended.
fn hand_on(near: &UnixStream, far: &UnixStream) {
    for (from, to) in [(near, far), (far, near)] {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}
