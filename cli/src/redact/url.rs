//! Credentials in URLs.

use std::net::Ipv6Addr;

use super::{MASK, is_secret_name};

/// A URL without the password in its userinfo and without the values of secret parameters.
#[must_use]
pub fn url(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", query(&userinfo(scheme, rest))),
        None => url.to_owned(),
    }
}

/// Path, query and fragment without the values of secret parameters, and without the passwords of URLs in them; `;` separates
/// as well (`jdbc:sqlserver`).
#[must_use]
pub fn query(tail: &str) -> String {
    parameters(&logins(tail))
}

/// Masks the password in `user:password@` between slashes and whatever else separates: a whole URL may be a path or a parameter.
fn logins(tail: &str) -> String {
    let ends = ['/', '?', '&', ';', '#', '='];
    let masked = |piece: &str| match (piece.find(':'), piece.rfind('@')) {
        (Some(colon), Some(at)) if colon + 1 < at => format!("{}:{MASK}{}", &piece[..colon], &piece[at..]),
        _ => piece.to_owned(),
    };
    tail.split_inclusive(ends).map(masked).collect()
}

fn parameters(tail: &str) -> String {
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
    let has_credentials = authority.contains('@');
    if of_the_web && !has_odd_port(authority) && !has_credentials { None } else { rest.rfind('@') }
}

/// Whether what stands behind the last colon of an authority can not be a port: then it may be a password with something in it
/// that ends an authority, of which this is the beginning.
pub(crate) fn has_odd_port(authority: &str) -> bool {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    split_at_port(host).is_some_and(|(_, port)| !is_port(port))
}

/// A host and what stands behind its last colon, unless that colon is one of an IPv6 address, in brackets or not. Whether it is
/// a port is not looked at.
pub(crate) fn split_at_port(host: &str) -> Option<(&str, &str)> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // `fe80::1%eth0` has a zone (RFC 4007, 11).
    let address = bare.split('%').next().unwrap_or(bare);
    host.rsplit_once(':').filter(|_| address.parse::<Ipv6Addr>().is_err())
}

/// Whether a text is a port: a number from 1 to 65535, in digits alone.
pub(crate) fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}
