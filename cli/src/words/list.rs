//! Lists of hosts without a scheme: `a:9092,b:9092`, and `cache:6379,password=x,ssl=True` of StackExchange.Redis.

use super::parameters::Parameters;
use super::{TargetWord, WordError, error, host, scheme};
use crate::redact;

/// The port of Kafka's listeners, by which a bare list is told to be one of bootstrap servers.
const KAFKA: u16 = 9092;

/// The targets of a list. All of them are named with their ports, as nothing else tells a list from a slip of the keyboard.
pub(super) fn targets(word: &str) -> Result<Vec<TargetWord>, WordError> {
    let parts: Vec<&str> = word.split(',').map(str::trim).collect();
    // What follows the first option is no host: a password may have a comma in it.
    let (hosts, options) = parts.split_at(parts.iter().position(|part| part.contains('=')).unwrap_or(parts.len()));
    // What goes wrong with one of them is told of that one alone, for what follows may be a password.
    let mut words: Vec<TargetWord> = Vec::new();
    for part in hosts.iter().filter(|part| !part.is_empty()).take(super::MOST_HOSTS) {
        let target = host::target(part).map_err(|error| if word.contains('@') { credentials(word) } else { error })?;
        if !words.iter().any(|known| known.host == target.host && known.port == target.port) {
            words.push(target);
        }
    }
    if words.is_empty() {
        // Whatever the value of an option is, it may be a password; and so may what stands before an `=` and is no name.
        let name = options.first().map_or(word, |option| option.split('=').next().unwrap_or_default());
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | ','));
        let shown = if is_name { name } else { redact::MASK };
        return Err(WordError::NoHost { typed: error::shown(shown), example: "kafka:9092,kafka2:9092" });
    }
    let redis = !options.is_empty();
    let kafka = words.len() > 1 && words.iter().all(|word| word.port.is_some_and(|port| port.port == KAFKA));
    let parameters = Parameters::of_pairs(
        options
            .iter()
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let scheme = if redis { "redis" } else { "kafka" };
    if redis || kafka {
        for word in &mut words {
            word.application = scheme::application(scheme, None).map(|known| parameters.refine(known, false));
            word.port =
                word.port.or_else(|| scheme::default_port(scheme).map(|port| super::PortWord { port, typed: false }));
        }
    }
    Ok(words)
}

/// Of a list with an `@` in it nothing is known not to be a password, unless each of its hosts is one.
fn credentials(word: &str) -> WordError {
    WordError::Character { typed: error::shown(word), character: "@".to_owned() }
}
