//! The parameters of a connection string: what they say of TLS and of the login, and which of them may be shown.

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};
use percent_encoding::percent_decode_str;

/// The most parameters of one string that are looked at.
const MOST: usize = 64;

/// Parameters that give nothing away, in lower case. A list of what may be shown, not of what may not: the rest of a
/// password with an `&` in it looks like a parameter, too.
const HARMLESS: [&str; 22] = [
    "authsource",
    "directconnection",
    "encrypt",
    "loadbalanced",
    "readpreference",
    "replicaset",
    "requiressl",
    "retrywrites",
    "ssl",
    "ssl-mode",
    "ssl_cert_reqs",
    "sslmode",
    "sslnegotiation",
    "starttls",
    "target_session_attrs",
    "targetservertype",
    "tls",
    "tlsallowinvalidcertificates",
    "tlsallowinvalidhostnames",
    "tlsinsecure",
    "usessl",
    "verifyservercertificate",
];

/// Names with their values, percent-decoded, in the order in which they stand there.
#[derive(Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Takes `a=b&c=d` apart; `;` separates as well (`jdbc:sqlserver`).
    pub(super) fn of_query(query: &str) -> Self {
        let pairs = query.split(['&', ';']).filter(|piece| !piece.is_empty()).take(MOST);
        Self(
            pairs
                .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
                .map(|(n, v)| (decoded(n), decoded(v)))
                .collect(),
        )
    }

    /// Parameters that stand there as they are.
    pub(super) fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().take(MOST).collect())
    }

    /// The value of the first of these names that is there. Names are compared without case, blanks and separators.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        let found = |wanted: &&str| self.0.iter().rev().find(|(name, _)| plain(name) == plain(wanted));
        names.iter().find_map(found).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether any of these names is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.get(names).is_some()
    }

    /// The names, for messages: a value may be a secret, and a part of one may look like a name, so only short words count.
    pub(super) fn names(&self) -> String {
        let is_word =
            |name: &str| name.len() <= 24 && name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '_'));
        let known = |name: &&str| is_word(name) && super::dsn::is_one(&format!("{name}="));
        let names: Vec<String> =
            self.0.iter().map(|(name, _)| name.as_str()).filter(known).map(|n| format!("{n}=…")).collect();
        names.join(" ")
    }

    fn is_on(&self, names: &[&str]) -> bool {
        self.get(names).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on"))
    }

    fn is_off(&self, names: &[&str]) -> bool {
        self.get(names).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off"))
    }

    /// Those that may be shown, as a query with its question mark; empty where there are none.
    pub(super) fn shown(&self) -> String {
        let harmless = |(name, value): &&(String, String)| {
            HARMLESS.contains(&name.to_ascii_lowercase().as_str())
                && !value.is_empty()
                && value.len() <= 40
                && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let shown: Vec<String> =
            self.0.iter().filter(harmless).map(|(name, value)| format!("{name}={value}")).collect();
        if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) }
    }

    /// What a driver makes of TLS where its parameters say something about it.
    pub(super) fn refine(&self, application: Application, jdbc: bool) -> Application {
        let (security, verify) = match application.protocol {
            ApplicationProtocol::Postgres => self.postgres(jdbc),
            ApplicationProtocol::Mysql => self.mysql(),
            ApplicationProtocol::Mongodb => Some(self.mongodb(application.security)),
            ApplicationProtocol::Redis => Some(self.redis(application.security)),
            ApplicationProtocol::Amqp => self.amqp(),
            ApplicationProtocol::Smtp => self.smtp(application.security),
            _ => None,
        }
        .unwrap_or((application.security, application.verify));
        Application { security, verify, ..application }
    }

    /// `sslmode` (libpq, 32.19.3), and `ssl` of drivers that have no libpq.
    fn postgres(&self, jdbc: bool) -> Option<(Security, Verify)> {
        use Security::{Plain, Preferred, Tls, Upgrade};
        let direct = self.get(&["sslnegotiation"]) == Some("direct");
        let ssl = self.get(&["ssl"]).filter(|value| !matches!(*value, "true" | "false"));
        if let Some(mode) = self.get(&["sslmode", "ssl-mode"]).or(ssl) {
            let upgrade = if direct { Tls } else { Upgrade };
            return Some(match mode.to_ascii_lowercase().as_str() {
                "disable" => (Plain, Verify::Nothing),
                "require" | "no-verify" | "required" => (upgrade, Verify::Nothing),
                "verify-ca" | "verifyca" => (upgrade, Verify::Chain),
                "verify-full" | "verifyfull" => (upgrade, Verify::Full),
                _ => (Preferred, Verify::Nothing),
            });
        }
        match (self.is_on(&["ssl"]), self.is_off(&["ssl"]), jdbc) {
            (true, ..) => Some((Upgrade, Verify::Full)),
            (_, true, _) => Some((Plain, Verify::Nothing)),
            _ => None,
        }
    }

    /// `ssl-mode` of the client, `sslMode` of Connector/J, `tls` of Go's driver, `useSSL` of older ones.
    fn mysql(&self) -> Option<(Security, Verify)> {
        use Security::{Plain, Preferred, Upgrade};
        if let Some(mode) = self.get(&["ssl-mode", "sslmode", "tls"]) {
            return Some(match plain(mode).as_str() {
                "disabled" | "disable" | "none" | "false" | "0" => (Plain, Verify::Nothing),
                "required" | "require" | "trust" | "skipverify" => (Upgrade, Verify::Nothing),
                "verifyca" => (Upgrade, Verify::Chain),
                "verifyidentity" | "verifyfull" | "true" | "1" => (Upgrade, Verify::Full),
                _ => (Preferred, Verify::Nothing),
            });
        }
        let verify = if self.is_on(&["verifyservercertificate"]) { Verify::Chain } else { Verify::Nothing };
        let names = ["usessl", "ssl", "requiressl"];
        match (self.is_on(&names), self.is_off(&names)) {
            (true, _) => Some((Upgrade, verify)),
            (_, true) => Some((Plain, Verify::Nothing)),
            _ => None,
        }
    }

    /// `tls` and its kin (Connection String Options of `MongoDB`).
    fn mongodb(&self, security: Security) -> (Security, Verify) {
        let security = match (self.is_on(&["tls", "ssl"]), self.is_off(&["tls", "ssl"])) {
            (true, _) => Security::Tls,
            (_, true) => Security::Plain,
            _ => security,
        };
        let verify = if self.is_on(&["tlsinsecure", "tlsallowinvalidcertificates"]) {
            Verify::Nothing
        } else if self.is_on(&["tlsallowinvalidhostnames"]) {
            Verify::Chain
        } else {
            Verify::Full
        };
        (security, verify)
    }

    /// `ssl_cert_reqs` of redis-py, `ssl` of StackExchange.Redis.
    fn redis(&self, security: Security) -> (Security, Verify) {
        let security = if self.is_on(&["ssl", "tls"]) { Security::Tls } else { security };
        let none =
            self.get(&["ssl_cert_reqs"]).is_some_and(|value| matches!(plain(value).as_str(), "none" | "certnone"));
        (security, if none { Verify::Nothing } else { Verify::Full })
    }

    /// `verify` of RabbitMQ's URI query parameters.
    fn amqp(&self) -> Option<(Security, Verify)> {
        (self.get(&["verify"]) == Some("verify_none")).then_some((Security::Tls, Verify::Nothing))
    }

    fn smtp(&self, security: Security) -> Option<(Security, Verify)> {
        let wanted = self.is_on(&["starttls"]) || self.get(&["tls", "starttls"]) == Some("required");
        (wanted && security == Security::Plain).then_some((Security::Upgrade, Verify::Full))
    }
}

/// A name as it is compared: in lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A text without its percent-encoding (RFC 3986, 2.1). What is no encoding stays as it is.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
