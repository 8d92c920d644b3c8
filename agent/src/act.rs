//! The actor: a small server inside the agent binary that plays the programs of `dprobe demo` and of the tests, so
//! that neither needs an image from anywhere.
//!
//! ```text
//! dprobe-agent act SPEC...        what each SPEC says, see `spec`
//! mongod --bind_ip_all            by the name it was started under, see `program`
//! ```
//!
//! It prints one line for each socket it opens (`listening on tcp 0.0.0.0:80`) and `ready` when all that need no delay
//! are open. It ends at once on SIGTERM and SIGINT, also as the first process of a container.

mod dns;
mod kafka;
mod mongodb;
mod program;
mod serve;
mod spec;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};

use spec::{Part, Spec};

/// The name of the agent's binary; under any other name it plays the program of that name.
const AGENT: &str = "dprobe-agent";

/// Plays what the command line says, and does not come back: it ends with the exit code of the play.
pub(crate) fn main() {
    std::process::exit(match run() {
        Ok(code) => code,
        Err(reason) => {
            say(&format!("error: {reason}"));
            1
        }
    })
}

/// Reads the command line and plays it to its end.
fn run() -> Result<i32, String> {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let started_as = args.next().unwrap_or_default();
    let name = Path::new(&started_as).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let specs = match rest.split_first() {
        Some((act, specs)) if name == AGENT && act == "act" => specs.iter().map(|spec| Spec::parse(spec)).collect(),
        _ => program::specs(&name, &rest),
    }?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(play(specs))
}

/// Opens every socket, then waits for a signal, for the end of an `exit` part or for a socket that fails.
async fn play(specs: Vec<Spec>) -> Result<i32, String> {
    // Before anything else: the kernel drops a signal that the first process of a container has no handler for.
    let mut term = signal(SignalKind::terminate()).map_err(|error| format!("cannot handle SIGTERM: {error}"))?;
    let mut int = signal(SignalKind::interrupt()).map_err(|error| format!("cannot handle SIGINT: {error}"))?;

    let mut exit: Option<(i32, Duration)> = None;
    let mut later = tokio::task::JoinSet::new();
    for Spec { part, delay } in specs {
        match part {
            Part::Print(text) => say(&text),
            Part::Exit(code) => exit = Some((code, delay)),
            Part::Dial(address) => return Ok(dial(address).await),
            Part::Listen(play) if delay.is_zero() => {
                for socket in serve::open(&play)? {
                    later.spawn(serve::run(socket, play.manner.clone()));
                }
            }
            Part::Listen(play) => {
                later.spawn(async move {
                    tokio::time::sleep(delay).await;
                    let mut sockets = tokio::task::JoinSet::new();
                    for socket in serve::open(&play)? {
                        sockets.spawn(serve::run(socket, play.manner.clone()));
                    }
                    sockets.join_all().await.into_iter().collect()
                });
            }
        }
    }
    say("ready");

    let ended = async {
        match exit {
            Some((code, after)) => {
                tokio::time::sleep(after).await;
                code
            }
            None => std::future::pending().await,
        }
    };
    let failed = async {
        while let Some(joined) = later.join_next().await {
            if let Ok(Err(reason)) = joined {
                return reason;
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        _ = term.recv() => Ok(0),
        _ = int.recv() => Ok(0),
        code = ended => Ok(code),
        reason = failed => Err(reason),
    }
}

/// Connects once and says what came of it; 0 when it worked.
async fn dial(address: SocketAddr) -> i32 {
    match TcpStream::connect(address).await {
        Ok(_) => {
            say(&format!("connected to {address}"));
            0
        }
        Err(error) => {
            say(&format!("cannot connect to {address}: {error}"));
            1
        }
    }
}

/// Writes one line to the log. A log that is gone is no reason to end.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
