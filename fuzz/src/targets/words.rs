//! What a user types for FROM and TARGET, which may come from an environment and hold a password.

use dprobe::words::{source, target};

use crate::check::{self, SECRET};

/// Any words.
pub(super) fn words(data: &[u8]) {
    let typed = String::from_utf8_lossy(data);
    match target(&typed) {
        Ok(word) => {
            check::printable(&word.typed);
            check::printable(word.url.as_deref().unwrap_or_default());
            assert!(word.port.is_none_or(|port| port.port > 0), "{word:?}");
            // The URL is what goes to the agent and into the report, so it has to mean the same.
            if let Some(url) = &word.url {
                let again = target(url).unwrap_or_else(|error| panic!("{url:?}, made of {typed:?}: {error}"));
                assert_eq!(
                    (&again.host, again.port.map(|port| port.port)),
                    (&word.host, word.port.map(|port| port.port))
                );
            }
        }
        Err(error) => check::printable(&error.to_string()),
    }
    match source(&typed) {
        Ok(word) => check::printable(&word.typed),
        Err(error) => check::printable(&error.to_string()),
    }
}

/// A URL with a password. The first line is what follows the password, the second the scheme, the third what stands in the
/// password after the secret.
pub(super) fn secret(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let rest = lines.next().unwrap_or_default();
    let scheme = lines.next().filter(|scheme| !scheme.is_empty()).unwrap_or("postgres");
    let more = lines.next().unwrap_or_default();
    let typed = format!("{scheme}://user:{SECRET}{more}@{rest}");
    for seen in [format!("{:?}", target(&typed)), format!("{:?}", source(&typed))] {
        check::no_secret(&seen);
    }
    for error in [target(&typed).err(), source(&typed).err()].into_iter().flatten() {
        check::no_secret(&error.to_string());
        check::printable(&error.to_string());
    }
}
