//! The engine's networks, and the keys that the topology has for them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dprobe_probes::text::printable;
use ipnet::IpNet;
use serde::Deserialize;

use crate::topology::{Network, Subnet};

/// One network of `/networks`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NetworkBody {
    id: String,
    name: String,
    driver: String,
    scope: String,
    created: String,
    internal: bool,
    attachable: bool,
    #[serde(rename = "EnableIPv6")]
    enable_ipv6: bool,
    #[serde(rename = "IPAM")]
    ipam: IpamBody,
    options: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct IpamBody {
    config: Vec<IpamConfigBody>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct IpamConfigBody {
    subnet: String,
    gateway: String,
}

/// The networks by their keys: the name, and `NAME@ID` for the later ones of a name.
pub(super) fn networks(mut bodies: Vec<NetworkBody>) -> BTreeMap<String, Network> {
    bodies.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    let mut networks = BTreeMap::new();
    for body in bodies {
        let network = network(&body);
        let key = if networks.contains_key(&network.name) {
            format!("{}@{}", network.name, network.id.get(..12).unwrap_or(&network.id))
        } else {
            network.name.clone()
        };
        networks.insert(key, network);
    }
    networks
}

fn network(body: &NetworkBody) -> Network {
    let text = |text: &str| printable(text.as_bytes(), 255);
    let label = |key: &str| body.labels.get(key).map(|value| text(value));
    Network {
        name: text(&body.name),
        driver: text(&body.driver),
        scope: text(&body.scope),
        internal: body.internal,
        ipv6: body.enable_ipv6,
        attachable: body.attachable,
        overlay: None,
        subnets: body.ipam.config.iter().filter_map(subnet).collect(),
        compose_project: label("com.docker.compose.project"),
        compose_network: label("com.docker.compose.network"),
        options: body.options.iter().map(|(key, value)| (text(key), text(value))).collect(),
        id: text(&body.id),
    }
}

fn subnet(body: &IpamConfigBody) -> Option<Subnet> {
    let range: IpNet = body.subnet.parse().ok()?;
    // Some engines write the gateway with the length of the prefix.
    let gateway = body.gateway.split('/').next().and_then(|text| text.parse::<IpAddr>().ok());
    Some(Subnet { range: range.trunc(), gateway })
}

/// Finds the key of a network by its id.
pub(super) struct NetworkKeys {
    key_by_id: BTreeMap<String, String>,
    id_by_key: BTreeMap<String, String>,
    without_resolver: Vec<String>,
    overlays: Vec<String>,
}

impl NetworkKeys {
    pub(super) fn new(networks: &BTreeMap<String, Network>) -> Self {
        Self {
            key_by_id: networks.iter().map(|(key, network)| (network.id.clone(), key.clone())).collect(),
            id_by_key: networks.iter().map(|(key, network)| (key.clone(), network.id.clone())).collect(),
            without_resolver: networks.iter().filter(|(_, n)| !has_resolver(n)).map(|(key, _)| key.clone()).collect(),
            overlays: networks
                .iter()
                .filter(|(_, n)| n.driver == "overlay" && !n.is_ingress())
                .map(|(key, _)| key.clone())
                .collect(),
        }
    }

    /// The key of the network with this id; the name where the engine does not know the id.
    pub(super) fn key(&self, id: &str, name: &str) -> String {
        self.key_by_id.get(id).cloned().unwrap_or_else(|| printable(name.as_bytes(), 255))
    }

    /// The id behind a key.
    pub(super) fn id(&self, key: &str) -> Option<String> {
        self.id_by_key.get(key).cloned()
    }

    /// Whether it is an overlay network, which knows the names of services.
    pub(super) fn is_overlay(&self, key: &str) -> bool {
        self.overlays.iter().any(|other| other == key)
    }

    /// Whether the network resolves the names of its containers.
    pub(super) fn has_resolver(&self, key: &str) -> bool {
        !self.without_resolver.iter().any(|other| other == key)
    }
}

/// The default bridge, the routing mesh, the host's namespace and no network at all have no resolver.
fn has_resolver(network: &Network) -> bool {
    let default_bridge = network.options.get("com.docker.network.bridge.default_bridge").is_some_and(|on| on == "true");
    !default_bridge && !network.is_ingress() && !matches!(network.driver.as_str(), "host" | "null")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::client::without_nulls;

    fn bodies(json: serde_json::Value) -> Vec<NetworkBody> {
        serde_json::from_value(without_nulls(json)).expect("networks")
    }

    #[test]
    fn the_later_of_two_networks_of_one_name_is_keyed_by_its_id() {
        let found = networks(bodies(json!([
            {"Id": "ffffffffffffffff", "Name": "app", "Driver": "bridge", "Created": "2026-01-02T00:00:00Z"},
            {"Id": "aaaaaaaaaaaaaaaa", "Name": "app", "Driver": "bridge", "Created": "2026-01-01T00:00:00Z"},
        ])));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["app", "app@ffffffffffff"]);
        assert_eq!(found["app"].id, "aaaaaaaaaaaaaaaa");
        let keys = NetworkKeys::new(&found);
        assert_eq!(keys.key("ffffffffffffffff", "app"), "app@ffffffffffff");
        assert_eq!(keys.key("removed", "app"), "app", "a network that was made anew");
    }

    #[test]
    fn a_network_is_read_as_engine_20_10_writes_it() {
        let found = networks(bodies(json!([{
            "Name": "shop_default", "Id": "0123456789abcdef", "Created": "2026-11-20T10:00:00.1Z", "Scope": "local",
            "Driver": "bridge", "EnableIPv6": false,
            "IPAM": {"Driver": "default", "Options": null, "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]},
            "Internal": true, "Attachable": false, "Ingress": false, "ConfigFrom": {"Network": ""}, "ConfigOnly": false,
            "Containers": {}, "Options": {"com.docker.network.bridge.enable_icc": "false"},
            "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.network": "default"},
        }])));
        let network = &found["shop_default"];
        assert!(network.internal && !network.ipv6);
        assert_eq!(network.subnets[0].range.to_string(), "172.18.0.0/16");
        assert_eq!(network.subnets[0].gateway, "172.18.0.1".parse().ok());
        assert_eq!(network.compose_project.as_deref(), Some("shop"));
        assert_eq!(network.compose_network.as_deref(), Some("default"));
        assert_eq!(network.options["com.docker.network.bridge.enable_icc"], "false");
    }

    #[test]
    fn a_network_with_nothing_but_a_name_is_kept() {
        let found = networks(bodies(json!([{"Name": "odd\u{1b}", "IPAM": null, "Labels": null, "Options": null}])));
        assert!(found["odd\\x1b"].subnets.is_empty());
    }

    #[test]
    fn default_networks_have_no_resolver() {
        let found = networks(bodies(json!([
            {"Name": "bridge", "Id": "b", "Driver": "bridge",
             "Options": {"com.docker.network.bridge.default_bridge": "true"}},
            {"Name": "host", "Id": "h", "Driver": "host"},
            {"Name": "none", "Id": "n", "Driver": "null"},
            {"Name": "app", "Id": "a", "Driver": "bridge"},
        ])));
        let keys = NetworkKeys::new(&found);
        let without: Vec<_> = ["bridge", "host", "none", "app"].into_iter().filter(|k| !keys.has_resolver(k)).collect();
        assert_eq!(without, ["bridge", "host", "none"]);
    }
}
