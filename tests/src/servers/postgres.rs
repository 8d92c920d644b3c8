//! PostgreSQL.

use super::certificates::Pair;
use super::setup::{CHAIN, File, KEY, Ready, START_LIMIT, Server, Setup};
use crate::container::Container;
use crate::poll;

/// The number of the user `postgres` in the image.
const USER: u64 = 901;

/// PostgreSQL 15 on port 5432, with the superuser `postgres`, who has no password and gets in from its own container only.
#[derive(Debug, Clone)]
pub struct Postgres<'a> {
    /// `listen_addresses`: `*`, or addresses.
    pub listen: &'a str,
    /// The certificate for SSL; without one SSL is off.
    pub ssl: Option<&'a Pair>,
    /// `pg_hba.conf`: who may connect from where.
    pub hba: &'a str,
    /// `max_connections`. None is kept for superusers.
    pub max_connections: u16,
}

impl Default for Postgres<'_> {
    fn default() -> Self {
        let hba = "local all all trust\nhost all all all scram-sha-256\n";
        Self { listen: "*", ssl: None, hba, max_connections: 100 }
    }
}

impl Server for Postgres<'_> {
    fn setup(&self) -> Setup {
        let listen = format!("listen_addresses={}", self.listen);
        let most = format!("max_connections={}", self.max_connections);
        // Processes that send a log of changes count as connections.
        let own = ["-c", "max_wal_senders=0", "-c", "superuser_reserved_connections=0"];
        let setup = Setup::new(5432, ["postgres", "-c", &listen, "-c", &most])
            .args(own)
            .user("postgres")
            .file("/var/lib/postgresql/data/pg_hba.conf", self.hba)
            .ready(Ready::Says("database system is ready to accept connections".to_owned()));
        let Some(pair) = self.ssl else { return setup };
        let mut setup = setup.args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={CHAIN}")]);
        setup = setup.args(["-c", &format!("ssl_key_file={KEY}")]).file(CHAIN, pair.chain.as_str());
        setup.files.push(File::new(KEY, pair.key.as_str()).only_for(USER));
        setup
    }
}

impl Postgres<'_> {
    /// Takes all connections of a server of this kind, for as long as it runs.
    ///
    /// # Panics
    /// When some are left after all.
    pub fn exhaust(&self, server: &Container) {
        let take_one = || server.exec_detached(&["psql", "-qc", "select pg_sleep(3600)"]);
        (0..self.max_connections).for_each(|_| take_one());
        poll::until("the connections of PostgreSQL to be taken", START_LIMIT, || {
            let full = server.exec(&["psql", "-qc", "select 1"]).stderr.contains("too many clients already");
            // One that came while a connection of before was still being closed was turned away.
            if !full {
                take_one();
            }
            full.then_some(())
        });
    }
}
