//! The agent's image: packed by `build.rs`, loaded through the engine's API, keyed by its content.

#[cfg(test)]
mod pack;

#[cfg(test)]
use super::digest;

use bollard::query_parameters::ImportImageOptionsBuilder;
use bytes::Bytes;
use futures_util::StreamExt;

use super::client::Client;
use super::error::EngineError;

/// The image's repository.
pub const REPOSITORY: &str = "dprobe-agent";

/// The label of every agent image, by which `dprobe agent list` and `rm` find them.
pub const IMAGE_LABEL: &str = "io.dprobe.agent-image";

/// The image of the embedded agent, in the form of `docker save`, ready to be loaded.
#[derive(Debug)]
pub struct AgentImage {
    /// `dprobe-agent:` and 12 digits of [`Self::id`].
    pub tag: &'static str,
    /// The digest of its configuration in hexadecimal, which covers the content and is the image's id.
    pub id: &'static str,
    /// The architecture of its binary, in Go's words.
    pub arch: &'static str,
    /// The archive.
    pub archive: &'static [u8],
}

/// The image that this dprobe carries.
pub const EMBEDDED: AgentImage = AgentImage {
    tag: env!("DPROBE_AGENT_TAG"),
    id: env!("DPROBE_AGENT_ID"),
    arch: env!("DPROBE_AGENT_ARCH"),
    archive: include_bytes!(concat!(env!("OUT_DIR"), "/dprobe-agent.tar")),
};

/// Loads the embedded agent's image. Two that do so at the same time both succeed: the engine stores content by its digest.
///
/// # Errors
///
/// [`EngineError::ForeignArch`] where the engine's host cannot run it, and what the engine says.
pub(super) async fn load(client: &Client, engine_arch: &str) -> Result<&'static AgentImage, EngineError> {
    let image = &EMBEDDED;
    if engine_arch != image.arch {
        return Err(EngineError::ForeignArch { engine: engine_arch.to_owned(), agent: image.arch.to_owned() });
    }
    let options = ImportImageOptionsBuilder::default().quiet(true).build();
    let mut progress =
        client.docker().import_image(options, bollard::body_full(Bytes::from_static(image.archive)), None);
    while let Some(step) = progress.next().await {
        step.map_err(|error| EngineError::from_bollard("load the agent image", &error))?;
    }
    Ok(image)
}
