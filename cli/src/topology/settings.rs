//! How an engine is set up, as far as networks are concerned.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EngineFlavor;

/// How an engine is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineSettings {
    /// Whether it runs without the rights of root (`SecurityOptions` of `/info`).
    #[serde(default)]
    pub rootless: bool,
    /// When it was built (`BuildTime` of `/version`); empty where it does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub built: String,
    /// What it makes its rules with: `iptables`, `nftables`, … (`FirewallBackend` of `/info`, from API 1.49 on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firewall_backend: Option<String>,
    /// The ranges that networks without a subnet of their own are cut out of (`DefaultAddressPools` of `/info`). Empty where
    /// nobody has changed the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address_pools: Vec<AddressPool>,
    /// What its own configuration says. None where that cannot be read from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon: Option<DaemonSettings>,
}

/// A range that is cut into subnets of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressPool {
    /// The range.
    #[schemars(with = "String")]
    pub base: IpNet,
    /// The prefix length of the subnets, in bits.
    pub size: u8,
}

/// What the arguments of the engine's process and its configuration file (dockerd(8)) say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DaemonSettings {
    /// Whether it makes rules in the packet filter (`iptables`); it does where nobody says otherwise.
    pub makes_rules: bool,
    /// Whether it was given DNS servers for its containers (`dns`).
    pub has_dns: bool,
}

/// Another engine that answers on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherEngine {
    /// Where it is reached, without credentials.
    pub address: String,
    /// The context of the Docker CLI that leads to it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What kind of engine it is.
    pub flavor: EngineFlavor,
    /// Its version.
    pub version: String,
    /// How many containers it has.
    pub containers: u64,
}
