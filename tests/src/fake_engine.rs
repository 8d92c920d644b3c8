//! Something on a socket that speaks as an engine would, for engines that cannot be had here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A socket that gives one answer to every request.
#[derive(Debug)]
pub struct FakeEngine {
    dir: tempfile::TempDir,
}

impl FakeEngine {
    /// Answers every request with these bytes.
    ///
    /// # Panics
    /// When no socket can be made in the directory for temporary files.
    #[must_use]
    pub fn saying(reply: impl Into<Vec<u8>>) -> Self {
        let reply = reply.into();
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("docker.sock")).expect("a socket");
        // The thread ends with the process: an engine's socket has no polite end either.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let reply = reply.clone();
                thread::spawn(move || serve(stream, &reply));
            }
        });
        Self { dir }
    }

    /// Answers with this status, these headers (each with its line end) and this body.
    #[must_use]
    pub fn answering(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::saying(format!(
            "HTTP/1.1 {status}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    /// Where the socket is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }

    /// The value for `DOCKER_HOST`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.path().display())
    }
}

/// One connection: an answer for each head of a request.
fn serve(stream: UnixStream, reply: &[u8]) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let Ok(mut writer) = stream.try_clone() else { return };
    for line in BufReader::new(stream).lines() {
        match line {
            Ok(line) if line.is_empty() && writer.write_all(reply).is_ok() => {}
            Ok(line) if !line.is_empty() => {}
            _ => return,
        }
    }
}
