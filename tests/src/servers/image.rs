//! The image with real servers, made once on the engine of this machine from the packages of Debian.
//!
//! Its recipe is the `Dockerfile` beside this file. What that starts from comes from `debootstrap`, where the tests run as
//! root and have it, for then neither a registry nor an account there is needed; else from Docker's registry.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::apt;
use crate::command::{Finished, run, run_with};
use crate::docker::Engine;
use crate::{binary, run as made_by};

/// The name of the image without its tag, which tells the recipe.
pub const NAME: &str = "dprobe-tests-servers";

/// The image of Debian that is taken where there is no `debootstrap`.
const SLIM: &str = "debian:bookworm-slim";

/// The release of Debian.
pub(super) const SUITE: &str = "bookworm";

const RECIPE: &str = include_str!("Dockerfile");

/// Packages come over the network, and every file of them is written.
const LIMIT: Duration = Duration::from_secs(900);

static TAG: LazyLock<String> = LazyLock::new(|| {
    let hash = Sha256::new().chain_update(RECIPE).finalize();
    format!("{NAME}:{}", &format!("{hash:x}")[..12])
});

static MADE: LazyLock<Option<&'static str>> = LazyLock::new(|| {
    let engine = Engine::of_this_machine();
    let _lock = binary::lock("servers.lock");
    if engine.docker(["image", "inspect", &TAG]).status.success() {
        return Some(&TAG);
    }
    match make(&engine) {
        Ok(()) => {
            let ours = format!("label={}=servers", made_by::LABEL);
            // Images of earlier recipes that nothing uses any more.
            let _ = engine.docker(["image", "prune", "-af", "--filter", &ours, "--filter", "until=24h"]);
            Some(&TAG)
        }
        Err(why) => {
            note(&format!("there is no image of real servers, so their tests pass without having looked: {why}"));
            None
        }
    }
});

/// The image's name. It is made on the engine of this machine on first use; processes that want it at the same time wait
/// for the first of them. None where it cannot be made, with a note on stderr that says why and what to type.
#[must_use]
pub fn name() -> Option<&'static str> {
    *LazyLock::force(&MADE)
}

/// Tells whoever runs the tests.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// Makes the image; the error is for people.
fn make(engine: &Engine) -> Result<(), String> {
    let base = base(engine)?;
    note("real servers are installed from Debian's packages; this takes two minutes or so, once");
    let context = tempfile::tempdir().map_err(|error| error.to_string())?;
    std::fs::write(context.path().join("Dockerfile"), RECIPE).map_err(|error| error.to_string())?;
    let mut build = engine.command();
    build.args(["build", "--quiet", "--network", "host", "--tag", &TAG]);
    build.args(["--label", &format!("{}=servers", made_by::LABEL)]);
    build.args(["--build-arg", &format!("BASE={base}")]);
    build.args(["--build-arg", &format!("APT_OPTIONS={}", apt::options())]);
    for (name, proxy) in apt::proxies() {
        // By name, so that what may be in it is in no list of processes. The engine keeps no proxy in an image.
        build.args(["--build-arg", &name]).env(&name, proxy);
    }
    succeeded("docker build", &run(build.arg(context.path()), LIMIT))?;
    // The tag of it, which nothing needs any more. What it names stays, as a part of the image.
    let _ = base != SLIM && engine.docker(["image", "rm", "--no-prune", &base]).status.success();
    Ok(())
}

/// An image of a bare Debian. This is where it is decided from where.
fn base(engine: &Engine) -> Result<String, String> {
    let bootstrap = if !is_root() {
        "the tests do not run as root, which debootstrap needs"
    } else if !apt::has("debootstrap") {
        "debootstrap is not installed (`apt-get install -y debootstrap`)"
    } else {
        return bootstrapped(engine);
    };
    let here = || engine.docker(["image", "inspect", SLIM]).status.success();
    if here() || run(engine.command().args(["pull", "--quiet", SLIM]), LIMIT).status.success() {
        return Ok(SLIM.to_owned());
    }
    Err(format!("{bootstrap}, and the engine cannot pull {SLIM}"))
}

/// Debian as debootstrap makes it from the machine's own mirror.
fn bootstrapped(engine: &Engine) -> Result<String, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = dir.path().join("root");
    let mut bootstrap = Command::new("debootstrap");
    bootstrap.arg("--variant=minbase").envs(apt::proxies());
    let mirror = apt::mirror(SUITE);
    if mirror.as_ref().is_some_and(|mirror| mirror.starts_with("https:")) {
        // With which apt, in there, trusts it.
        bootstrap.arg("--include=ca-certificates");
    }
    bootstrap.arg(SUITE).arg(&root).args(mirror);
    note("a bare Debian is made for the image of real servers, which takes half a minute or so, once");
    succeeded("debootstrap", &run(&mut bootstrap, LIMIT))?;
    let name = format!("{NAME}-base:{}", made_by::id());
    import(engine, &root, &name)?;
    Ok(name)
}

/// Makes an image of a directory.
fn import(engine: &Engine, root: &Path, name: &str) -> Result<(), String> {
    let mut tar = Command::new("tar");
    tar.args(["--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*"]);
    tar.args(["--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "-C"]).arg(root).args(["-c", "."]);
    let mut tar = tar.stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot start tar: {error}"))?;
    let mut import = engine.command();
    import.args(["import", "--change", &format!("LABEL {}=servers", made_by::LABEL), "-", name]);
    let imported = run_with(&mut import, tar.stdout.take().map_or(Stdio::null(), Stdio::from), LIMIT);
    let _ = tar.wait();
    succeeded("docker import", &imported)
}

fn succeeded(what: &str, done: &Finished) -> Result<(), String> {
    if done.status.success() {
        return Ok(());
    }
    let said: Vec<&str> = done.stdout.lines().chain(done.stderr.lines()).collect();
    Err(format!("`{what}` failed:\n{}", said[said.len().saturating_sub(20)..].join("\n")))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
