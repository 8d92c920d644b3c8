//! What a connection string says, whatever it was written as, and the targets that it names. There is no password in it.

use dprobe_probes::application::Application;

use super::malformed::Malformed;
use super::{HostWord, Login, PortWord, TargetWord, WordError, error, host, scheme};

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The host: a name, or an address, which may be in brackets.
    pub(super) host: String,
    /// The port, where one is written.
    pub(super) port: Option<u16>,
}

/// What a connection string says.
#[derive(Debug)]
pub(super) struct Spec {
    /// `jdbc:`, or nothing.
    pub(super) prefix: String,
    /// The scheme as it is shown.
    pub(super) scheme_typed: String,
    /// The scheme in lower case.
    pub(super) scheme: String,
    /// The hosts; at least one.
    pub(super) hosts: Vec<Place>,
    /// Path and parameters, without secrets.
    pub(super) tail: String,
    /// What is spoken there.
    pub(super) application: Option<Application>,
    /// As whom.
    pub(super) login: Login,
    /// What is wrong with it, where some drivers read it as it was meant nevertheless.
    pub(super) malformed: Option<Malformed>,
}

impl Place {
    /// Takes `HOST[:PORT]` apart.
    pub(super) fn read(text: &str, whole: &str) -> Result<Self, WordError> {
        let (host, port) = host::split_port(text, whole)?;
        Ok(Self { host: host.to_owned(), port })
    }

    fn text(&self) -> String {
        let host = if self.host.contains(':') && !self.host.starts_with('[') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

impl Spec {
    /// One of a form that has no URL: its URL is made up.
    pub(super) fn of(scheme: &str, hosts: Vec<Place>, database: Option<&str>) -> Self {
        let plain = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        Self {
            prefix: String::new(),
            scheme_typed: scheme.to_owned(),
            scheme: scheme.to_owned(),
            application: scheme::application(scheme, hosts.first().and_then(|place| place.port)),
            hosts,
            tail: database.filter(plain).map(|name| format!("/{name}")).unwrap_or_default(),
            login: Login::default(),
            malformed: None,
        }
    }

    /// A target for each host, each once.
    pub(super) fn targets(self, whole: &str) -> Result<Vec<TargetWord>, WordError> {
        let mut words: Vec<TargetWord> = Vec::with_capacity(self.hosts.len());
        for place in self.hosts.iter().take(super::MOST_HOSTS) {
            // The words `host`, `gateway` and `internet` mean nothing in a URL: a program would look them up.
            let host = match host::host(&place.host, whole)? {
                HostWord::Service { .. } => return Err(WordError::Slash { typed: error::shown(whole) }),
                host => host,
            };
            let typed = place.port.map(|port| PortWord { port, typed: true });
            let port = typed.or_else(|| scheme::default_port(&self.scheme).map(|port| PortWord { port, typed: false }));
            let at = place.text();
            let word = TargetWord {
                typed: format!("{}{}://{at}{}", self.prefix, self.scheme_typed, self.tail),
                host,
                port,
                protocol: scheme::protocol(&self.scheme),
                url: Some(format!("{}://{at}{}", self.scheme, self.tail)),
                application: self.application,
                login: self.login.clone(),
                scheme: Some(self.scheme.clone()),
                malformed: self.malformed.clone(),
            };
            if !words.iter().any(|known| known.host == word.host && known.port == word.port) {
                words.push(word);
            }
        }
        Ok(words)
    }
}
