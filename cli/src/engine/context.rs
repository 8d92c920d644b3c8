//! Contexts of the Docker CLI: named engines in the folder of its configuration.
//!
//! `config.json` may hold `currentContext`. A context's metadata lies in `contexts/meta/<sha256 of its name>/meta.json`, its TLS
//! material in `contexts/tls/<the same>/docker/{ca,cert,key}.pem`.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::address::{Address, Environment, Route, Tls};
use super::digest::hex_digest;
use super::error::EngineError;

/// The part of `config.json` that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientConfig {
    current_context: Option<String>,
}

/// The part of `meta.json` that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Metadata {
    name: String,
    endpoints: Endpoints,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "Host")]
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The name of the current context; none where the configuration names none.
///
/// # Errors
///
/// [`EngineError::BadConfig`] where the configuration makes no sense. One that the user may not read is that of somebody
/// else, as under `sudo -u`, and counts as missing.
pub(super) fn current(environment: &Environment) -> Result<Option<String>, EngineError> {
    let Some(folder) = environment.config_folder() else { return Ok(None) };
    let config: Option<ClientConfig> = read_json(&folder.join("config.json"))?;
    Ok(config.and_then(|config| config.current_context).filter(|name| !name.is_empty()))
}

/// The address of a context.
///
/// # Errors
///
/// [`EngineError::UnknownContext`] where there is none of that name, [`EngineError::BadConfig`] where it cannot be read, and
/// [`EngineError::BadHost`] where its address makes no sense.
pub(super) fn address(name: &str, environment: &Environment) -> Result<Address, EngineError> {
    let unknown = |known| EngineError::UnknownContext { name: name.to_owned(), known };
    let Some(folder) = environment.config_folder() else { return Err(unknown(Vec::new())) };
    let contexts = folder.join("contexts");
    let key = hex_digest(name.as_bytes());
    let Some(metadata) = read_json::<Metadata>(&contexts.join("meta").join(&key).join("meta.json"))? else {
        return Err(unknown(names(&contexts.join("meta"))));
    };
    let endpoint = metadata.endpoints.docker;
    let tls = Tls::in_folder(&contexts.join("tls").join(&key).join("docker"), !endpoint.skip_tls_verify);
    let wanted = endpoint.skip_tls_verify || tls.ca.is_some() || tls.identity.is_some();
    let mut address = Address::parse(&endpoint.host, wanted.then_some(tls))?;
    if !matches!(address.route, Route::Tcp { .. }) {
        address.tls = None;
    }
    Ok(address)
}

/// The contexts that exist and whose address makes sense, with those.
pub(super) fn all(environment: &Environment) -> Vec<(String, Address)> {
    let Some(folder) = environment.config_folder() else { return Vec::new() };
    let names = names(&folder.join("contexts").join("meta"));
    names.into_iter().filter_map(|name| Some((name.clone(), address(&name, environment).ok()?))).collect()
}

/// The names of the contexts that exist.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| read_json::<Metadata>(&entry.path().join("meta.json")).ok().flatten())
        .map(|metadata| dprobe_probes::text::printable(metadata.name.as_bytes(), 100))
        .collect();
    names.sort();
    names
}

/// A JSON file; none where it does not exist or may not be read.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, EngineError> {
    let bad = |reason: String| EngineError::BadConfig { path: path.to_owned(), reason };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| bad(error.to_string())),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => Ok(None),
            _ => Err(bad(error.to_string())),
        },
    }
}
