//! Secrets in free text: a log line, a command line.

use super::clients::Clients;
use super::{MASK, is_secret_name, url};

/// Words that stand where a value would and give nothing away (`using password: YES`).
const HARMLESS: [&str; 10] = ["yes", "no", "true", "false", "null", "none", "nil", "undefined", "empty", MASK];

/// A line without its secrets: passwords in URLs, values of `KEY=VALUE`, `key: value` and `--flag value` where the name
/// speaks of one, authorization headers, bearer tokens.
#[must_use]
pub fn line(line: &str) -> String {
    flags(&credentials(&assignments(&urls(line))))
}

/// Masks the passwords of the URLs in a line.
fn urls(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at);
        let after = &after[3..];
        let scheme = &before[before
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`')).unwrap_or(after.len());
        clean.extend([before, "://", &url::query(&url::userinfo(scheme, &after[..end]))]);
        rest = &after[end..];
    }
    clean.push_str(rest);
    clean
}

/// Masks the values of secret names: `NAME=VALUE`, `name: value`, `"name": "value"`.
fn assignments(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_name_char) {
        let name_end = rest[start..].find(|c| !is_name_char(c)).map_or(rest.len(), |len| start + len);
        let after_name = &rest[name_end..];
        let value_start = assigned(after_name).filter(|_| is_secret_name(&rest[start..name_end]));
        let Some(skipped) = value_start else {
            clean.push_str(&rest[..name_end]);
            rest = after_name;
            continue;
        };
        let value = &after_name[skipped..];
        let length = value_length(value, is_header(&rest[start..name_end]));
        clean.push_str(&rest[..name_end + skipped]);
        clean.push_str(if is_harmless(&value[..length]) { &value[..length] } else { MASK });
        rest = &value[length..];
    }
    clean.push_str(rest);
    clean
}

/// Masks what follows `Bearer` and `Basic`.
fn credentials(line: &str) -> String {
    let mut masked = false;
    each_word(line, |word, before| {
        let scheme = before.trim_start_matches(['"', '\'', '(', '=', ':']);
        masked = !masked
            && (scheme.eq_ignore_ascii_case("bearer")
                // `basic` is also an ordinary word; base64 of `user:password` is not.
                || scheme.eq_ignore_ascii_case("basic") && word.len() >= 8 && !word.bytes().all(|b| b.is_ascii_lowercase()));
        masked.then(|| MASK.to_owned())
    })
}

/// Masks what follows a secret flag, and the password that is part of one (`mysql -psecret`).
fn flags(line: &str) -> String {
    let mut clients = Clients::default();
    each_word(line, |word, before| {
        clients.note(word);
        if clients.announces_secret(before) && !word.starts_with("--") {
            return Some(MASK.to_owned());
        }
        flag(word, &clients)
    })
}

/// A flag whose password is part of it, masked: `mysql -psecret`, `--password=x`.
pub(super) fn flag(word: &str, clients: &Clients) -> Option<String> {
    if let Some(masked) = clients.within(word) {
        return Some(masked);
    }
    let (name, value) = word.split_once('=')?;
    let plain = name.chars().all(|c| is_name_char(c) || c == '-');
    (plain && !value.is_empty() && is_secret_name(name) && !is_harmless(value)).then(|| format!("{name}={MASK}"))
}

/// Rewrites words, told each word and the one before it; blanks stay as they are.
fn each_word(line: &str, mut rewrite: impl FnMut(&str, &str) -> Option<String>) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut before = "";
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        match rewrite(word, before) {
            Some(masked) if !word.is_empty() => clean.extend([masked.as_str(), &piece[word.len()..]]),
            _ => clean.push_str(piece),
        }
        if !word.is_empty() {
            before = word;
        }
    }
    clean
}

/// Whether a character can be part of a name that something is assigned to.
fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// How far it is from the end of a name to its value, where one is assigned: a quote that ends the name (escaped in JSON
/// within JSON), `=` or `:`, blanks.
fn assigned(after_name: &str) -> Option<usize> {
    let rest = after_name.trim_start_matches(['"', '\'', '\\']).trim_start_matches(' ');
    let rest = rest.strip_prefix("=>").or_else(|| rest.strip_prefix(['=', ':']))?;
    let value = rest.trim_start_matches(' ');
    (!value.is_empty()).then(|| after_name.len() - value.len())
}

/// How many bytes of blanks a text begins with, where there are any and something follows.
fn blanks(text: &str) -> Option<usize> {
    let rest = text.trim_start();
    (rest.len() < text.len() && !rest.is_empty()).then(|| text.len() - rest.len())
}

/// Whether the value of a name is the rest of the line, blanks and all.
fn is_header(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
}

/// How long a value is: to its closing quote or bracket, and on to the next separator, as a shell reads it.
fn value_length(value: &str, to_the_end: bool) -> usize {
    // What was masked already is enclosed as it is.
    let mut length = if value.starts_with(MASK) { MASK.len() } else { 0 };
    while !value.starts_with(MASK) {
        while let Some(more) = enclosed(&value[length..]) {
            length += more;
        }
        // What is enclosed may be a name itself, whose value belongs to it; and where the value is missing, the next name of a
        // secret stands in its place (`token: password: x`, `TOKEN= --password x`).
        let name = if length == 0 { secret_name_length(value) } else { 0 };
        let after = &value[length + name..];
        let flagged = || (name > 0 && value.starts_with('-')).then(|| blanks(after)).flatten();
        match assigned(after).filter(|_| length + name > 0).or_else(flagged) {
            Some(skipped) => length += name + skipped,
            None => break,
        }
    }
    let ends = |c: char| {
        if to_the_end {
            matches!(c, '"' | '\'')
        } else {
            c.is_whitespace() || matches!(c, ',' | ';' | '&' | ')' | '}' | '"')
        }
    };
    let rest = &value[length..];
    let more = rest.find(ends).unwrap_or(rest.len());
    // Where a quote is not closed, the next one may belong to the next name.
    let is_name = length > 0 && rest[..more].chars().all(is_name_char) && assigned(&rest[more..]).is_some();
    if is_name { length } else { length + more }
}

/// How long the name of a secret is that a text begins with, or nothing.
fn secret_name_length(text: &str) -> usize {
    let length = text.find(|c| !is_name_char(c)).unwrap_or(text.len());
    if is_secret_name(&text[..length]) { length } else { 0 }
}

/// How long the part in quotes or brackets is that a text begins with, to its end where it is not closed.
fn enclosed(text: &str) -> Option<usize> {
    let backslashes = text.bytes().take_while(|byte| *byte == b'\\').count();
    let opening = text[backslashes..].chars().next()?;
    match opening {
        // A list of secrets.
        '[' if backslashes == 0 => return Some(text.find(']').map_or(text.len(), |end| end + 1)),
        '"' | '\'' => {}
        _ => return None,
    }
    // JSON within JSON has a backslash before each quote, and JSON within that three. A backslash of the value takes twice as
    // many as a quote and its own; with any other number of them, a quote is part of the value.
    let ends = |before: usize| before.checked_sub(backslashes).is_some_and(|more| more % (2 * (backslashes + 1)) == 0);
    let mut before = 0;
    for (at, c) in text.char_indices().skip(backslashes + 1) {
        match c {
            '\\' => before += 1,
            c if c == opening && ends(before) => return Some(at + 1),
            _ => before = 0,
        }
    }
    Some(text.len())
}

/// Whether a value gives nothing away.
fn is_harmless(value: &str) -> bool {
    let bare = value.trim_matches(|c: char| matches!(c, '"' | '\'' | ')' | ',' | ';'));
    bare.is_empty() || HARMLESS.iter().any(|word| bare.eq_ignore_ascii_case(word))
}
