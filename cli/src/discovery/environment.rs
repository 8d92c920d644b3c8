//! The environment: connection strings, lists of hosts, and pairs of host and port.

use dprobe_probes::text::printable;

use super::merge::Merged;
use super::value::{self, Named};
use super::{Configuration, Finding, Surroundings, VARIABLES, is_loopback, names, pairs};
use crate::topology::{LeftOut, Origin, Proxy};
use crate::words::{self, Fault, HostWord, TargetWord};

/// The longest name of a variable that is kept, in characters.
const NAME: usize = 100;

/// The variables of an environment by name, each once: the last one counts.
pub(super) struct Variables<'a> {
    entries: Vec<(&'a str, &'a str)>,
    of_image: &'a [String],
}

impl<'a> Variables<'a> {
    fn of(configuration: &'a Configuration) -> Self {
        let mut entries: Vec<(&str, &str)> = Vec::new();
        for (name, value) in configuration.environment.iter().filter_map(|entry| assignment(entry)).take(VARIABLES) {
            entries.retain(|(known, _)| *known != name);
            entries.push((name, value));
        }
        Self { entries, of_image: &configuration.image_environment }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.entries.iter().copied()
    }

    /// The value of one.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.entries.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Whether it came with the image, and nobody has changed it.
    pub(super) fn is_of_image(&self, name: &str) -> bool {
        let found = |entry: &String| {
            entry.split_once('=').is_some_and(|(known, value)| known == name && self.get(name) == Some(value))
        };
        self.of_image.iter().any(found)
    }
}

/// Name and value of an entry of `Config.Env`. What stands before its `=` is no name where it has an `@`, but the beginning of a
/// connection string that lost its name (`-e 'mongodb://app:secret@db/shop?w=1'`), and then it may hold a password.
pub(crate) fn assignment(entry: &str) -> Option<(&str, &str)> {
    entry.split_once('=').filter(|(name, _)| !name.contains('@'))
}

/// Where something was found: the names of its variables.
pub(super) fn origin(names: &[&str]) -> Origin {
    Origin::Environment(names.iter().map(|name| printable(name.as_bytes(), NAME)).collect())
}

/// Everything that the environment names.
pub(super) fn find(configuration: &Configuration, around: &Surroundings<'_>, found: &mut Merged) {
    let variables = Variables::of(configuration);
    let all: Vec<&str> = variables.iter().map(|(name, _)| name).collect();
    for (name, value) in variables.iter() {
        if names::is_own(name) || names::is_of_link(name, value, &all) {
            continue;
        }
        if names::is_of_proxy(name) {
            proxy(name, value, around, found);
        } else {
            one(name, value, &variables, around, found);
        }
    }
    pairs::find(&variables, around, found);
}

fn one(name: &str, value: &str, variables: &Variables<'_>, around: &Surroundings<'_>, found: &mut Merged) {
    let of_image = variables.is_of_image(name);
    let own = |word: &TargetWord| around.is_own(&word.host);
    match value::connection(value, names::is_of_url(name)) {
        Named::Malformed(malformed) => {
            if of_image || names::is_for_browsers(name) {
                return;
            }
            if let Fault::Placeholder { text } = &malformed.fault
                && words::placeholder::variable(text).is_some_and(|variable| variables.get(variable).is_some())
            {
                return found.left_out(&malformed.written, origin(&[name]), LeftOut::Unresolved);
            }
            found.malformed(malformed, origin(&[name]));
        }
        Named::Targets(targets) => {
            for word in targets.into_iter().filter(|word| !own(word)) {
                let of_the_web = matches!(word.scheme.as_deref(), Some("http" | "https" | "ws" | "wss"));
                if of_the_web && names::is_for_browsers(name) {
                    found.left_out(&word.typed, origin(&[name]), LeftOut::ForBrowsers);
                } else if !of_image || !of_the_web || around.knows(&word.host) {
                    found.add(Finding { word, origin: origin(&[name]) });
                }
            }
        }
        Named::Nothing if names::is_of_places(name) => {
            let kafka = names::is_of_kafka(name);
            let places = value::places(value, kafka).unwrap_or_default();
            for word in places.into_iter().filter(|word| !own(word)) {
                // What a program is told of itself has often this form; of others it is known who they are.
                let telling = kafka || !is_loopback(&word.host);
                let counts = !of_image || around.knows(&word.host);
                if telling && counts && !names::is_for_browsers(name) && is_host(&word.host) {
                    found.add(Finding { word, origin: origin(&[name]) });
                }
            }
        }
        Named::Nothing => {
            if is_of_options(name) && !of_image {
                for word in in_options(value).into_iter().filter(|word| !own(word)) {
                    found.add(Finding { word, origin: origin(&[name]) });
                }
            }
        }
    }
}

/// Whether a host is one that could be connected to.
pub(super) fn is_host(host: &HostWord) -> bool {
    match host {
        HostWord::Name(name) => name.chars().any(char::is_alphabetic),
        HostWord::Address(address) => !address.is_unspecified(),
        _ => false,
    }
}

/// Whether a variable holds flags (`JAVA_OPTS`).
fn is_of_options(name: &str) -> bool {
    ["_OPTS", "_OPTIONS", "_ARGS", "_FLAGS"].iter().any(|end| name.ends_with(end))
}

/// The connection strings among flags: `-Dspring.datasource.url=jdbc:postgresql://db/shop`.
fn in_options(value: &str) -> Vec<TargetWord> {
    let tokens = value.split_whitespace().take(VARIABLES);
    let values = tokens.filter_map(|token| token.split_once('=')).map(|(_, value)| value);
    values
        .filter(|value| value.contains("://"))
        .filter_map(|value| match value::connection(value, false) {
            Named::Targets(found) => Some(found),
            Named::Malformed(_) | Named::Nothing => None,
        })
        .flatten()
        .collect()
}

/// A proxy is dialled as such: what it does with a request is another matter.
fn proxy(name: &str, value: &str, around: &Surroundings<'_>, found: &mut Merged) {
    let Some(proxy) = Proxy::parse(name, value).filter(|_| !name.eq_ignore_ascii_case("no_proxy")) else { return };
    let host = if proxy.host.contains(':') { format!("[{}]", proxy.host) } else { proxy.host };
    if let Ok(word) = words::target(&format!("{host}:{}", proxy.port))
        && !around.is_own(&word.host)
    {
        found.add(Finding { word, origin: origin(&[name]) });
    }
}
