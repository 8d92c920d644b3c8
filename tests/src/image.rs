//! The image of every container in these tests: the agent's static binary, which plays the programs it is called by.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::docker::Engine;
use crate::{binary, command, run};

/// The programs that the binary plays.
const PROGRAMS: [&str; 7] = ["mongod", "redis-server", "postgres", "node", "nginx", "web", "idle"];

/// The layout of the image; another number makes another image.
const LAYOUT: &str = "1";

/// The name of the image without its tag, which tells the content.
pub const NAME: &str = "dprobe-tests-actor";

static TAG: LazyLock<String> = LazyLock::new(|| {
    let hash = Sha256::new().chain_update(LAYOUT).chain_update(agent()).finalize();
    format!("{NAME}:{}", &format!("{hash:x}")[..12])
});

static MADE: LazyLock<()> = LazyLock::new(|| {
    let engine = Engine::of_this_machine();
    let _lock = binary::lock("image.lock");
    if !engine.docker(["image", "inspect", tag()]).status.success() {
        load(&engine);
        // Images of earlier builds that nothing uses any more.
        let ours = format!("label={}=image", run::LABEL);
        let _ = engine.docker(["image", "prune", "-af", "--filter", &ours, "--filter", "until=24h"]);
    }
});

/// The image's name. It is made on the engine of this machine on first use; processes that want it at the same time wait
/// for the first of them.
#[must_use]
pub fn name() -> &'static str {
    LazyLock::force(&MADE);
    tag()
}

/// The image's name, whether an engine has it or not.
pub(crate) fn tag() -> &'static str {
    &TAG
}

fn agent() -> Vec<u8> {
    fs::read(binary::agent()).expect("the agent's binary")
}

/// The file system: the binary, and a link to it for each program.
fn layer(agent: &[u8]) -> Vec<u8> {
    let mut layer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(agent.len() as u64);
    header.set_mode(0o755);
    layer.append_data(&mut header, "dprobe-agent", agent).expect("a tar in memory");
    for program in PROGRAMS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        layer.append_link(&mut header, format!("usr/bin/{program}"), "/dprobe-agent").expect("a tar in memory");
    }
    layer.into_inner().expect("a tar in memory")
}

/// Makes the image on an engine.
pub(crate) fn load(engine: &Engine) {
    let label = format!("LABEL {}=image", run::LABEL);
    let mut child = engine
        .command()
        .args(["import", "--change", "ENV PATH=/usr/bin", "--change", &label, "-", tag()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("docker");
    child.stdin.take().expect("its stdin").write_all(&layer(&agent())).expect("docker reads the image");
    let status = command::wait(&mut child, Duration::from_secs(60)).expect("`docker import` ends");
    assert!(status.success(), "`docker import` failed: {status}");
}
