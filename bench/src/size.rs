//! Sizes in bytes.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use dprobe_tests::docker::docker_ok;

use crate::Result;
use crate::stage::Stage;

/// The agent's binary, as it lies in the image that `dprobe agent export` writes.
pub(crate) fn agent(stage: &Stage) -> Result<u64> {
    let exported = Command::new(&stage.cli).args(["agent", "export"]).stderr(Stdio::inherit()).output()?;
    let mut image = tar::Archive::new(exported.stdout.as_slice());
    for entry in image.entries()? {
        let entry = entry?;
        if entry.path()?.ends_with("layer.tar") {
            return binary_in(entry);
        }
    }
    Err("there is no layer in the exported image".into())
}

fn binary_in(layer: impl Read) -> Result<u64> {
    for entry in tar::Archive::new(layer).entries()? {
        let entry = entry?;
        if entry.path()?.ends_with("dprobe-agent") && entry.header().entry_type().is_file() {
            return Ok(entry.size());
        }
    }
    Err("there is no agent in the exported image".into())
}

/// The agent's image, as the engine counts it.
pub(crate) fn image(stage: &Stage) -> Result<u64> {
    Ok(docker_ok(["image", "inspect", "--format", "{{.Size}}", &stage.image]).parse()?)
}

/// The CLI, with the agent in it.
pub(crate) fn cli(stage: &Stage) -> Result<u64> {
    Ok(fs::metadata(&stage.cli)?.len())
}
