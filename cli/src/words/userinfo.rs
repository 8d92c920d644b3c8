//! User and password in a URL: where they end, and what is not escaped in them.

use super::error;
use super::malformed::{Fault, Malformed, escaped};
use super::scheme;
use super::url::Parts;
use crate::redact::has_odd_port;

/// Where the `@` stands that ends the userinfo.
///
/// By RFC 3986 it is in front of the first `/`, `?` and `#`. Passwords hold all of these where nobody escaped them, so a later
/// `@` counts as well where what stands before it is no host, no path and no parameter.
pub(super) fn end(scheme: &str, rest: &str) -> Option<usize> {
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..authority_end];
    let last = rest.rfind('@');
    let in_authority = authority.rfind('@');
    let Some(after) = last.filter(|at| *at > authority_end) else { return in_authority };
    let between = &rest[authority_end..after];
    // `http://web/@vite/client`, `postgres://db/x?user=me@corp`
    let has_host = in_authority.is_none_or(|at| at + 1 < authority.len());
    let follows_a_host = has_host && (in_authority.is_none() || between.starts_with('/'));
    let starts: &[char] = if scheme == "sqlserver" { &['?', ';'] } else { &['?'] };
    let is_parameter = follows_a_host && between.find(starts).is_some_and(|at| has_parameter(&between[at + 1..]));
    // Behind credentials it is more likely the rest of a password than a part of a path, and a password must not be shown.
    let free = scheme::has_free_path(scheme) && in_authority.is_none() || is_parameter;
    if has_odd_port(authority) || !free { Some(after) } else { in_authority }
}

/// Whether there is a parameter in a query, with a name.
fn has_parameter(query: &str) -> bool {
    let is_named = |(name, _): (&str, &str)| name.starts_with(|c: char| c.is_ascii_alphabetic());
    query.split(['&', ';']).filter_map(|piece| piece.split_once('=')).any(is_named)
}

/// What is not escaped in user and password, and what becomes of it.
pub(super) fn malformed(scheme: &str, before: &str, parts: &Parts<'_>) -> Option<Malformed> {
    let info = parts.userinfo?;
    let sqlalchemy = scheme.contains('+') && scheme != "mongodb+srv";
    let mongodb = scheme.starts_with("mongodb");
    let mut characters = String::new();
    let mut certain = false;
    let mut add = |c: char, surely: bool| {
        if !characters.contains(c) {
            characters.push(c);
        }
        certain |= surely;
    };
    // SQLAlchemy's own pattern lets a password be anything but an `@`; a database's client and most others stop at the first
    // character that ends the host, and take the last `@`, or the first, or give up.
    let slash_is_fine = sqlalchemy || matches!(scheme, "postgresql" | "mysql" | "mariadb");
    for c in info.chars() {
        match c {
            '/' | '?' | '#' if !sqlalchemy => add(c, !slash_is_fine),
            '@' if !scheme::has_free_path(scheme) => add(c, mongodb || sqlalchemy),
            ' ' => add(c, false),
            _ => {}
        }
    }
    if mongodb && info.matches(':').count() > 1 {
        add(':', true);
    }
    if !sqlalchemy && !scheme::has_free_path(scheme) && has_stray_percent(info) {
        add('%', mongodb);
    }
    if characters.is_empty() {
        return None;
    }
    let escapes: String = characters.chars().map(escaped).collect();
    let hosts = error::masked_ports(parts.hosts);
    let right = parts.written(before, &hosts).replacen("***@", &format!("***{escapes}***@"), 1);
    let fault = Fault::Unescaped { dials: dialled(info, &hosts), characters };
    Some(Malformed { written: parts.written(before, &hosts), fault, right: Some(right), certain })
}

/// What a driver takes for the host that stops where RFC 3986 does, masked.
fn dialled(info: &str, hosts: &str) -> Option<String> {
    match info.find(['/', '?', '#']) {
        // What stands before the first colon is the user; without one it may be a token.
        Some(end) if !info[..end].contains('@') => {
            let (user, _) = info[..end].split_once(':')?;
            let is_name = !user.is_empty() && user.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
            is_name.then(|| user.to_owned())
        }
        None if info.contains('@') => Some(format!("***@{hosts}")),
        _ => None,
    }
}

/// Whether a `%` stands there that begins no encoding.
fn has_stray_percent(text: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !(hex(bytes.get(at + 1)) && hex(bytes.get(at + 2))))
}
