//! How a container was configured, in full: its environment and its arguments. Read of one container only, and only where
//! somebody asks what it depends on; what is found in it goes on, the configuration itself does not.

use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, without_nulls};
use super::error::EngineError;
use crate::discovery::Configuration;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Body {
    path: String,
    args: Vec<String>,
    image: String,
    config: ConfigBody,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ConfigBody {
    env: Vec<String>,
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ImageBody {
    config: ConfigBody,
}

/// Reads the configuration of a container and that of its image.
pub(super) async fn read(client: &Client, id: &str) -> Result<Configuration, EngineError> {
    let body: Value = client.get("inspect a container", &format!("/containers/{id}/json")).await?;
    let body = Body::deserialize(without_nulls(body)).unwrap_or_default();
    // An image that is gone leaves it open what came with it; then everything counts.
    let image = client.get::<Value>("inspect an image", &format!("/images/{}/json", body.image)).await;
    let image = image.map(|image| ImageBody::deserialize(without_nulls(image)).unwrap_or_default()).unwrap_or_default();
    let depends_on = body.config.labels.get(DEPENDS_ON).map(|label| depends_on(label)).unwrap_or_default();
    Ok(Configuration {
        environment: body.config.env,
        arguments: std::iter::once(body.path).chain(body.args).collect(),
        image_environment: image.config.env,
        depends_on,
    })
}

/// The label in which compose 2 keeps what a service waits for: `db:service_healthy:false,cache:service_started:false`.
const DEPENDS_ON: &str = "com.docker.compose.depends_on";

/// The condition of a service that is to have ended, and serves nobody.
const COMPLETED: &str = "service_completed_successfully";

fn depends_on(label: &str) -> Vec<String> {
    let entries = label.split(',').map(|entry| entry.split(':'));
    entries
        .filter_map(|mut entry| {
            let service = entry.next().filter(|service| !service.is_empty())?;
            (entry.next() != Some(COMPLETED)).then(|| service.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_are_to_end_are_no_peers() {
        assert_eq!(
            depends_on("db:service_healthy:false,migrate:service_completed_successfully:true,cache"),
            ["db", "cache"]
        );
        assert!(depends_on("").is_empty());
    }
}
