//! `address-pools-exhausted`: no range of addresses is left for another network.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::{Condition, Found, Machine, Words, names};
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Fix, Severity};
use crate::topology::{AddressPool, EngineSettings};

pub(super) const CONDITION: Condition = Condition {
    code: "address-pools-exhausted",
    words: Some(Words {
        summary: "no address range is left for another network, so `docker network create` and `compose up` fail",
        page: r#"
A network that is made without a subnet gets one out of the engine's address pools. There are 31 to begin with, and a range
that is used by another network, or to which the host has a route, is passed over. When none is left, the engine says `could
not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network`.

## How dprobe knows

`dprobe doctor` counts: the engine's pools (those of `/info`, or the built-in ones), minus what overlaps a network of the
engine's or a route of its host other than the default one.

## Why it happens

Each compose project makes a network of its own, and those of projects that were never taken down stay. The built-in pools
are few and large: 15 of 65536 addresses each. Or a VPN is up that routes everything through itself (`0.0.0.0/1` and
`128.0.0.0/1`): then no range is free of a route, as long as it is connected.

## How to fix it

Remove networks that no container uses, or choose a range by hand:

    docker network ls --filter dangling=true
    docker network create --subnet 10.123.0.0/24 favorites-net

For good, many small ranges in place of few large ones, in `daemon.json`, and a restart of the engine:

    "default-address-pools": [{ "base": "10.123.0.0/16", "size": 24 }]

## How to reproduce it

    dockerd --default-address-pool base=10.77.0.0/23,size=24
    docker network create favorites-net
    dprobe doctor

Related: address-pools-small, subnet-overlap
"#,
    }),
    find,
};

/// The most free ranges that are counted, and the most that are looked at: pools of a million are not counted to their end.
const MOST_FREE: usize = 64;
const MOST_TRIED: usize = 8192;

/// The most networks that are named in a command.
const MOST_NAMED: usize = 5;

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(free) = Free::of(machine).filter(|free| free.count == 0) else { return Vec::new() };
    let host = machine.host();
    let everything = host.is_some_and(|host| {
        host.fact.routes.iter().any(|route| route.destination.address.is_ipv4() && route.destination.prefix == 1)
    });
    let why = if everything {
        "The host has routes to every address, as a VPN makes them that takes all traffic, and the engine passes over \
         ranges to which there is a route"
    } else {
        "Networks of the engine and routes of its host take all of them"
    };
    vec![Found {
        severity: Severity::Warning,
        title: "no address range is left for another network".to_owned(),
        explanation: format!(
            "A network without a subnet of its own is given one of {} ranges. {why}, so `docker network create` fails, and \
             with it `docker compose up` of every project that is not up yet.",
            free.all
        ),
        because: host.iter().map(|host| host.id.to_owned()).chain(["topology.networks".to_owned()]).collect(),
        fixes: fixes(machine),
    }]
}

/// How to come to more ranges.
pub(super) fn fixes(machine: &Machine<'_>) -> Vec<Fix> {
    let used = |key: &str| machine.topology.containers.values().any(|one| one.attachments.contains_key(key));
    let idle = |(key, network): &(&str, &crate::topology::Network)| !network.is_default_bridge() && !used(key);
    let idle: Vec<&str> = machine.bridges().filter(idle).map(|(key, _)| key).take(MOST_NAMED).collect();
    let remove = run(
        format!("remove {}, which no container uses, if nobody needs it any more", names(&idle)),
        vec![command(&[&["docker", "network", "rm"], &idle[..]].concat())],
    );
    let pools = "for good, many small ranges: `\"default-address-pools\": [{\"base\": \"10.123.0.0/16\", \"size\": 24}]` in \
                 daemon.json, and restart the engine";
    let by_hand = "or choose a range by hand: `docker network create --subnet 10.123.0.0/24 …`";
    let remove = Some(remove).filter(|_| !idle.is_empty());
    remove.into_iter().chain([change(by_hand), change(pools)]).collect()
}

/// How many ranges there are, and how many of them are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Free {
    /// All.
    pub(super) all: u64,
    /// The free ones, counted up to [`MOST_FREE`].
    pub(super) count: usize,
}

impl Free {
    /// None where the routes of the host are not known, and for engines of Podman, which have pools of their own.
    pub(super) fn of(machine: &Machine<'_>) -> Option<Self> {
        let host = machine.router().filter(|_| !machine.is_podman())?;
        let routes = host.fact.routes.iter().filter(|route| route.destination.prefix > 0);
        let routes = routes.filter_map(|route| IpNet::new(route.destination.address, route.destination.prefix).ok());
        let subnets = machine.topology.networks.values().flat_map(|network| &network.subnets).map(|subnet| subnet.range);
        let taken: Vec<IpNet> = routes.chain(subnets).filter(|range| range.addr().is_ipv4()).collect();
        let pools = pools(machine.settings);
        let ranges = pools.iter().filter_map(ranges);
        let all = ranges.clone().map(|(_, count)| count).sum();
        let candidates = ranges.flat_map(|(each, _)| each).take(MOST_TRIED);
        let free = |range: &Ipv4Net| !taken.iter().any(|taken| overlap(taken, &IpNet::V4(*range)));
        Some(Self { all, count: candidates.filter(free).take(MOST_FREE).count() })
    }

    /// The number of free ones in words.
    pub(super) fn words(self) -> String {
        let or_more = if self.count == MOST_FREE { " or more" } else { "" };
        format!("{}{or_more} of {} ranges for networks are free", self.count, self.all)
    }
}

/// The subnets of an IPv4 pool, and how many they are.
fn ranges(pool: &AddressPool) -> Option<(impl Iterator<Item = Ipv4Net> + use<>, u64)> {
    let IpNet::V4(base) = pool.base else { return None };
    let count = 1_u64 << pool.size.checked_sub(base.prefix_len())?.min(32);
    Some((base.subnets(pool.size).ok()?, count))
}

/// Whether two ranges have addresses in common.
pub(super) fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// The pools of an engine: its own, or those that are built in (libnetwork's `ipamutils`).
pub(super) fn pools(settings: &EngineSettings) -> Vec<AddressPool> {
    let pool = |address: [u8; 4], prefix: u8, size: u8| {
        let base = Ipv4Net::new(Ipv4Addr::from(address), prefix).ok()?;
        Some(AddressPool { base: IpNet::V4(base), size })
    };
    if settings.address_pools.iter().any(|pool| pool.base.addr().is_ipv4()) {
        return settings.address_pools.clone();
    }
    let large = (17..=31).filter_map(|second| pool([172, second, 0, 0], 16, 16));
    large.chain(pool([192, 168, 0, 0], 16, 20)).collect()
}
