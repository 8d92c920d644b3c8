//! The agents of this process, and the promise that none of them outlives it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::address::Address;

/// What the reaper is told in its first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) address: Address,
    pub(super) session: String,
}

/// What the reaper is told at the end, where nothing is left to do.
pub(super) const CLEAN: &[u8] = b"clean\n";

/// The first argument of the reaper.
pub const REAP: &str = "__reap";

/// The agents of one [`super::Engine`].
#[derive(Clone)]
pub(super) struct Agents(Arc<Session>);

struct Session {
    id: String,
    address: Address,
    program: PathBuf,
    reaper: OnceCell<Option<Reaper>>,
    count: AtomicU64,
    /// How many containers may exist that are not known to end by themselves.
    outstanding: AtomicUsize,
}

impl Agents {
    /// `program` is started as the reaper.
    pub(super) fn new(address: Address, program: PathBuf) -> Self {
        Self(Arc::new(Session {
            id: random(),
            address,
            program,
            reaper: OnceCell::new(),
            count: AtomicU64::new(0),
            outstanding: AtomicUsize::new(0),
        }))
    }

    /// The value of the session label.
    pub(super) fn session(&self) -> &str {
        &self.0.id
    }

    /// The engine they run on.
    pub(super) fn address(&self) -> &Address {
        &self.0.address
    }

    /// To be called before a container is created. Starts the reaper before the first one.
    pub(super) async fn create(&self) -> Outstanding {
        self.0.reaper.get_or_init(|| async { Reaper::spawn(&self.0) }).await;
        self.0.outstanding.fetch_add(1, Ordering::SeqCst);
        let number = self.0.count.fetch_add(1, Ordering::Relaxed);
        Outstanding { name: format!("dprobe-agent-{}-{number}", self.0.id), agents: self.clone() }
    }
}

/// A container that may exist. Dropped without having been settled, it is left to the reaper.
pub(super) struct Outstanding {
    name: String,
    agents: Agents,
}

impl Outstanding {
    /// The name that the container is to have.
    pub(super) fn container_name(&self) -> String {
        self.name.clone()
    }

    /// It is gone, or ends by itself.
    pub(super) fn settled(self) {
        self.agents.0.outstanding.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.outstanding.load(Ordering::SeqCst) > 0 {
            return;
        }
        if let Some(Some(reaper)) = self.reaper.get() {
            reaper.dismiss();
        }
    }
}

/// A process that waits for this one to end, however it ends, and then removes the agents that are left.
struct Reaper {
    pipe: Mutex<ChildStdin>,
    _child: Child,
}

impl Reaper {
    /// Starts it in a process group of its own, so that a Ctrl-C at the terminal does not reach it. A machine that cannot
    /// start it can still check.
    fn spawn(session: &Session) -> Option<Self> {
        use std::os::unix::process::CommandExt;

        let spawned = Command::new(&session.program)
            .arg0("dprobe")
            .arg(REAP)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.inspect_err(|error| tracing::warn!(%error, "there is no reaper")).ok()?;
        let mut pipe = child.stdin.take()?;
        let orders = Orders { address: session.address.clone(), session: session.id.clone() };
        let mut line = serde_json::to_vec(&orders).ok()?;
        line.push(b'\n');
        pipe.write_all(&line).ok()?;
        Some(Self { pipe: Mutex::new(pipe), _child: child })
    }

    fn dismiss(&self) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = pipe.write_all(CLEAN);
    }
}

/// 16 hexadecimal digits that no other process has.
fn random() -> String {
    use std::hash::{BuildHasher, Hasher};

    // The standard library seeds each of these from the operating system.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

/// The program that is started as the reaper: this one, even if its file has been replaced meanwhile.
pub(super) fn own_program() -> PathBuf {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() { link } else { std::env::current_exe().unwrap_or(link) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_do_not_share_an_id() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert!(one.len() == 16 && one.chars().all(|c| c.is_ascii_hexdigit()), "{one}");
    }
}
