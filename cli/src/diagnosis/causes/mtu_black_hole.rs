//! `mtu-black-hole`: short packets pass, long ones are lost without a word.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "mtu-black-hole",
    summary: "short packets pass and long ones are lost, so connections open and then hang",
    page: r#"
The connection opens, a small answer comes, and a large one hangs for ever. Somewhere on the way packets may not be as long
as the container's network says (its MTU, 1500 bytes), and whoever drops the long ones does not tell, or is not heard.

## How dprobe knows

It sends two echoes (ping) that may not be cut: a short one, which comes back, and one of full length, which does not and
for which no router sent an error. Echoes of lengths in between then show how long a packet may be.

## Why it happens

A VPN, a cloud network or PPPoE carries less than 1500 bytes. A router on the way should say `fragmentation needed` (ICMP)
and the sender would send shorter packets; firewalls that drop all ICMP swallow that message.

## How to fix it

Give the network an MTU that the way carries; networks keep theirs, so it has to be made anew:

    docker network create -o com.docker.network.driver.mtu=1400 favorites-net

In compose: `driver_opts: { com.docker.network.driver.mtu: "1400" }` below the network. In `daemon.json`, `"mtu": 1400` is for
the default bridge, and `"default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}}` for new networks
(Engine 24 and newer).

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx && docker run -d --name api --network favorites-net nginx
    iptables -I DOCKER-USER -m length --length 1301:65535 -j DROP

Related: firewall-drop
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if !case.loses_long_packets() || !case.gets_through() {
        return None;
    }
    let pings = case.pings();
    let headers = |size: u16| u32::from(size) + if case.dialled_addresses().iter().all(std::net::IpAddr::is_ipv6) { 48 } else { 28 };
    let passes = pings.iter().filter(|ping| ping.fact.replied).map(|ping| headers(ping.fact.size)).max()?;
    let lost = pings.iter().filter(|ping| !ping.fact.replied).map(|ping| headers(ping.fact.size)).min()?;
    // Known to within a few bytes only where lengths in between were tried.
    let limit = if passes < 576 { 1280 } else { passes };
    let target = case.address_text();
    let culprit = case.culprit();
    let because = pings.iter().map(|ping| ping.id.to_owned()).chain(culprit.iter().map(|culprit| culprit.id.to_owned()));
    let because = because.collect();
    let network = case.shared_networks().first().copied().or_else(|| case.egress().map(|(key, _)| key));
    let mut fixes = Vec::new();
    if let (Some(source), Some(interface)) = (case.source(), egress_interface(case)) {
        let set = command(&["ip", "link", "set", &interface, "mtu", &limit.to_string()]);
        let name = command(&[source.name.as_str()]);
        let mut fix = run(
            format!("at once and until it is restarted, on the engine's host as root: let {} send shorter packets", source.name),
            vec![format!("nsenter --net=\"$(docker inspect --format '{{{{.NetworkSettings.SandboxKey}}}}' {name})\" {set}")],
        );
        fix.lasting = false;
        fixes.push(fix);
    }
    fixes.push(change(format!(
        "for good, make {} anew with an MTU that the way carries: `-o com.docker.network.driver.mtu={limit}`",
        network.unwrap_or("the network")
    )));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tcp,
        title: format!("packets longer than {passes} bytes do not arrive at {}", case.to.host),
        explanation: format!(
            "A packet of {passes} bytes to {} comes back, one of {lost} is lost, and nobody says so. {target} therefore takes \
             connections and answers what is short; as soon as something long is sent, such as a certificate, a page or a \
             query's result, the connection hangs.",
            case.to.host
        ),
        because,
        fixes,
    })
}

/// The interface of the source through which it reaches the target.
fn egress_interface(case: &Case<'_>) -> Option<String> {
    let seen = case.network_in(&case.from.place)?;
    let address = case.dialled_addresses().into_iter().find(std::net::IpAddr::is_ipv4)?;
    let routes = seen.fact.routes.iter().filter(|route| {
        ipnet::IpNet::new(route.destination.address, route.destination.prefix).is_ok_and(|range| range.contains(&address))
    });
    routes.max_by_key(|route| route.destination.prefix).map(|route| route.interface.clone())
}
