//! Addresses as people write them.

/// `host:port`, with brackets around an IPv6 literal (RFC 3986).
#[must_use]
pub(super) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
