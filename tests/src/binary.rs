//! The binaries under test: named by the environment, else built when they are older than their sources.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::command::run;

/// How long a build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// The agent's file, in the image and beside the tests.
const AGENT_NAME: &str = "dprobe-agent";

static DPROBE: LazyLock<PathBuf> = LazyLock::new(|| {
    named("DPROBE_BIN").unwrap_or_else(|| {
        let binary = target_dir().join("debug/dprobe");
        built(&binary, &["cli", "agent", "probes"], |cargo| cargo.args(["build", "-p", "dprobe"]))
    })
});

static AGENT: LazyLock<PathBuf> = LazyLock::new(|| {
    named("DPROBE_AGENT_BINARY").unwrap_or_else(|| {
        let _lock = lock("agent.lock");
        let exported =
            run(Command::new(dprobe()).args(["agent", "export", "-o"]).arg(beside("agent.tar")), BUILD_LIMIT);
        assert!(exported.status.success(), "`dprobe agent export` failed: {}", exported.stderr);
        let archive = fs::read(beside("agent.tar")).expect("the exported image");
        let agent = file_of(&archive, AGENT_NAME).expect("an agent in the exported image");
        let binary = beside(AGENT_NAME);
        if fs::read(&binary).ok().as_ref() != Some(&agent) {
            // Under another name first, for the file that is there may be running.
            let fresh = beside("dprobe-agent.new");
            fs::write(&fresh, agent).expect("a file in the target directory");
            fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("a file that may be run");
            fs::rename(&fresh, &binary).expect("a file in the target directory");
        }
        binary
    })
});

/// The `dprobe` binary: `DPROBE_BIN`, or that of the target directory of this test.
#[must_use]
pub fn dprobe() -> &'static Path {
    &DPROBE
}

/// The static agent binary: `DPROBE_AGENT_BINARY`, or the one that the `dprobe` under test carries.
#[must_use]
pub fn agent() -> &'static Path {
    &AGENT
}

/// What lies in the target directory for these tests alone.
fn beside(name: &str) -> PathBuf {
    let dir = target_dir().join("dprobe-tests");
    let _ = fs::create_dir_all(&dir);
    dir.join(name)
}

/// A file of an image: in its archive, or in one of the layers that the archive holds.
fn file_of(archive: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    archive.entries().ok()?.flatten().find_map(|mut entry| {
        let path = entry.path().ok()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).ok()?;
        if path.file_name()? == name { Some(bytes) } else { file_of(&bytes, name) }
    })
}

/// A file of the target directory that only one process at a time has open. Held until it is dropped.
///
/// # Panics
/// When the target directory cannot be written.
#[must_use]
pub fn lock(name: &str) -> File {
    let path = beside(name);
    let file = File::create(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    file.lock().unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

/// The root of the workspace.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace around this crate")
}

/// The target directory that this test was built into: the one above `…/debug/deps/test-0123`, or above `…/debug/program`.
fn target_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let deps = test.ancestors().find(|dir| dir.ends_with("deps"));
    let profile = deps.and_then(Path::parent).or_else(|| test.ancestors().find(|dir| dir.ends_with("debug")));
    profile.and_then(Path::parent).map_or_else(|| workspace().join("target"), Path::to_owned)
}

fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable} names {}, which is no file", path.display());
    Some(path)
}

/// Builds a binary that is missing or older than the sources of the crates it is made from. One process builds, the
/// others wait for it.
fn built(binary: &Path, crates: &[&str], args: impl FnOnce(&mut Command) -> &mut Command) -> PathBuf {
    let _lock = lock("build.lock");
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
