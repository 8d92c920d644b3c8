//! Whom the programs of a container trust: the CA bundle in its file system.

use crate::engine::Engine;
use crate::report::{Source, Target};
use crate::topology::Topology;

/// Where distributions keep their bundle, in the order in which Go's crypto/x509 and OpenSSL's defaults look.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Bundles have a few hundred kilobytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The bundle of a source container, read through the engine where the target is an https URL. None where it has none;
/// the agent's own copy of the Mozilla roots decides then.
pub(super) async fn ca_bundle(engine: &Engine, from: &Source, to: &Target, topology: &Topology) -> Option<String> {
    if to.scheme.as_deref() != Some("https") {
        return None;
    }
    let container = topology.containers.get(from.container.as_ref()?)?;
    for path in BUNDLES {
        // An engine that does not hand out a file leaves the matter open; the check goes on without.
        if let Ok(Some(bytes)) = engine.read_file(&container.id, path, MAX_BYTES).await {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    None
}
