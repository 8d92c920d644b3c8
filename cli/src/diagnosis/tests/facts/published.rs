//! Facts of what a host publishes: its addresses, and answers to requests.

use dprobe_probes::http::HttpFact;
use dprobe_probes::network::{Interface, InterfaceAddress, NetworkFact};
use dprobe_probes::wire::Fact;

use super::{Facts, ip};

impl Facts {
    /// The answer to a request, by the name in the URL or, with a header, by another.
    pub(in crate::diagnosis::tests) fn requests(self, url: &str, host_header: Option<&str>, status: u16) -> Self {
        let fact = HttpFact {
            url: url.to_owned(),
            host_header: host_header.map(ToOwned::to_owned),
            status: Some(status),
            ..HttpFact::default()
        };
        let place = self.from.clone();
        self.see(&place, Fact::Http(fact))
    }

    /// Interfaces of a place: loopback, and one with this address where one is given.
    pub(in crate::diagnosis::tests) fn has_address(self, place: &str, address: &str) -> Self {
        let interface = |name: &str, loopback: bool, address: &str, prefix: u8| Interface {
            name: name.to_owned(),
            index: 1,
            up: true,
            loopback,
            mtu: 1500,
            mac: None,
            addresses: vec![InterfaceAddress { address: ip(address), prefix }],
        };
        let mut interfaces = vec![interface("lo", true, "127.0.0.1", 8)];
        if !address.is_empty() {
            interfaces.push(interface("eth0", false, address, 24));
        }
        let fact = NetworkFact {
            namespace: 1,
            interfaces,
            routes: Vec::new(),
            ip_forward: None,
            bridge_nf_iptables: None,
            ipv6_forwarding: None,
            ipv6_disabled: None,
            local_port_range: None,
        };
        self.see(place, Fact::Network(fact))
    }
}
