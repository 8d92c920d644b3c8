//! TLS that is particular about its clients.

use super::certificates::Pair;
use super::setup::{CHAIN, KEY, Server, Setup};

/// OpenSSL's `s_server` on port 443, which answers every request with what was agreed on.
#[derive(Debug, Clone)]
pub struct Openssl<'a> {
    /// The certificate.
    pub pair: &'a Pair,
    /// More options, as in openssl-s_server(1): `-tls1_2`, `-cipher`, or `-Verify 1` for clients that have to show a
    /// certificate.
    pub options: &'a [&'a str],
}

impl Server for Openssl<'_> {
    fn setup(&self) -> Setup {
        let argv = ["openssl", "s_server", "-accept", "443", "-www", "-cert", CHAIN, "-cert_chain", CHAIN, "-key", KEY];
        Setup::new(443, argv).args(self.options.iter().copied()).pair(self.pair)
    }
}
