//! Builds the agent that the CLI carries, one static binary for Linux on the CLI's architecture, and packs it into an image.
//!
//! `DPROBE_AGENT_BINARY` names a prebuilt one instead. The agent is built for musl where that target is installed, and with a
//! static glibc otherwise, in a target directory of its own: the outer cargo holds the lock of the usual one.

#[path = "src/engine/digest.rs"]
mod digest;
#[path = "src/engine/image/pack.rs"]
mod pack;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/engine/digest.rs");
    println!("cargo::rerun-if-changed=src/engine/image/pack.rs");
    println!("cargo::rerun-if-env-changed=DPROBE_AGENT_BINARY");

    let binary = match env::var_os("DPROBE_AGENT_BINARY").filter(|path| !path.is_empty()) {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", Path::new(&path).display());
            PathBuf::from(path)
        }
        None => build(&root, &out)?,
    };
    let bytes = fs::read(&binary).map_err(|error| format!("failed to read {}: {error}", binary.display()))?;
    let arch = architecture(&bytes)
        .ok_or_else(|| format!("{} is no Linux binary for an architecture that dprobe knows", binary.display()))?;
    let image = pack::pack(&bytes, arch, &env::var("CARGO_PKG_VERSION")?)?;
    fs::write(out.join("dprobe-agent.tar"), image.archive)?;
    println!("cargo::rustc-env=DPROBE_AGENT_ARCH={arch}");
    println!("cargo::rustc-env=DPROBE_AGENT_ID={}", image.id);
    println!("cargo::rustc-env=DPROBE_AGENT_TAG={}", image.tag);
    Ok(())
}

/// Builds the agent and returns its path.
fn build(root: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    for path in ["agent", "probes", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let musl = format!("{arch}-unknown-linux-musl");
    let (target, flags) = if installed(&musl)? {
        (musl, "")
    } else {
        (format!("{arch}-unknown-linux-gnu"), "-Ctarget-feature=+crt-static")
    };
    // A change of the agent is to be tried quickly while the CLI is built without optimisation.
    let profile = if env::var("PROFILE")? == "release" { "agent" } else { "agent-dev" };
    let target_dir = out.join("agent");

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--package", "dprobe-agent", "--bin", "dprobe-agent"])
        .args(["--profile", profile, "--target", &target])
        .arg("--target-dir")
        .arg(&target_dir)
        // What was set for the outer build (flags, wrappers, another target) is not meant for the agent.
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    for name in [
        "RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "CLIPPY_ARGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "CARGO_INCREMENTAL",
        "RUSTC_LINKER",
    ] {
        cargo.env_remove(name);
    }
    // The C parts of the TLS library need nothing of musl but its ABI, so the usual compiler will do.
    let compiler = format!("CC_{}", target.replace('-', "_"));
    if target.ends_with("musl")
        && env::var_os(&compiler).is_none()
        && !found(&format!("{arch}-linux-musl-gcc"))
        && !found("musl-gcc")
    {
        cargo.env(compiler, "gcc");
    }
    if !cargo.status()?.success() {
        return Err(
            format!("failed to build the agent for {target}; DPROBE_AGENT_BINARY can name a prebuilt one").into()
        );
    }
    Ok(target_dir.join(target).join(profile).join("dprobe-agent"))
}

/// Whether the standard library for a target is installed.
fn installed(target: &str) -> Result<bool, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output()?;
    let folder = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    Ok(answer.status.success() && Path::new(&folder).exists())
}

/// Whether a program is in the search path.
fn found(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

/// The architecture of an ELF binary (elf(5), `e_machine`), in Go's words.
fn architecture(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(..4)? != b"\x7fELF" {
        return None;
    }
    let machine = match bytes.get(5)? {
        1 => u16::from_le_bytes([*bytes.get(18)?, *bytes.get(19)?]),
        _ => u16::from_be_bytes([*bytes.get(18)?, *bytes.get(19)?]),
    };
    match machine {
        3 => Some("386"),
        21 => Some("ppc64le"),
        22 => Some("s390x"),
        40 => Some("arm"),
        62 => Some("amd64"),
        183 => Some("arm64"),
        243 => Some("riscv64"),
        _ => None,
    }
}
