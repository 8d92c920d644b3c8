//! Credentials in URLs.

use std::net::Ipv6Addr;

use super::is_secret_name;
use super::spans::{Span, masked};

/// A URL without the password in its userinfo and without the values of secret parameters.
#[must_use]
pub fn url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let clean = masked(rest, secrets(scheme, rest).chain(nested(rest)).collect());
    format!("{scheme}://{}", clean.as_deref().unwrap_or(rest))
}

/// Path, query and fragment without the values of secret parameters, and without the passwords of URLs in them; `;` separates
/// as well (`jdbc:sqlserver`).
#[must_use]
pub fn query(tail: &str) -> String {
    masked(tail, in_tail(tail).chain(nested(tail)).collect()).unwrap_or_else(|| tail.to_owned())
}

/// The secrets in what follows `://`.
pub(super) fn secrets(scheme: &str, rest: &str) -> impl Iterator<Item = Span> {
    in_userinfo(scheme, rest).into_iter().chain(in_tail(rest))
}

/// The password; a user name without a password may be a token.
fn in_userinfo(scheme: &str, rest: &str) -> Option<Span> {
    let at = userinfo_end(scheme, rest)?;
    let user = rest[..at].split_once(':').map(|(user, _)| user).filter(|user| !user.contains(['/', '?', '#', '@']));
    Some(user.map_or(0, |user| user.len() + 1)..at)
}

/// The values of secret parameters, and passwords in `user:password@`, for a whole URL may be a path or a parameter.
fn in_tail(tail: &str) -> impl Iterator<Item = Span> {
    let parameters = pieces(tail, &['?', '&', ';', '#']).filter_map(|(start, piece)| {
        let (name, value) = piece.split_once('=').filter(|(name, _)| is_secret_name(name))?;
        let value_start = start + name.len() + 1;
        Some(value_start..value_start + value.len())
    });
    let logins = pieces(tail, &['/', '?', '&', ';', '#']).filter_map(|(start, piece)| {
        let (colon, at) = (piece.find(':')?, piece.rfind('@')?);
        (colon < at).then_some(start + colon + 1..start + at)
    });
    parameters.chain(logins)
}

/// The passwords of whole URLs in a text.
fn nested(text: &str) -> impl Iterator<Item = Span> {
    text.match_indices("://").filter_map(|(at, separator)| {
        let scheme = scheme_at_end(&text[..at]);
        let start = at + separator.len();
        in_userinfo(scheme, &text[start..]).map(|span| span.start + start..span.end + start)
    })
}

/// The scheme, as far as it matters, that stands in front of `://`.
pub(super) fn scheme_at_end(before: &str) -> &str {
    before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// What stands between separators of one byte each, and where it starts.
fn pieces<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = (usize, &'a str)> {
    let mut at = 0;
    text.split(separators).map(move |piece| {
        let start = at;
        at += piece.len() + 1;
        (start, piece)
    })
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

/// Whether what stands behind the colon of a host can not be a port: then it may be a password with something in it that ends
/// an authority, of which this is the beginning.
pub(crate) fn has_odd_port(authority: &str) -> bool {
    let hosts = authority.rsplit('@').next().unwrap_or(authority);
    hosts.split(',').filter_map(split_at_port).any(|(_, port)| !is_port(port))
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
