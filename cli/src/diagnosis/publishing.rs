//! Published ports: whether the host itself is dialled, who answers there, and why the engine could not publish.

use std::net::IpAddr;

use dprobe_probes::tcp::{TcpFact, TcpOutcome};

use super::case::{Case, Seen};
use crate::report::TargetKind;
use crate::resolve::HOST;
use crate::topology::{Container, Protocol, PublishedPort};

/// Why the engine could not publish a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublishError {
    /// Somebody has it: a container ("port is already allocated") or a program ("address already in use").
    Taken,
    /// The host does not have the address that was to be bound.
    NoSuchAddress,
    /// Ports below 1024 belong to root, which an engine without root is not.
    NotAllowed,
}

/// What an engine's error says of publishing; none where it speaks of something else.
pub(super) fn publish_error(error: &str) -> Option<PublishError> {
    let text = error.to_ascii_lowercase();
    let says = |words: &str| text.contains(words);
    if says("port is already allocated") || says("address already in use") {
        return Some(PublishError::Taken);
    }
    // Docker Desktop's words, and those of every other engine.
    let desktop = says("ports are not available");
    if !desktop && !says("programming external connectivity") {
        return None;
    }
    if says("cannot assign requested address") {
        Some(PublishError::NoSuchAddress)
    } else if says("permission denied") || says("privileged port") {
        Some(PublishError::NotAllowed)
    } else {
        desktop.then_some(PublishError::Taken)
    }
}

/// Somebody else than the container that publishes a port, who answers for it on another address of the host.
pub(super) struct Another<'a> {
    /// The connect that was answered.
    pub(super) dial: Seen<'a, TcpFact>,
    /// The container that publishes the port elsewhere.
    pub(super) container: &'a Container,
    /// How it does.
    pub(super) published: PublishedPort,
}

impl<'a> Case<'a> {
    /// Whether an address of the host itself is dialled, from inside it or from a container.
    #[must_use]
    pub fn dials_host_itself(&self) -> bool {
        match self.to.kind {
            TargetKind::Host => true,
            TargetKind::Loopback => self.from_host(),
            TargetKind::Address => {
                let own = self.network_in(&self.from.place);
                let address: Option<IpAddr> = self.to.host.parse().ok();
                self.from_host() && own.zip(address).is_some_and(|(own, address)| own.fact.owns(address))
            }
            TargetKind::Container | TargetKind::Name | TargetKind::Remote => false,
        }
    }

    /// Whether the target does not run because the engine could not publish a port of it.
    #[must_use]
    pub fn publishing_failed(&self) -> bool {
        self.target().is_some_and(|target| {
            let owner = self.topology.namespace_owner(target);
            !owner.state.status.has_processes() && publish_error(&owner.state.error).is_some()
        })
    }

    /// Whether the container that publishes the dialled port is not the one that answers at the dialled address.
    #[must_use]
    pub fn answered_by_another(&self) -> bool {
        self.another().is_some()
    }

    /// Who publishes the dialled port, where the first address to connect is not one that the engine publishes on.
    ///
    /// Engines before 20.10 name 0.0.0.0 alone while they answer on both families, so what is published on every address
    /// is only judged where a socket of the host has that very address.
    pub(super) fn another(&self) -> Option<Another<'a>> {
        let port = self.to.port.filter(|_| self.to.protocol == Protocol::Tcp && self.dials_host_itself())?;
        let (container, published) = self.topology.publisher(port, Protocol::Tcp, None)?;
        let dial = self.first_connected()?;
        let address = dial.fact.address;
        let specific = published.host_ip.is_some_and(|host_ip| !host_ip.is_unspecified());
        let bound = || {
            self.listeners_in(HOST).is_some_and(|seen| {
                seen.fact
                    .sockets
                    .iter()
                    .any(|socket| socket.protocol == Protocol::Tcp && socket.port == port && socket.address == address)
            })
        };
        let covered = self.topology.publisher(port, Protocol::Tcp, Some(address)).is_some();
        (!covered && (specific || bound())).then_some(Another { dial, container, published })
    }

    /// The connect that a program would stay with: the first in the order of the name's addresses that is established.
    fn first_connected(&self) -> Option<Seen<'a, TcpFact>> {
        let dials = self.dials();
        let mut connected = self.dialled_addresses().into_iter().filter_map(|address| {
            dials.iter().find(|dial| dial.fact.address == address && dial.fact.outcome == TcpOutcome::Connected)
        });
        connected.next().copied()
    }

    /// The running containers that serve a port inside, and answer for it on another port of the host.
    pub(super) fn published_elsewhere(&self, port: u16) -> Vec<(&'a Container, PublishedPort)> {
        self.topology
            .containers
            .values()
            .filter(|container| container.state.status.has_processes())
            .filter_map(|container| {
                let found = container.published.iter().find(|published| {
                    published.container_port == port
                        && published.protocol == self.to.protocol
                        && published.host_port.is_some_and(|host| host != port)
                })?;
                Some((container, *found))
            })
            .take(4)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_engines_for_a_port_that_cannot_be_published() {
        let taken = [
            // Engine 20.10.
            "driver failed programming external connectivity on endpoint b (4f58): Bind for 0.0.0.0:80 failed: port is \
             already allocated",
            "driver failed programming external connectivity on endpoint b (4f58): Error starting userland proxy: listen \
             tcp4 0.0.0.0:80: bind: address already in use",
            // Engine 28.
            "failed to set up container networking: driver failed programming external connectivity on endpoint b (4f58): \
             failed to bind host port 0.0.0.0:80/tcp: address already in use",
            // Docker Desktop.
            "Ports are not available: exposing port TCP 0.0.0.0:80 -> 127.0.0.1:0: listen tcp 0.0.0.0:80: bind: An attempt \
             was made to access a socket in a way forbidden by its access permissions.",
        ];
        for error in taken {
            assert_eq!(publish_error(error), Some(PublishError::Taken), "{error}");
        }
        let absent = "driver failed programming external connectivity on endpoint b (4f58): Error starting userland proxy: \
                      listen tcp4 10.9.9.9:80: bind: cannot assign requested address";
        assert_eq!(publish_error(absent), Some(PublishError::NoSuchAddress));
        let rootless = "driver failed programming external connectivity on endpoint b (4f58): Error starting userland \
                        proxy: error while calling PortManager.AddPort(): cannot expose privileged port 80, you can add \
                        'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf";
        assert_eq!(publish_error(rootless), Some(PublishError::NotAllowed));
        for other in
            ["", "OCI runtime create failed: exec: \"x\": executable file not found in $PATH", "network n not found"]
        {
            assert_eq!(publish_error(other), None, "{other}");
        }
    }
}
