//! The binaries under test: named by the environment, else built when they are older than their sources.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::command::run;

/// How long a build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

static DPROBE: LazyLock<PathBuf> = LazyLock::new(|| {
    named("DPROBE_BIN").unwrap_or_else(|| {
        let binary = target_dir().join("debug/dprobe");
        built(&binary, &["cli", "agent", "probes"], |cargo| cargo.args(["build", "-p", "dprobe"]))
    })
});

static AGENT: LazyLock<PathBuf> = LazyLock::new(|| {
    named("DPROBE_AGENT_BINARY").unwrap_or_else(|| {
        static_agent("musl")
            .or_else(|| static_agent("gnu"))
            .expect("a static agent: `rustup target add` the musl target")
    })
});

/// The `dprobe` binary: `DPROBE_BIN`, or that of the target directory of this test.
#[must_use]
pub fn dprobe() -> &'static Path {
    &DPROBE
}

/// The static agent binary: `DPROBE_AGENT_BINARY`, or one built for musl or static glibc.
#[must_use]
pub fn agent() -> &'static Path {
    &AGENT
}

/// A file of the target directory that only one process at a time has open. Held until it is dropped.
///
/// # Panics
/// When the target directory cannot be written.
#[must_use]
pub fn lock(name: &str) -> File {
    let path = target_dir().join(name);
    let file = File::create(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    file.lock().unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

/// The root of the workspace.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace around this crate")
}

/// The target directory that this test was built into: the one above `…/debug/deps/test-0123`.
fn target_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().find(|dir| dir.ends_with("deps")).and_then(Path::parent);
    profile.and_then(Path::parent).map_or_else(|| workspace().join("target"), Path::to_owned)
}

fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable} names {}, which is no file", path.display());
    Some(path)
}

/// The agent for a C library, where its target is installed.
fn static_agent(libc: &str) -> Option<PathBuf> {
    let triple = format!("{}-unknown-linux-{libc}", std::env::consts::ARCH);
    if libc == "musl" && !is_installed(&triple) {
        return None;
    }
    let binary = target_dir().join(&triple).join("agent/dprobe-agent");
    Some(built(&binary, &["agent", "probes"], |cargo| {
        if libc == "gnu" {
            cargo.env("RUSTFLAGS", "-C target-feature=+crt-static");
        }
        // A crate with C code wants a compiler for the target; the host's own does where there is no musl-gcc.
        cargo.env(format!("CC_{}", triple.replace('-', "_")), "gcc");
        cargo.args(["build", "-p", "dprobe-agent", "--profile", "agent", "--target", &triple])
    }))
}

fn is_installed(triple: &str) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let done = run(rustc.args(["--print", "target-libdir", "--target", triple]), BUILD_LIMIT);
    done.status.success() && Path::new(done.stdout.trim()).is_dir()
}

/// Builds a binary that is missing or older than the sources of the crates it is made from. One process builds, the
/// others wait for it.
fn built(binary: &Path, crates: &[&str], args: impl FnOnce(&mut Command) -> &mut Command) -> PathBuf {
    let _lock = lock(".dprobe-tests-build.lock");
    let root = workspace();
    let mut newest = modified(&root.join("Cargo.lock"));
    for name in crates {
        newest = newest.max(modified(&root.join(name).join("Cargo.toml"))).max(newest_in(&root.join(name).join("src")));
        newest = newest.max(modified(&root.join(name).join("build.rs")));
    }
    if modified(binary) <= newest {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        args(cargo.current_dir(root)).arg("--target-dir").arg(target_dir());
        let done = run(&mut cargo, BUILD_LIMIT);
        assert!(done.status.success(), "cannot build {}:\n{}", binary.display(), done.stderr);
        // Cargo leaves the file alone when only comments or times changed; its age is what is looked at next time.
        let file = File::open(binary).unwrap_or_else(|error| panic!("no {} was built: {error}", binary.display()));
        let _ = file.set_modified(SystemTime::now());
    }
    binary.to_owned()
}

/// When a file was changed last; the beginning of time where there is none.
fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The latest change below a directory.
fn newest_in(dir: &Path) -> SystemTime {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| if entry.path().is_dir() { newest_in(&entry.path()) } else { modified(&entry.path()) })
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
