//! What can be wrong with the bridge under a network, and how it is mended.

use dprobe_probes::network::{Interface, NetworkFact};

use super::fixes::{change, command, run};
use crate::report::Fix;
use crate::topology::Network;

/// What is wrong with a bridge.
pub(super) enum BridgeFault {
    /// The host has no such interface.
    Missing,
    /// It is down.
    Down,
    /// It lacks the gateway's address, which is this one with its prefix.
    Bare(String),
}

impl BridgeFault {
    /// What is wrong with the bridge of a network; nothing for networks that hang on none.
    pub(super) fn of(network: &Network, host: &NetworkFact) -> Option<Self> {
        let name = network.bridge_name()?;
        match host.interfaces.iter().find(|interface| interface.name == name) {
            None => Some(Self::Missing),
            Some(interface) if !interface.up => Some(Self::Down),
            Some(interface) => bare(network, interface).map(Self::Bare),
        }
    }

    /// What it is, to be read after the bridge's name.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Missing => "is gone".to_owned(),
            Self::Down => "is down".to_owned(),
            Self::Bare(address) => format!("has lost its address {address}"),
        }
    }

    /// How the bridge is put right.
    pub(super) fn fixes(&self, bridge: &str) -> Vec<Fix> {
        let mend = match self {
            Self::Missing => None,
            Self::Down => Some(command(&["ip", "link", "set", bridge, "up"])),
            Self::Bare(address) => Some(command(&["ip", "addr", "add", address, "dev", bridge])),
        };
        let by_hand = mend.map(|mend| Fix {
            lasting: false,
            ..run("put it right by hand, on the engine's host as root", vec![mend])
        });
        let anew = run("or let the engine set up its networks again", vec!["systemctl restart docker".to_owned()]);
        let for_good = change("for good, tell the host's network manager to leave docker0, br-* and veth* alone");
        by_hand.into_iter().chain([anew, for_good]).collect()
    }
}

/// The address that a bridge should have and has not.
fn bare(network: &Network, interface: &Interface) -> Option<String> {
    let subnet = network.subnets.iter().find(|subnet| subnet.range.addr().is_ipv4())?;
    let address = subnet.host_address()?;
    let option = |name: &str| network.options.get(&format!("com.docker.network.bridge.{name}")).map(String::as_str);
    let on_purpose =
        network.internal || option("inhibit_ipv4") == Some("true") || option("gateway_mode_ipv4") == Some("isolated");
    // Where the engine does not name the gateway, any address of the subnet will do.
    let has =
        |own: std::net::IpAddr| if subnet.gateway.is_some() { own == address } else { subnet.range.contains(&own) };
    let bare = !on_purpose && !interface.addresses.iter().any(|own| has(own.address));
    bare.then(|| format!("{address}/{}", subnet.range.prefix_len()))
}
