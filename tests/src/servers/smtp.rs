//! A mail server.

use super::certificates::Pair;
use super::setup::{Server, Setup};

/// Python's aiosmtpd on port 25, which takes every mail and keeps none.
#[derive(Debug, Clone, Default)]
pub struct Smtp<'a> {
    /// The certificate for STARTTLS; without one it is not offered.
    pub starttls: Option<&'a Pair>,
    /// With a certificate: whether clients have to switch to TLS before anything else.
    pub required: bool,
}

impl Server for Smtp<'_> {
    fn setup(&self) -> Setup {
        let sink = "aiosmtpd.handlers.Sink";
        let setup = Setup::new(25, ["python3", "-m", "aiosmtpd", "-n", "-l", "0.0.0.0:25", "-c", sink]);
        let Some(pair) = self.starttls else { return setup };
        let (chain, key) = ("/etc/ssl/certs/server.pem", "/etc/ssl/server.key");
        let setup = setup.args(["--tlscert", chain, "--tlskey", key]);
        let setup = if self.required { setup } else { setup.args(["--no-requiretls"]) };
        setup.file(chain, pair.chain.as_str()).file(key, pair.key.as_str())
    }
}
