//! Whom the programs of a source trust: the CA bundles in its file system.

use std::collections::BTreeMap;
use std::io::Read as _;

use dprobe_probes::application::Security;

use super::look::Pair;
use crate::engine::Engine;
use crate::plan::Trusted;
use crate::report::{Source, SourceKind};
use crate::topology::{Bundle, EngineFlavor, Topology};

/// Where distributions keep their bundle, in the order in which Go's crypto/x509 and OpenSSL's defaults look.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Bundles have a few hundred kilobytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The bundles of the sources, read once each.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// The certificates that a source trusts, PEM, by its place; none where it has no bundle.
    by_place: BTreeMap<String, Option<String>>,
}

impl Bundles {
    /// Reads the bundles of the sources that speak TLS, through the engine, and notes in the topology what there is.
    pub(super) async fn read(&mut self, engine: &Engine, pairs: &[Pair], topology: &mut Topology) {
        for Pair { from, .. } in pairs.iter().filter(|pair| speaks_tls(pair, topology)).collect::<Vec<_>>() {
            if self.by_place.contains_key(&from.place) {
                continue;
            }
            let pem = match &from.container {
                Some(name) => of_container(engine, name, topology).await,
                None if is_here(from, topology) => of_this_machine(),
                None => None,
            };
            self.by_place.insert(from.place.clone(), pem);
        }
    }

    /// Whom a source trusts, for its agent.
    pub(super) fn of<'a>(&'a self, from: &Source, topology: &Topology) -> Trusted<'a> {
        let container = from.container.as_ref().and_then(|name| topology.containers.get(name));
        Trusted {
            bundle: self.by_place.get(&from.place).and_then(Option::as_deref),
            and_mozilla: container.is_some_and(|container| container.own_roots().is_some()),
        }
    }
}

/// Whether TLS may be spoken on the way: with the target, or with a proxy before it.
fn speaks_tls(pair: &Pair, topology: &Topology) -> bool {
    let of_target = pair.to.application.is_some_and(|application| application.security != Security::Plain);
    of_target || crate::resolve::proxy(&pair.from, &pair.to, topology).is_some_and(|proxy| proxy.scheme == "https")
}

/// The bundle of a container's image, and those that its environment names. Which of its programs heeds which variable is
/// not known here, so what one of them trusts counts as trusted.
async fn of_container(engine: &Engine, name: &str, topology: &mut Topology) -> Option<String> {
    let container = topology.containers.get_mut(name)?;
    let mut wanted: Vec<(&str, Option<&str>)> = Vec::new();
    wanted.extend(container.trust.files().map(|variable| (variable.path.as_str(), Some(variable.name.as_str()))));
    // The engine reads links of the image itself as well.
    wanted.extend(BUNDLES.map(|path| (path, None)));
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut pem = String::new();
    let mut left_open = false;
    for (path, variable) in wanted {
        let known = |bundle: &Bundle| bundle.path == path || (variable.is_none() && bundle.variable.is_none());
        if bundles.iter().any(known) {
            continue;
        }
        match engine.read_file(&container.id, path, MAX_BYTES).await {
            Ok(Some(bytes)) => {
                let text = String::from_utf8_lossy(&bytes);
                let certificates = text.matches("-----BEGIN CERTIFICATE-----").count();
                let variable = variable.map(ToOwned::to_owned);
                bundles.push(Bundle { path: path.to_owned(), certificates, variable });
                pem.push_str(&text);
                pem.push('\n');
            }
            Ok(None) => {}
            // An engine that does not hand out a file leaves the matter open; the check goes on without.
            Err(error) => {
                tracing::debug!(%error, path, "could not read a bundle");
                left_open = true;
            }
        }
    }
    let has_any = !bundles.is_empty();
    container.trust.bundles = (has_any || !left_open).then_some(bundles);
    has_any.then_some(pem)
}

/// Whether a source is the machine that dprobe runs on.
fn is_here(from: &Source, topology: &Topology) -> bool {
    from.kind == SourceKind::Host && topology.remote.is_none() && topology.flavor != EngineFlavor::Desktop
}

/// The bundle of this machine.
fn of_this_machine() -> Option<String> {
    BUNDLES.iter().find_map(|path| {
        let mut pem = Vec::new();
        std::fs::File::open(path).ok()?.take(MAX_BYTES as u64).read_to_end(&mut pem).ok()?;
        Some(String::from_utf8_lossy(&pem).into_owned())
    })
}
