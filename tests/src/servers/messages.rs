//! Brokers of messages, and a cache.

use std::fmt::Write as _;

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Ready, Server, Setup};

/// Mosquitto 2.0, an MQTT broker, on port 1883.
#[derive(Debug, Clone)]
pub struct Mosquitto<'a> {
    /// Whether it has a `listener`. Without one it serves loopback only.
    pub listener: bool,
    /// `allow_anonymous`. Where it is false, nobody gets in, for there are no users.
    pub anonymous: bool,
    /// The certificate for TLS, which is then the only thing on the port.
    pub tls: Option<&'a Pair>,
}

impl Default for Mosquitto<'_> {
    fn default() -> Self {
        Self { listener: true, anonymous: true, tls: None }
    }
}

impl Server for Mosquitto<'_> {
    fn setup(&self) -> Setup {
        let file = "/etc/mosquitto/mosquitto.conf";
        let mut config = format!("log_dest stderr\nallow_anonymous {}\n", self.anonymous);
        let mut setup = Setup::new(1883, ["mosquitto", "-c", file]);
        if self.listener {
            config.push_str("listener 1883\n");
        }
        if let Some(pair) = self.tls {
            let _ = writeln!(config, "certfile {CHAIN}\nkeyfile {KEY}");
            setup = setup.pair(pair);
        }
        setup.file(file, config)
    }
}

/// NATS 2.9 on port 4222.
#[derive(Debug, Clone)]
pub struct Nats<'a> {
    /// The address that it listens on.
    pub address: &'a str,
    /// The token that clients have to send.
    pub token: Option<&'a str>,
    /// The certificate for TLS, which clients have to switch to.
    pub tls: Option<&'a Pair>,
}

impl Default for Nats<'_> {
    fn default() -> Self {
        Self { address: "0.0.0.0", token: None, tls: None }
    }
}

impl Server for Nats<'_> {
    fn setup(&self) -> Setup {
        let mut setup = Setup::new(4222, ["nats-server", "--addr", self.address]);
        if let Some(token) = self.token {
            setup = setup.args(["--auth", token]);
        }
        let Some(pair) = self.tls else { return setup };
        setup.args(["--tls", "--tlscert", CHAIN, "--tlskey", KEY]).pair(pair)
    }
}

/// RabbitMQ 3.10 on port 5672, without its management pages. It takes several seconds to start.
#[derive(Debug, Clone, Default)]
pub struct RabbitMq<'a> {
    /// The certificate for a second listener, with TLS on port 5671.
    pub tls: Option<&'a Pair>,
}

impl Server for RabbitMq<'_> {
    fn setup(&self) -> Setup {
        let ready = Ready::Says("Starting broker... completed".to_owned());
        let setup = Setup::new(5672, ["rabbitmq-server"]).ready(ready);
        let Some(pair) = self.tls else { return setup };
        let config = format!(
            "listeners.ssl.default = 5671\nssl_options.certfile = {CHAIN}\nssl_options.keyfile = {KEY}\n\
             ssl_options.verify = verify_none\n"
        );
        setup.pair(pair).file("/etc/rabbitmq/rabbitmq.conf", config)
    }
}

/// memcached 1.6 on port 11211.
#[derive(Debug, Clone)]
pub struct Memcached<'a> {
    /// The address that it listens on.
    pub address: &'a str,
}

impl Default for Memcached<'_> {
    fn default() -> Self {
        Self { address: "0.0.0.0" }
    }
}

impl Server for Memcached<'_> {
    fn setup(&self) -> Setup {
        Setup::new(11211, ["memcached", "-u", "memcache", "-l", self.address])
    }
}
