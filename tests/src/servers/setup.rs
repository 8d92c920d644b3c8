//! What a container of a server is made of, and how one knows that the server is there.

use std::time::Duration;

use super::certificates::Pair;
use crate::command::wait;
use crate::container::Container;
use crate::docker::Engine;
use crate::poll;

/// How long a server may take to start, with others that do the same.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);

/// Where servers find their certificate, and those that may have been used to sign it.
pub(super) const CHAIN: &str = "/etc/ssl/certs/server.pem";

/// Where they find its private key.
pub(super) const KEY: &str = "/etc/ssl/server.key";

/// A server with its configuration.
pub trait Server {
    /// What its container is made of.
    fn setup(&self) -> Setup;
}

/// What a container is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The user of the image that it runs as; root where there is none.
    pub user: Option<&'static str>,
    /// Files that are put into it before it starts.
    pub files: Vec<File>,
    /// When it is ready.
    pub ready: Ready,
}

impl Setup {
    /// A program with its arguments, which is ready when it listens on this port.
    pub fn new<'a>(port: u16, argv: impl IntoIterator<Item = &'a str>) -> Self {
        let argv = argv.into_iter().map(ToOwned::to_owned).collect();
        Self { argv, user: None, files: Vec::new(), ready: Ready::Listens(port) }
    }

    /// More arguments.
    #[must_use]
    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.argv.extend(args.into_iter().map(ToOwned::to_owned));
        self
    }

    /// A file more, for everybody to read.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push(File::new(path, content));
        self
    }

    /// Its certificate, as [`CHAIN`], and the key to it, as [`KEY`].
    pub(super) fn pair(self, pair: &Pair) -> Self {
        self.file(CHAIN, pair.chain.as_str()).file(KEY, pair.key.as_str())
    }

    /// Another sign that it is ready.
    #[must_use]
    pub fn ready(self, ready: Ready) -> Self {
        Self { ready, ..self }
    }

    /// Another user than root.
    #[must_use]
    pub fn user(self, user: &'static str) -> Self {
        Self { user: Some(user), ..self }
    }
}

/// A file of a container. Its directory has to be in the image; one that is made for it is root's alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    path: String,
    content: Vec<u8>,
    /// The mode, as in chmod(2).
    mode: u32,
    /// The number of its user and group.
    owner: u64,
}

impl File {
    /// A file of root's that everybody can read.
    pub fn new(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content: content.into(), mode: 0o644, owner: 0 }
    }

    /// The same for its owner alone, given by number.
    #[must_use]
    pub fn only_for(self, owner: u64) -> Self {
        Self { mode: 0o600, owner, ..self }
    }
}

/// The sign that a server is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// There is nothing to wait for.
    AtOnce,
    /// This is in a line of its log.
    Says(String),
    /// A socket of its network namespace listens on this TCP port, on whatever address.
    Listens(u16),
}

impl Ready {
    /// Waits for it.
    ///
    /// # Panics
    /// When it does not come, or the container ends before, with its log.
    pub(crate) fn wait_for(&self, container: &Container) {
        match self {
            Self::AtOnce => {}
            Self::Says(text) => container.wait_for_log(text),
            Self::Listens(port) => poll::until(&format!("port {port} of {container}"), START_LIMIT, || {
                let sockets = container.exec(&["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
                assert!(container.is_running(), "{container} has ended:\n{}", container.log());
                listens(&sockets.stdout, *port).then_some(())
            }),
        }
    }
}

/// Whether one of the sockets in `/proc/net/tcp` listens on a port. proc(5): the local address is the second field, its
/// port in hexadecimal behind the last colon; the state is the fourth, and 0A is LISTEN.
fn listens(sockets: &str, port: u16) -> bool {
    let port = format!(":{port:04X}");
    sockets.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&port)) && fields.nth(1) == Some("0A")
    })
}

/// Puts files into a container, whether it runs or not.
///
/// # Panics
/// When the engine does not take them.
pub(crate) fn put(engine: &Engine, container: &str, files: &[File]) {
    use std::io::Write as _;
    use std::process::Stdio;
    if files.is_empty() {
        return;
    }
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(file.owner);
        header.set_gid(file.owner);
        let path = file.path.trim_start_matches('/');
        archive.append_data(&mut header, path, file.content.as_slice()).expect("a tar in memory");
    }
    let archive = archive.into_inner().expect("a tar in memory");
    let mut copy = engine.command();
    copy.args(["cp", "-", &format!("{container}:/")]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut copy = copy.spawn().expect("docker");
    copy.stdin.take().expect("its stdin").write_all(&archive).expect("docker reads the files");
    let status = wait(&mut copy, START_LIMIT).expect("`docker cp` ends");
    assert!(status.success(), "`docker cp` into {container} failed: {status}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_listens() {
        let sockets = "  sl  local_address rem_address   st tx_queue\n   0: 0100007F:1538 00000000:0000 0A 0:0\n   \
                       1: 020011AC:1F90 020011AC:9992 06 0:0\n";
        assert!(listens(sockets, 5432));
        assert!(!listens(sockets, 8080), "it is in TIME_WAIT");
        assert!(!listens(sockets, 80));
    }
}
