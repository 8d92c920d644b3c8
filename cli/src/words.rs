//! The words of the command line: what a user typed for FROM and TARGET, taken apart but not yet held against the engine.
//!
//! ```text
//! FROM    NAME  ID  PROJECT/SERVICE  host  net:NAME
//! TARGET  NAME  PROJECT/SERVICE  IPv4  IPv6  [IPv6]  host  gateway  internet   each with :PORT, :PORT/tcp or :PORT/udp
//!         SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/…]
//! ```

mod error;
mod host;
mod scheme;
#[cfg(test)]
mod tests;
mod url;

use std::net::IpAddr;

use dprobe_probes::application::Application;

use crate::topology::Protocol;

pub use error::WordError;
pub use scheme::default_port;

/// FROM as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceWord {
    /// The word itself.
    pub typed: String,
    /// What it says.
    pub place: PlaceWord,
}

/// A place that a word can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceWord {
    /// `host`: the engine's host.
    Host,
    /// `net:NAME`: a network.
    Network(String),
    /// A container's name, its id or a prefix of it, or a compose service.
    Container(String),
    /// `project/service`: a compose service of a project.
    Service {
        /// The project.
        project: String,
        /// The service.
        service: String,
    },
}

/// TARGET as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetWord {
    /// The word itself, without credentials.
    pub typed: String,
    /// The host part.
    pub host: HostWord,
    /// The port, where one was typed or the scheme implies one.
    pub port: Option<PortWord>,
    /// The transport.
    pub protocol: Protocol,
    /// The scheme in lower case, where a URL was given.
    pub scheme: Option<String>,
    /// The URL without credentials, where one was given. Of several hosts it names the first one only.
    pub url: Option<String>,
    /// What the scheme says is spoken there.
    pub application: Option<Application>,
    /// As whom the URL would log in.
    pub login: Login,
    /// How many further hosts the URL names (`mongodb://a,b,c/db`). They are not looked at.
    pub further_hosts: usize,
}

/// As whom a URL logs in, as far as a server wants to know before it says whether it lets one in at all. Never a password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// The database.
    pub database: Option<String>,
}

/// The host part of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostWord {
    /// A name that is neither of the words below: a container, a service, an alias, `localhost`, `host.docker.internal`,
    /// a name of the outside world.
    Name(String),
    /// `project/service`.
    Service {
        /// The project.
        project: String,
        /// The service.
        service: String,
    },
    /// An address literal.
    Address(IpAddr),
    /// `host`: the engine's host.
    Host,
    /// `gateway`: the source's default gateway.
    Gateway,
    /// `internet`: what the setting of that name means.
    Internet,
}

/// The port of a target and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortWord {
    /// The port.
    pub port: u16,
    /// Whether the user typed it; otherwise the scheme implies it.
    pub typed: bool,
}

/// Takes FROM apart.
///
/// # Errors
/// [`WordError`] says what was typed, why it is no source, and what one looks like.
pub fn source(typed: &str) -> Result<SourceWord, WordError> {
    let word = checked(typed, "FROM")?;
    let place = match word.strip_prefix("net:") {
        Some("") => return Err(WordError::NetworkWithoutName),
        Some(network) => PlaceWord::Network(network.to_owned()),
        None if word == "host" => PlaceWord::Host,
        None if word.contains("://") => return Err(WordError::SourceUrl { typed: error::shown(word) }),
        None => match host::host(word, word)? {
            HostWord::Name(name) => PlaceWord::Container(name),
            HostWord::Service { project, service } => PlaceWord::Service { project, service },
            _ => return Err(WordError::SourceAddress { typed: error::shown(word) }),
        },
    };
    Ok(SourceWord { typed: word.to_owned(), place })
}

/// Takes TARGET apart.
///
/// # Errors
/// [`WordError`] says what was typed, without its credentials, why it is no target, and what one looks like.
pub fn target(typed: &str) -> Result<TargetWord, WordError> {
    let word = checked(typed, "TARGET")?;
    if word.contains("://") { url::target(word) } else { host::target(word) }
}

/// A word without the blanks around it, if there is anything left of it and nothing in it that a terminal would obey.
fn checked<'a>(typed: &'a str, role: &'static str) -> Result<&'a str, WordError> {
    let word = typed.trim();
    if word.is_empty() {
        return Err(WordError::Empty { role });
    }
    if word.len() > error::LONGEST {
        return Err(WordError::TooLong { typed: error::shown(word), bytes: word.len(), limit: error::LONGEST });
    }
    if word.chars().any(char::is_control) {
        return Err(WordError::ControlCharacter { typed: error::shown(word) });
    }
    Ok(word)
}
