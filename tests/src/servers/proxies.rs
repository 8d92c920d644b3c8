//! Forward proxies.

use std::fmt::Write as _;

use super::setup::{Server, Setup};

/// tinyproxy 1.11, an HTTP proxy, on port 8888.
#[derive(Debug, Clone, Default)]
pub struct Tinyproxy<'a> {
    /// The only network that it serves (`Allow`), as `192.0.2.0/24`; others get 403. Everybody where there is none.
    pub allow: Option<&'a str>,
    /// The only ports that CONNECT may name (`ConnectPort`); every one where there is none.
    pub connect_ports: &'a [u16],
    /// Name and password that clients have to send (`BasicAuth`); others get 407.
    pub auth: Option<(&'a str, &'a str)>,
}

impl Server for Tinyproxy<'_> {
    fn setup(&self) -> Setup {
        let mut config = "Port 8888\nTimeout 30\nMaxClients 50\nLogLevel Connect\n".to_owned();
        if let Some(network) = self.allow {
            let _ = writeln!(config, "Allow {network}");
        }
        for port in self.connect_ports {
            let _ = writeln!(config, "ConnectPort {port}");
        }
        if let Some((name, password)) = self.auth {
            let _ = writeln!(config, "BasicAuth {name} {password}");
        }
        let file = "/etc/tinyproxy/tinyproxy.conf";
        Setup::new(8888, ["tinyproxy", "-d", "-c", file]).file(file, config)
    }
}

/// microsocks, a SOCKS5 proxy, on port 1080.
#[derive(Debug, Clone, Default)]
pub struct Microsocks<'a> {
    /// Name and password that clients have to send.
    pub auth: Option<(&'a str, &'a str)>,
}

impl Server for Microsocks<'_> {
    fn setup(&self) -> Setup {
        let setup = Setup::new(1080, ["microsocks", "-p", "1080"]);
        let Some((name, password)) = self.auth else { return setup };
        setup.args(["-u", name, "-P", password])
    }
}
