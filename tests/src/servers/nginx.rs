//! nginx.

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Ready, Server, Setup};

/// nginx 1.22, with one configuration file of its own, and its logs on stdout and stderr as in its usual image.
#[derive(Debug, Clone)]
pub struct Nginx<'a> {
    /// `/etc/nginx/conf.d/default.conf`: what stands in the block `http`, such as `server { … }`.
    pub config: &'a str,
    /// A port that it listens on, by which one knows that it is there.
    pub port: u16,
    /// The certificate for every `listen … ssl`.
    pub tls: Option<&'a Pair>,
}

impl Default for Nginx<'_> {
    fn default() -> Self {
        Self {
            config: "server { listen 80; root /var/www/html; index index.nginx-debian.html; }\n",
            port: 80,
            tls: None,
        }
    }
}

impl<'a> Nginx<'a> {
    /// One with this configuration, on port 80.
    #[must_use]
    pub fn with(config: &'a str) -> Self {
        Self { config, ..Self::default() }
    }

    /// A page over TLS on port 443, with this certificate.
    #[must_use]
    pub fn secure(pair: &'a Pair) -> Self {
        Self { config: "server { listen 443 ssl; location / { return 200 \"ok\\n\"; } }\n", port: 443, tls: Some(pair) }
    }
}

impl Server for Nginx<'_> {
    fn setup(&self) -> Setup {
        let mut config = self.config.to_owned();
        let mut setup = Setup::new(self.port, ["nginx", "-g", "daemon off;"]).ready(Ready::Listens(self.port));
        if let Some(pair) = self.tls {
            config.insert_str(0, &format!("ssl_certificate {CHAIN};\nssl_certificate_key {KEY};\n"));
            setup = setup.pair(pair);
        }
        setup.file("/etc/nginx/conf.d/default.conf", config)
    }
}
