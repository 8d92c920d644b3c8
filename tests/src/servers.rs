//! Real servers in containers, each with a configuration of its own.
//!
//! ```no_run
//! use dprobe_tests::servers::Postgres;
//! use dprobe_tests::{Stack, check};
//!
//! let Some(stack) = Stack::with_servers() else { return };
//! let net = stack.network("favorites-net");
//! let web = stack.container("web").on(&net).start();
//! stack.server("db", &Postgres::default()).on(&net).alias("db").start();
//!
//! check([web.name(), "db:5432"]).healthy();
//! ```
//!
//! All of them are in one image, made once from Debian's packages (see [`image`]). In a compose file `@servers` stands for it,
//! and `command` says which server a service is.

mod apt;
pub mod certificates;
mod client;
mod http;
pub mod image;
mod mariadb;
mod messages;
mod nginx;
mod postgres;
mod proxies;
mod redis;
pub mod setup;
mod smtp;
mod tls;

pub use certificates::{Authority, Pair};
pub use client::Client;
pub use http::{Caddy, Haproxy};
pub use mariadb::{Access, Mariadb};
pub use messages::{Memcached, Mosquitto, Nats, RabbitMq};
pub use nginx::Nginx;
pub use postgres::Postgres;
pub use proxies::{Microsocks, Tinyproxy};
pub use redis::Redis;
pub use setup::{File, Ready, Server, Setup};
pub use smtp::Smtp;
pub use tls::Openssl;

use crate::Stack;
use crate::container::Builder;

impl Stack {
    /// An empty stack that servers can be put into; none where their image cannot be made (see [`image`]), which a note on
    /// stderr says.
    #[must_use]
    pub fn with_servers() -> Option<Self> {
        let stack = Self::new();
        image::name().map(|_| stack)
    }

    /// A container of a real server.
    ///
    /// # Panics
    /// When there is no image with servers. [`Stack::with_servers`] asks first.
    pub fn server(&self, name: &str, server: &impl Server) -> Builder<'_> {
        let image = image::name().expect("an image with servers, which `Stack::with_servers` asks for");
        self.container(name).made_from(image).set_up(server.setup())
    }
}
