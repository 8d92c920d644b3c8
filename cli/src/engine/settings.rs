//! How the engine is set up: what it says of it in `/info` and `/version`.

use dprobe_probes::text::printable;
use serde::Deserialize;

use super::address::Address;
use super::client::Client;
use super::daemon;
use super::error::EngineError;
use crate::topology::{AddressPool, EngineSettings};

/// The most address pools that are kept.
const MAX_POOLS: usize = 256;

/// The part of `/info` that is of settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InfoBody {
    security_options: Vec<String>,
    firewall_backend: FirewallBackend,
    default_address_pools: Vec<PoolBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct FirewallBackend {
    driver: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PoolBody {
    base: String,
    size: u8,
}

/// The part of `/version` that is of interest here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VersionBody {
    build_time: String,
}

/// Asks the engine, and reads its configuration where it is on this machine.
pub(super) async fn settings(client: &Client, address: &Address) -> Result<EngineSettings, EngineError> {
    let (info, version, daemon) = tokio::join!(
        client.get::<InfoBody>("ask the engine how it is set up", "/info"),
        client.get::<VersionBody>("ask the engine for its version", "/version"),
        daemon::settings(address),
    );
    Ok(describe(&info?, &version?, daemon))
}

fn describe(info: &InfoBody, version: &VersionBody, daemon: Option<crate::topology::DaemonSettings>) -> EngineSettings {
    let text = |text: &str| printable(text.as_bytes(), 100);
    let driver = text(&info.firewall_backend.driver);
    let pools = info.default_address_pools.iter().take(MAX_POOLS);
    EngineSettings {
        rootless: info.security_options.iter().any(|option| option.split(',').any(|part| part == "name=rootless")),
        built: text(&version.build_time),
        firewall_backend: Some(driver).filter(|driver| !driver.is_empty()),
        address_pools: pools
            .filter_map(|pool| Some(AddressPool { base: pool.base.parse().ok()?, size: pool.size }))
            .collect(),
        daemon,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_engine_says_is_read() {
        let info: InfoBody = serde_json::from_value(json!({
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
            "FirewallBackend": {"Driver": "nftables"},
            "DefaultAddressPools": [{"Base": "10.10.0.0/16", "Size": 24}, {"Base": "nonsense", "Size": 1}],
        }))
        .expect("an info");
        let version: VersionBody = serde_json::from_value(json!({"BuildTime": "2023-\u{1b}"})).expect("a version");
        let settings = describe(&info, &version, None);
        assert!(settings.rootless);
        assert_eq!(settings.firewall_backend.as_deref(), Some("nftables"));
        assert_eq!(settings.built, "2023-\\x1b");
        let [pool] = settings.address_pools[..] else { panic!("{settings:?}") };
        assert_eq!((pool.base.to_string().as_str(), pool.size), ("10.10.0.0/16", 24));
    }

    #[test]
    fn what_an_engine_leaves_out_is_not_known() {
        let settings = describe(&InfoBody::default(), &VersionBody::default(), None);
        assert_eq!(settings, EngineSettings::default());
    }
}
