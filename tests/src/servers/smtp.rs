//! A mail server.

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Server, Setup};

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
        let setup = setup.args(["--tlscert", CHAIN, "--tlskey", KEY]).pair(pair);
        if self.required { setup } else { setup.args(["--no-requiretls"]) }
    }
}
