//! MariaDB.

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Ready, START_LIMIT, Server, Setup};
use crate::container::Container;
use crate::poll;

/// From where a user of MariaDB may connect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access<'a> {
    /// There is a user `app` for every host (`'app'@'%'`).
    #[default]
    Everybody,
    /// There is a user `app` for this pattern of hosts, as in `'app'@'192.0.2.%'`.
    From(&'a str),
    /// Nobody may from another container, as a package leaves it.
    Nobody,
}

/// MariaDB 10.11 on port 3306.
#[derive(Debug, Clone)]
pub struct Mariadb<'a> {
    /// `bind-address`.
    pub bind: &'a str,
    /// Who may connect. Others are told error 1130.
    pub access: Access<'a>,
    /// The certificate for TLS; without one the server speaks none.
    pub tls: Option<&'a Pair>,
    /// `max_connections`, not less than 10. One more is kept for an administrator.
    pub max_connections: u16,
}

impl Default for Mariadb<'_> {
    fn default() -> Self {
        Self { bind: "*", access: Access::Everybody, tls: None, max_connections: 151 }
    }
}

impl Server for Mariadb<'_> {
    fn setup(&self) -> Setup {
        let host = match self.access {
            Access::Everybody => Some("%"),
            Access::From(pattern) => Some(pattern),
            Access::Nobody => None,
        };
        let init = "/etc/mysql/init.sql";
        let users = host.map(|host| format!("CREATE USER 'app'@'{host}';\n")).unwrap_or_default();
        let setup = Setup::new(3306, ["mariadbd", &format!("--bind-address={}", self.bind)])
            .args([format!("--max-connections={}", self.max_connections).as_str(), &format!("--init-file={init}")])
            .user("mysql")
            .file(init, format!("CREATE USER 'sleeper'@'localhost';\n{users}"))
            .ready(Ready::Says("ready for connections".to_owned()));
        let Some(pair) = self.tls else { return setup };
        setup.args([format!("--ssl-cert={CHAIN}").as_str(), &format!("--ssl-key={KEY}")]).pair(pair)
    }
}

impl Mariadb<'_> {
    /// Takes all connections of a server of this kind, for as long as it runs.
    ///
    /// # Panics
    /// When some are left after all.
    pub fn exhaust(&self, server: &Container) {
        // One more gets in where the user may do everything, so this one may not.
        let user = ["mariadb", "-u", "sleeper", "-e"];
        for _ in 0..self.max_connections {
            server.exec_detached(&[&user[..], &["select sleep(3600)"]].concat());
        }
        poll::until("the connections of MariaDB to be taken", START_LIMIT, || {
            let one_more = server.exec(&[&user[..], &["select 1"]].concat());
            one_more.stderr.contains("Too many connections").then_some(())
        });
    }
}
