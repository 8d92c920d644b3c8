//! Other reverse proxies than nginx.

use super::setup::{Server, Setup};

/// HAProxy 2.6.
#[derive(Debug, Clone)]
pub struct Haproxy<'a> {
    /// What stands behind the usual `defaults`, such as `frontend` and `backend` sections.
    pub config: &'a str,
    /// A port that it listens on.
    pub port: u16,
}

impl Server for Haproxy<'_> {
    fn setup(&self) -> Setup {
        let defaults = "global\n    log stdout format raw local0\ndefaults\n    mode http\n    log global\n    option httplog\n    \
                        timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n";
        let file = "/etc/haproxy/haproxy.cfg";
        Setup::new(self.port, ["haproxy", "-W", "-db", "-f", file]).file(file, format!("{defaults}{}", self.config))
    }
}

/// Caddy 2.6.
#[derive(Debug, Clone)]
pub struct Caddy<'a> {
    /// The Caddyfile. With addresses such as `:80` or `http://…` it asks no authority for certificates.
    pub config: &'a str,
    /// A port that it listens on.
    pub port: u16,
}

impl Server for Caddy<'_> {
    fn setup(&self) -> Setup {
        let file = "/etc/caddy/Caddyfile";
        Setup::new(self.port, ["caddy", "run", "--config", file]).file(file, self.config)
    }
}
