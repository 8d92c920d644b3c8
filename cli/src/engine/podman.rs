//! What Podman tells otherwise than Docker, brought into Docker's words.
//!
//! Seen on Podman 4.3: its default network is listed as `bridge` and is called `podman` in every container; a container on any
//! bridge has the network mode `bridge`; a program without arguments is told as its own argument.

use crate::topology::{NetworkMode, Topology};

/// Podman's own name for its default network.
const DEFAULT: &str = "podman";

/// The option by which Docker marks its default network.
const DEFAULT_BRIDGE: &str = "com.docker.network.bridge.default_bridge";

/// The same in Docker's words.
pub(super) fn translated(mut topology: Topology) -> Topology {
    if !topology.networks.contains_key(DEFAULT)
        && let Some(mut network) = topology.networks.remove("bridge")
    {
        DEFAULT.clone_into(&mut network.name);
        topology.networks.insert(DEFAULT.to_owned(), network);
    }
    if let Some(network) = topology.networks.get_mut(DEFAULT) {
        network.options.insert(DEFAULT_BRIDGE.to_owned(), "true".to_owned());
    }
    for container in topology.containers.values_mut() {
        if let Some(attachment) = container.attachments.get_mut(DEFAULT) {
            // No name is resolved there.
            attachment.names.clear();
        } else if let Some(network) = container.attachments.keys().next()
            && container.network_mode == NetworkMode::DefaultBridge
        {
            container.network_mode = NetworkMode::Network(network.clone());
        }
        if matches!(container.command.as_slice(), [program, argument] if program == argument) {
            container.command.truncate(1);
        }
    }
    topology
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::inspect;
    use crate::engine::networks::{NetworkBody, NetworkKeys, networks};

    /// What Podman 4.3.1 writes, shortened.
    fn recorded() -> Topology {
        let bodies: Vec<NetworkBody> = serde_json::from_value(json!([
            {"Name": "bridge", "Id": "2f259bab93aa", "Driver": "bridge", "Scope": "local", "Options": {},
             "IPAM": {"Config": [{"Subnet": "10.88.0.0/16", "Gateway": "10.88.0.1"}]}},
            {"Name": "fav", "Id": "7eabd44dfc71", "Driver": "bridge", "Scope": "local", "Options": {},
             "IPAM": {"Config": [{"Subnet": "10.89.0.0/24", "Gateway": "10.89.0.1"}]}},
        ]))
        .expect("networks");
        let networks = networks(bodies);
        let keys = NetworkKeys::new(&networks);
        let container = |name: &str, network: &str| {
            json!({
                "Id": name, "Name": format!("/{name}"), "Path": "idle", "Args": ["idle"], "State": {"Status": "running"},
                "HostConfig": {"NetworkMode": "bridge"}, "Config": {"Cmd": ["idle"], "Entrypoint": []},
                "NetworkSettings": {"Networks": {network: {
                    "NetworkID": network, "IPAddress": "10.88.0.2", "Gateway": "10.88.0.1", "Aliases": ["8ab2c213696e"]}}},
            })
        };
        let containers = [container("web", "podman"), container("cli", "fav")]
            .into_iter()
            .filter_map(|body| inspect::container(body, &keys, None))
            .map(|container| (container.name.clone(), container))
            .collect();
        Topology { containers, networks, ..Topology::default() }
    }

    #[test]
    fn the_default_network_goes_by_one_name() {
        let topology = translated(recorded());
        assert_eq!(topology.default_bridge(), Some("podman"));
        let web = &topology.containers["web"];
        assert!(web.only_on("podman") && web.attachments["podman"].names.is_empty());
        assert_eq!(web.network_mode, NetworkMode::DefaultBridge);
        assert_eq!(web.command, ["idle"]);
        let cli = &topology.containers["cli"];
        assert_eq!(cli.network_mode, NetworkMode::Network("fav".to_owned()));
        assert_eq!(cli.attachments["fav"].names, ["cli", "8ab2c213696e"]);
    }
}
