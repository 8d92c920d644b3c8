//! What a user types for FROM and TARGET, which may come from an environment and hold a password.

use dprobe::words::{HostWord, TargetWord, read, source, target, targets};

use crate::check::{self, SECRET};

/// The most hosts of one connection string that are looked at.
const HOSTS: usize = 16;

/// Where a password stands in a connection string: what comes before it, and what has to follow it.
const PLACES: [(&str, &str); 10] = [
    ("mongodb://user:", "@a:1,b:2/x?"),
    ("postgres://db/x?password=", "&"),
    ("host=db port=5432 password=", " "),
    ("host=db password='", "' "),
    ("Server=db,1433;User Id=sa;Password=", ";"),
    ("user:", "@tcp(db:3306)/x"),
    ("jdbc:postgresql://db/x?user=u&password=", "&"),
    ("jdbc:sqlserver://db:1433;password=", ";"),
    ("mysql:host=db;password=", ";"),
    ("jdbc:mysql://user:", "@db/x"),
];

/// Any words.
pub(super) fn words(data: &[u8]) {
    let typed = String::from_utf8_lossy(data);
    match targets(&typed) {
        Ok(words) => {
            assert!((1..=HOSTS).contains(&words.len()), "{words:?}");
            for word in &words {
                judge(word, &typed);
            }
        }
        Err(error) => check::printable(&error.to_string()),
    }
    // What stands in a program's configuration is read more kindly.
    match read(&typed) {
        Ok(words) => {
            assert!((1..=HOSTS).contains(&words.len()), "{words:?}");
            words.iter().filter_map(|word| word.malformed.as_ref()).for_each(check::all_printable);
        }
        Err(error) => check::printable(&error.to_string()),
    }
    match source(&typed) {
        Ok(word) => check::printable(&word.typed),
        Err(error) => check::printable(&error.to_string()),
    }
}

fn judge(word: &TargetWord, typed: &str) {
    check::printable(&word.typed);
    check::printable(word.url.as_deref().unwrap_or_default());
    check::printable(word.login.user.as_deref().unwrap_or_default());
    check::printable(word.login.database.as_deref().unwrap_or_default());
    if let HostWord::Name(name) = &word.host {
        assert!(!name.is_empty() && name.len() <= 254, "{word:?}");
    }
    assert!(word.port.is_none_or(|port| port.port > 0), "{word:?}");
    // The URL is what goes to the agent and into the report, so it has to mean the same.
    if let Some(url) = &word.url {
        let again = target(url).unwrap_or_else(|error| panic!("{url:?}, made of {typed:?}: {error}"));
        let place = |word: &TargetWord| (word.host.clone(), word.port.map(|port| port.port), word.scheme.clone());
        assert_eq!(place(&again), place(word), "{url:?}, made of {typed:?}");
    }
}

/// A connection string with a password. The first line is what follows the password, the second the scheme of a URL or the
/// number of another place for a password, the third what stands in the password after the secret.
pub(super) fn secret(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let rest = lines.next().unwrap_or_default();
    let scheme = lines.next().filter(|scheme| !scheme.is_empty()).unwrap_or("postgres");
    let more = lines.next().unwrap_or_default();
    let typed = match scheme.parse::<usize>().ok().and_then(|number| PLACES.get(number)) {
        Some((left, right)) => format!("{left}{SECRET}{more}{right}{rest}"),
        None => format!("{scheme}://user:{SECRET}{more}@{rest}"),
    };
    for seen in [format!("{:?}", targets(&typed)), format!("{:?}", read(&typed)), format!("{:?}", source(&typed))] {
        check::no_secret(&seen);
    }
    for error in [targets(&typed).err(), read(&typed).err(), source(&typed).err()].into_iter().flatten() {
        check::no_secret(&error.to_string());
        check::printable(&error.to_string());
    }
}
