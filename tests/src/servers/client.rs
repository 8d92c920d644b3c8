//! The other end.

use super::setup::{Ready, Server, Setup};

/// No server, but a container with the clients of the image (`psql`, `mariadb`, `redis-cli`, `openssl`, `python3`) and with
/// Debian's bundle of authorities.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client;

impl Server for Client {
    fn setup(&self) -> Setup {
        Setup::new(0, ["sleep", "infinity"]).ready(Ready::AtOnce)
    }
}
