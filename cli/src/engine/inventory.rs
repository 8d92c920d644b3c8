//! What dprobe has on an engine: agent images, and agents.

use std::collections::BTreeMap;

use bollard::query_parameters::RemoveImageOptionsBuilder;
use dprobe_probes::text::printable;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::client::Client;
use super::error::EngineError;
use super::image::IMAGE_LABEL;
use super::{AGENT_LABEL, SESSION_LABEL};

/// An agent image that an engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// The engine's id of it.
    pub id: String,
    /// Its names; none where another image took them.
    pub tags: Vec<String>,
    /// Its size in bytes.
    pub size: u64,
    /// The version of dprobe it was made by.
    pub version: String,
}

/// An agent that an engine has, of whichever run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentAgent {
    /// The name of its container.
    pub name: String,
    /// The image it was started from.
    pub image: String,
    /// The version of dprobe that started it.
    pub version: String,
    /// The engine's words for its state, such as `Up 2 seconds`.
    pub status: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ImageBody {
    id: String,
    repo_tags: Vec<String>,
    size: u64,
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerBody {
    id: String,
    names: Vec<String>,
    image: String,
    status: String,
    labels: BTreeMap<String, String>,
}

/// The agent images of dprobe, by their label, the embedded one and others.
pub(super) async fn images(client: &Client) -> Result<Vec<StoredImage>, EngineError> {
    let path = format!("/images/json?filters={}", label_filter(IMAGE_LABEL));
    let bodies: Vec<ImageBody> = client.get("list the agent images", &path).await?;
    let mut images: Vec<StoredImage> = bodies
        .into_iter()
        .map(|body| StoredImage {
            version: body.labels.get(IMAGE_LABEL).map(|text| name(text)).unwrap_or_default(),
            // An image without a name is listed by some engines as `<none>:<none>`.
            tags: body.repo_tags.iter().filter(|tag| !tag.starts_with('<')).map(|tag| name(tag)).collect(),
            id: body.id,
            size: body.size,
        })
        .collect();
    images.sort_by(|a, b| (&a.tags, &a.id).cmp(&(&b.tags, &b.id)));
    Ok(images)
}

/// The agents that are there, of all runs.
pub(super) async fn agents(client: &Client) -> Result<Vec<PresentAgent>, EngineError> {
    let mut agents: Vec<PresentAgent> = labelled(client, AGENT_LABEL)
        .await?
        .into_iter()
        .map(|body| PresentAgent {
            name: name(body.names.first().map_or(body.id.as_str(), |name| name.trim_start_matches('/'))),
            image: name(&body.image),
            version: body.labels.get(AGENT_LABEL).map(|text| name(text)).unwrap_or_default(),
            status: name(&body.status),
        })
        .collect();
    agents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(agents)
}

/// The ids of the containers of one run.
pub(super) async fn of_session(client: &Client, session: &str) -> Result<Vec<String>, EngineError> {
    let bodies = labelled(client, &format!("{SESSION_LABEL}={session}")).await?;
    Ok(bodies.into_iter().map(|body| body.id).collect())
}

async fn labelled(client: &Client, label: &str) -> Result<Vec<ContainerBody>, EngineError> {
    client.get("list the agents", &format!("/containers/json?all=1&filters={}", label_filter(label))).await
}

/// Removes an image by one of its names or, where it has none, by its id.
pub(super) async fn remove_image(client: &Client, reference: &str) -> Result<(), EngineError> {
    let options = RemoveImageOptionsBuilder::default().build();
    match client.docker().remove_image(reference, Some(options), None).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = EngineError::from_bollard(format!("remove {reference}"), &error);
            // Somebody else was faster.
            if error.status() == Some(404) { Ok(()) } else { Err(error) }
        }
    }
}

fn label_filter(label: &str) -> String {
    let filter = serde_json::json!({ "label": [label] }).to_string();
    utf8_percent_encode(&filter, NON_ALPHANUMERIC).to_string()
}

fn name(text: &str) -> String {
    printable(text.as_bytes(), 255)
}
