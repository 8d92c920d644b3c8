//! Redis.

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Server, Setup};

/// Redis 7 on port 6379.
#[derive(Debug, Clone)]
pub struct Redis<'a> {
    /// `bind`: addresses, separated by a space each; `*` for every one.
    pub bind: &'a str,
    /// `protected-mode`: without a password, only loopback is served.
    pub protected: bool,
    /// `requirepass`.
    pub password: Option<&'a str>,
    /// The certificate for TLS; with one there is nothing but TLS on the port.
    pub tls: Option<&'a Pair>,
    /// `maxclients`.
    pub max_clients: u16,
}

impl Default for Redis<'_> {
    fn default() -> Self {
        Self { bind: "*", protected: false, password: None, tls: None, max_clients: 1000 }
    }
}

impl Server for Redis<'_> {
    fn setup(&self) -> Setup {
        let protected = if self.protected { "yes" } else { "no" };
        let mut setup = Setup::new(6379, ["redis-server", "--save", "", "--protected-mode", protected, "--bind"])
            .args(self.bind.split(' '))
            .args(["--maxclients", &self.max_clients.to_string()]);
        if let Some(password) = self.password {
            setup = setup.args(["--requirepass", password]);
        }
        let Some(pair) = self.tls else { return setup };
        setup
            .args(["--port", "0", "--tls-port", "6379", "--tls-auth-clients", "no"])
            .args(["--tls-cert-file", CHAIN, "--tls-key-file", KEY, "--tls-ca-cert-file", CHAIN])
            .pair(pair)
    }
}
