//! The kernel's list, from `sock_diag(7)` or from /proc.

use std::net::{IpAddr, Ipv4Addr};

use super::{ListenerSocket, ListenersFact, ListenersSource, proc_net, sock_diag};

/// The most sockets that are reported.
const MAX_SOCKETS: usize = 4096;
/// The address of the engine's own resolver, which every container on a user network has.
const ENGINE_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));

/// Read the listening sockets of this namespace.
///
/// # Errors
/// When neither the kernel's socket diagnosis nor /proc can be read; the text says why.
pub fn read() -> Result<ListenersFact, String> {
    let (sockets, source) = match sock_diag::read() {
        Ok(sockets) => (sockets, ListenersSource::SockDiag),
        Err(diag) => match proc_net::read() {
            Ok(sockets) => (sockets, ListenersSource::Proc),
            Err(proc) => return Err(format!("sock_diag: {diag}; /proc/net: {proc}")),
        },
    };
    Ok(fact(sockets, source))
}

fn fact(mut sockets: Vec<ListenerSocket>, source: ListenersSource) -> ListenersFact {
    sockets.retain(|socket| socket.address != ENGINE_RESOLVER);
    sockets.sort_by_key(|socket| (socket.protocol, socket.port, socket.address));
    let truncated = sockets.len() > MAX_SOCKETS;
    sockets.truncate(MAX_SOCKETS);
    ListenersFact { sockets, source, truncated }
}
