//! The agent of dprobe: reads plans on stdin, runs their probes, and writes what they saw on stdout.
//!
//! It is the only process of its container and runs in a network namespace that belongs to somebody else, so it goes
//! away on every sign that it is no longer wanted: the end of stdin, a closed stdout, a signal, or two minutes in which
//! nobody asks for anything.

mod act;
mod lines;
mod serve;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use dprobe_probes::wire::{Hello, PROTOCOL, Reply};
use tokio::signal::unix::{SignalKind, signal};

/// The name under which the probe loop runs; under every other name the agent plays a server.
const NAME: &str = "dprobe-agent";
/// The argument of an agent that is to use the programs of the host it runs on.
const HOST_ROOT: &str = "host-root";
/// The processes whose root directory is that of the host, beside the first one, which not every machine lets others see.
const ENGINES: [&str; 3] = ["dockerd", "containerd", "podman"];
/// The environment variable that changes the time after which an agent that is not asked for anything ends.
const IDLE_VARIABLE: &str = "DPROBE_AGENT_IDLE_MS";
/// That time where the variable does not say.
const IDLE: Duration = Duration::from_secs(120);
/// How long the last lines may take to be read once the agent ends.
const LAST_WORDS: Duration = Duration::from_millis(250);

fn main() -> ExitCode {
    if plays() {
        act::main();
        return ExitCode::SUCCESS;
    }
    if env::args_os().nth(1).as_deref() == Some(OsStr::new(HOST_ROOT)) && move_to_host().is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let ended = runtime.block_on(run());
    // A probe that blocks in the kernel must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Whether this process is asked to play a server rather than to probe.
fn plays() -> bool {
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    let own_name = Path::new(&name).file_name().is_none_or(|name| name == NAME);
    !own_name || arguments.next().as_deref() == Some(OsStr::new("act"))
}

/// Moves to the root directory of the host, as a container sees it that shares the host's processes.
fn move_to_host() -> std::io::Result<()> {
    let is_engine = |process: &PathBuf| {
        let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        ENGINES.contains(&name.trim())
    };
    let processes = std::fs::read_dir("/proc")?.flatten().map(|entry| entry.path());
    let candidates = [PathBuf::from("/proc/1")].into_iter().chain(processes.filter(is_engine));
    let mut moved = Err(std::io::ErrorKind::NotFound.into());
    for process in candidates {
        moved = std::os::unix::fs::chroot(process.join("root"));
        if moved.is_ok() {
            break;
        }
    }
    moved.and_then(|()| env::set_current_dir("/"))
}

async fn run() -> ExitCode {
    // The kernel gives the first process of a container no default action for signals.
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return ExitCode::FAILURE;
    };
    let mut requests = lines::requests();
    let (replies, mut written) = lines::replies();
    let hello = Hello { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
    if replies.send(Reply::Hello(hello)).await.is_ok() {
        tokio::select! {
            () = serve::serve(&mut requests, &replies, idle()) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    drop(replies);
    // What is told already should arrive, but a reader who went away must not keep the agent.
    let _ = tokio::time::timeout(LAST_WORDS, written.recv()).await;
    ExitCode::SUCCESS
}

fn idle() -> Duration {
    let wanted = env::var(IDLE_VARIABLE).ok().and_then(|text| text.parse().ok());
    wanted.map_or(IDLE, Duration::from_millis)
}
