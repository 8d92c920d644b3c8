//! The forms of JDBC that are no URLs after their `jdbc:`: Oracle's, and what a database on the same machine is called by.

use super::spec::{Place, Spec};
use super::{WordError, error, url};

/// What follows `jdbc:`, in whatever case it is written.
pub(super) fn without_prefix(word: &str) -> Option<&str> {
    let (prefix, rest) = word.split_at_checked("jdbc:".len())?;
    prefix.eq_ignore_ascii_case("jdbc:").then_some(rest)
}

/// What a JDBC string says; `rest` is what follows its `jdbc:`.
pub(super) fn read(word: &str, rest: &str) -> Result<Spec, WordError> {
    let lower = rest.to_ascii_lowercase();
    if lower.starts_with("oracle:") {
        return oracle(rest);
    }
    let local = ["sqlite:", "h2:mem", "h2:file", "h2:~", "h2:.", "hsqldb:mem", "hsqldb:file", "derby:"];
    if local.iter().any(|local| lower.starts_with(local)) {
        return Err(WordError::Local { typed: "jdbc:***".to_owned() });
    }
    if word.contains("://") { url::read(word) } else { Err(slashes(word)) }
}

/// `jdbc:postgresql:db/shop`.
fn slashes(word: &str) -> WordError {
    super::without_slashes(word)
        .unwrap_or(WordError::NoHost { typed: "jdbc:***".to_owned(), example: "jdbc:postgresql://db:5432/shop" })
}

/// `oracle:thin:[USER/PASSWORD]@[//]HOST[:PORT][/SERVICE]`, `…@HOST:PORT:SID`, `…@tcps://HOST:PORT/SERVICE`.
fn oracle(rest: &str) -> Result<Spec, WordError> {
    let wrong = || WordError::NoHost {
        typed: error::shown(&format!("jdbc:oracle:***{}", rest.rfind('@').map_or("", |at| &rest[at..]))),
        example: "jdbc:oracle:thin:@//db:1521/shop",
    };
    let after = rest.rsplit_once('@').map(|(_, after)| after).ok_or_else(wrong)?;
    let after = after.split_once("//").map_or(after, |(_, place)| place);
    let authority = after.split(['/', '?']).next().unwrap_or_default();
    let mut parts = authority.split(':');
    let host = parts.next().filter(|host| !host.is_empty() && !host.starts_with('(')).ok_or_else(wrong)?;
    let port = parts.next().map(str::parse::<u16>).transpose().map_err(|_| wrong())?.filter(|port| *port > 0);
    let place = Place { host: host.to_owned(), port: port.or(Some(1521)) };
    Ok(Spec::of("tcp", vec![place], None))
}
