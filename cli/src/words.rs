//! The words of the command line: what a user typed for FROM and TARGET, taken apart but not yet held against the engine.
//!
//! ```text
//! FROM    NAME  ID  PROJECT/SERVICE  host  net:NAME
//! TARGET  NAME  PROJECT/SERVICE  IPv4  IPv6  [IPv6]  host  gateway  internet   each with :PORT, :PORT/tcp or :PORT/udp
//!         a connection string, in whatever form programs take one:
//!         SCHEME://[USER[:PASSWORD]@]HOST[:PORT][,HOST…][/…]    jdbc:SCHEME://…    jdbc:oracle:thin:@//HOST:PORT/…
//!         host=HOST port=PORT dbname=…    Server=HOST,PORT;Database=…    USER:PASSWORD@tcp(HOST:PORT)/…    HOST:PORT,HOST:PORT
//! ```
//!
//! Passwords go no further than here, and no user but what a server wants to know before it lets anybody in ([`Login`]).

mod dsn;
mod error;
mod go_mysql;
mod host;
mod jdbc;
mod list;
mod malformed;
mod parameters;
pub(crate) mod placeholder;
mod scheme;
mod spec;
#[cfg(test)]
mod tests;
mod url;
mod userinfo;

use std::net::IpAddr;

use dprobe_probes::application::Application;
use dprobe_probes::text::printable;

use crate::topology::Protocol;

pub use error::WordError;
pub use malformed::{Fault, Malformed};
pub use scheme::default_port;

/// The most hosts of one connection string that are looked at.
const MOST_HOSTS: usize = 16;

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
    /// The URL without credentials, where one was given: with this host alone, where it has several.
    pub url: Option<String>,
    /// What the scheme says is spoken there.
    pub application: Option<Application>,
    /// As whom the URL would log in.
    pub login: Login,
    /// What is wrong with the connection string that it comes from. On a command line nothing is.
    pub malformed: Option<Malformed>,
}

/// As whom a URL logs in, as far as a server wants to know before it says whether it lets one in at all. Never a password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// The database.
    pub database: Option<String>,
}

impl Login {
    /// What is empty and what a terminal would obey is nobody's name: a string escaped it, and a NUL would end a field of a
    /// server's protocol early. What has an `@` behind a colon is no database either, but the rest of credentials.
    fn of(user: Option<String>, database: Option<String>) -> Self {
        let named = |name: &String| !name.is_empty() && printable(name.as_bytes(), usize::MAX) == *name;
        let plain = |name: &String| named(name) && !(name.contains(':') && name.contains('@'));
        Self { user: user.filter(named), database: database.filter(plain) }
    }
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
        Some(url) if url.contains("//") || url.contains('@') => {
            return Err(WordError::SourceUrl { typed: error::shown(word) });
        }
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

/// Takes TARGET apart: one target for each host that it names (`mongodb://a,b,c/db`).
///
/// # Errors
/// [`WordError`] says what was typed, without its credentials, why it is no target, and what one looks like.
pub fn targets(typed: &str) -> Result<Vec<TargetWord>, WordError> {
    let words = read(typed)?;
    match words.iter().find_map(|word| word.malformed.clone()) {
        Some(malformed) => Err(malformed.into()),
        None => Ok(words),
    }
}

/// The first target that TARGET names.
///
/// # Errors
/// As [`targets`].
pub fn target(typed: &str) -> Result<TargetWord, WordError> {
    let first = targets(typed)?.into_iter().next();
    first.ok_or(WordError::Empty { role: "TARGET" })
}

/// The same for a connection string that stands in a program's configuration: what some drivers read as it was meant, and
/// others do not, is read so here, too, with what is wrong in [`TargetWord::malformed`].
///
/// # Errors
/// As [`targets`].
pub fn read(value: &str) -> Result<Vec<TargetWord>, WordError> {
    let word = checked(value, "TARGET")?;
    let first = word.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    if let Some(quote) = first.filter(|_| is_quoted(word)) {
        return Err(quotes(word, quote).into());
    }
    let spec = if dsn::is_one(word) {
        dsn::read(word, None)?
    } else if let Some((scheme, pairs)) = dsn::of_php(word) {
        dsn::read(pairs, Some(scheme))?
    } else if let Some(rest) = jdbc::without_prefix(word) {
        jdbc::read(word, rest)?
    } else if let Some(at) = go_mysql::find(word) {
        go_mysql::read(word, at)?
    } else if let Some(whole) = several_urls(word) {
        // Where they are no URLs one by one, a comma was part of a password.
        if let Ok(words) = several(&whole) {
            return Ok(words);
        }
        url::read(word)?
    } else if word.contains("://") {
        url::read(word)?
    } else if let Some(error) = without_slashes(word) {
        return Err(error);
    } else if word.contains(',') {
        return list::targets(word);
    } else {
        return host::target(word).map(|word| vec![word]);
    };
    spec.targets(word)
}

/// Whether a text is a connection string of names and values, which may have blanks in it (`host=db port=5432`).
#[must_use]
pub fn is_pairs(text: &str) -> bool {
    dsn::is_one(text.trim()) || dsn::of_php(text.trim()).is_some()
}

/// Whole URLs after commas (`nats://a:4222,nats://b:4222`).
fn several_urls(word: &str) -> Option<Vec<&str>> {
    let mut urls = Vec::new();
    let mut start = 0;
    for (at, _) in word.match_indices(',') {
        let next = &word[at + 1..];
        if next.split_once("://").is_some_and(|(scheme, _)| scheme::valid(scheme.trim_start())) {
            urls.push(&word[start..at]);
            start = at + 1;
        }
    }
    urls.push(&word[start..]);
    (urls.len() > 1).then_some(urls)
}

fn several(urls: &[&str]) -> Result<Vec<TargetWord>, WordError> {
    let mut words: Vec<TargetWord> = Vec::new();
    for url in urls.iter().map(|url| url.trim()).take(MOST_HOSTS) {
        for word in url::read(url)?.targets(url)? {
            if words.len() < MOST_HOSTS && !words.contains(&word) {
                words.push(word);
            }
        }
    }
    Ok(words)
}

/// Whether what stands in quotes is a connection string.
fn is_quoted(word: &str) -> bool {
    let bare = word.trim_matches(['"', '\'', '`']);
    bare.contains("://") || bare.contains(',') || is_pairs(bare) || go_mysql::find(bare).is_some()
}

/// `"postgres://…"`, as an env file hands it on.
fn quotes(word: &str, quote: char) -> Malformed {
    let bare = word.trim_matches(quote);
    let right = match read(bare) {
        Ok(words) => words.first().and_then(|word| word.url.clone()),
        Err(_) => None,
    };
    let written = right.as_ref().map_or_else(|| format!("{quote}…{quote}"), |right| format!("{quote}{right}{quote}"));
    Malformed { written, fault: Fault::Quotes { quote }, right, certain: true }
}

/// What a scheme without its slashes was meant to be: `http:web`, `postgres:/db/shop`, `redis//cache`.
fn without_slashes(word: &str) -> Option<WordError> {
    let rest = jdbc::without_prefix(word).unwrap_or(word);
    let jdbc = &word[..word.len() - rest.len()];
    let end = rest.find(':').into_iter().chain(rest.find("//")).min()?;
    let (scheme, after) = (&rest[..end], rest[end..].trim_start_matches(':'));
    let lower = scheme.to_ascii_lowercase();
    let first = after.split(['/', ',']).next().unwrap_or_default();
    let is_port = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    if !scheme::known(&lower) && scheme::meant(&lower).is_none() || after.is_empty() || is_port {
        return None;
    }
    // A container may be called `redis`, and have a port that is none: both are said.
    let after = after.trim_start_matches('/');
    let user = after.rsplit_once('@').map_or(after, |(_, host)| host);
    let mask = if user.len() < after.len() { "***@" } else { "" };
    let shown = crate::redact::query(&error::masked_ports(user));
    let shown = dprobe_probes::text::printable(shown.as_bytes(), 100);
    let separator = &rest[scheme.len()..rest.len() - after.len()];
    let written = format!("{jdbc}{scheme}{separator}{mask}{shown}");
    let right = Some(format!("{jdbc}{scheme}://{mask}{shown}"));
    Some(Malformed { written, fault: Fault::NoSlashes, right, certain: true }.into())
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
    // What reorders text and what is not seen counts as well: a URL has to escape it anyway.
    if printable(word.as_bytes(), usize::MAX) != word {
        return Err(WordError::ControlCharacter { typed: error::shown(word) });
    }
    Ok(word)
}
