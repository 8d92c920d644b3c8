//! Credentials in URLs.

use super::{MASK, is_secret_name};

/// A URL without the password in its userinfo and without the values of secret parameters.
#[must_use]
pub fn url(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", query(&userinfo(scheme, rest))),
        None => url.to_owned(),
    }
}

/// Path, query and fragment without the values of secret parameters; `;` separates as well (`jdbc:sqlserver`).
#[must_use]
pub fn query(tail: &str) -> String {
    let mut clean = String::with_capacity(tail.len());
    for piece in tail.split_inclusive(['?', '&', ';', '#']) {
        let (text, end) = match piece.char_indices().next_back() {
            Some((at, '?' | '&' | ';' | '#')) => piece.split_at(at),
            _ => (piece, ""),
        };
        match text.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret_name(name) => {
                clean.extend([name, "=", MASK]);
            }
            _ => clean.push_str(text),
        }
        clean.push_str(end);
    }
    clean
}

/// What follows `://`, with the password masked; a user name without a password is masked too, for it may be a token.
pub(super) fn userinfo(scheme: &str, rest: &str) -> String {
    let Some(at) = userinfo_end(scheme, rest) else { return rest.to_owned() };
    match rest[..at].split_once(':') {
        Some((user, _)) if !user.contains(['/', '?', '#', '@']) => format!("{user}:{MASK}{}", &rest[at..]),
        _ => format!("{MASK}{}", &rest[at..]),
    }
}

/// Where the `@` stands that ends the userinfo. Passwords hold `@`, `/`, `?` and `#` that nobody escaped; only in the URLs
/// of the web does a later `@` often mean something else (`http://web:3000/@vite/client`), unless there are credentials
/// already, for then it is as likely the rest of a password.
fn userinfo_end(scheme: &str, rest: &str) -> Option<usize> {
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    let of_the_web = ["http", "https", "ws", "wss"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let odd_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']') && port.parse::<u16>().unwrap_or(0) == 0);
    let has_credentials = authority.contains('@');
    if of_the_web && !odd_port && !has_credentials { None } else { rest.rfind('@') }
}
