//! Secrets in free text: a log line, a command line.
//!
//! Each rule looks at the whole line for itself and tells where its secrets stand. What one of them takes for a value may be the
//! name, the program or the flag that another one goes by, so nothing is replaced before all of them have looked.

use super::clients::Clients;
use super::spans::{Span, masked};
use super::{MASK, is_secret_name, url};

/// Words that stand where a value would and give nothing away (`using password: YES`).
const HARMLESS: [&str; 9] = ["yes", "no", "true", "false", "null", "none", "nil", "undefined", "empty"];

/// What follows the credentials in the connection strings of Go's `MySQL` driver (`app:password@tcp(db:3306)/shop`).
const GO_NETWORKS: [&str; 5] = ["@tcp(", "@tcp4(", "@tcp6(", "@udp(", "@unix("];

/// The longest text that is looked at, in bytes. No more of a line is shown anywhere.
const LONGEST: usize = 8 * 1024;

/// How often a line is looked at.
const ROUNDS: usize = 8;

/// A line without its secrets: passwords in URLs, values of `KEY=VALUE`, `key: value` and `--flag value` where the name
/// speaks of one, authorization headers, bearer tokens. What is longer than 8 KiB is cut between words, with `…` at its end.
#[must_use]
pub fn line(line: &str) -> String {
    let mut clean = cut(line);
    // A mask may lay bare what looks like one more secret, and each round leaves less that is not masked.
    for _ in 0..ROUNDS {
        let mut secrets = Vec::new();
        urls(&clean, &mut secrets);
        go_strings(&clean, &mut secrets);
        assignments(&clean, &mut secrets);
        credentials(&clean, &mut secrets);
        flags(&clean, &mut secrets);
        match masked(&clean, secrets) {
            Some(cleaner) => clean = cleaner,
            None => return clean,
        }
    }
    // Nobody but who means to writes such a line.
    MASK.to_owned()
}

/// As much of a line as is looked at. Half a secret may not be known for one, so no word is cut in two.
fn cut(line: &str) -> String {
    if line.len() <= LONGEST {
        return line.to_owned();
    }
    let end = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or(0);
    let words = line[..end].rfind(char::is_whitespace).map_or("", |at| &line[..at]);
    format!("{words} …")
}

/// A flag whose password is part of it, masked: `mysql -psecret`, `--password=x`.
pub(super) fn flag(word: &str, clients: &Clients) -> Option<String> {
    masked(word, within(word, clients).into_iter().collect())
}

/// The passwords of URLs, and their parameters.
fn urls(line: &str, secrets: &mut Vec<Span>) {
    for (at, separator) in line.match_indices("://") {
        let scheme = url::scheme_at_end(&line[..at]);
        let start = at + separator.len();
        let rest = &line[start..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`')).unwrap_or(rest.len());
        secrets.extend(url::secrets(scheme, &rest[..end]).map(|span| span.start + start..span.end + start));
    }
}

/// The passwords of connection strings that are no URLs.
fn go_strings(line: &str, secrets: &mut Vec<Span>) {
    for at in GO_NETWORKS.iter().flat_map(|network| line.match_indices(network)).map(|(at, _)| at) {
        let start = at - line[..at].chars().rev().take_while(|c| !c.is_whitespace()).map(char::len_utf8).sum::<usize>();
        secrets.extend(line[start..at].find(':').map(|colon| start + colon + 1..at));
    }
}

/// The values of secret names: `NAME=VALUE`, `name: value`, `"name": "value"`.
fn assignments(line: &str, secrets: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(start) = line[at..].find(is_name_char).map(|skipped| at + skipped) {
        at = line[start..].find(|c| !is_name_char(c)).map_or(line.len(), |length| start + length);
        let name = &line[start..at];
        let Some(skipped) = assigned(&line[at..]).filter(|_| is_secret_name(name)) else { continue };
        let value = at + skipped;
        let end = value + value_length(&line[value..], is_header(name));
        if !is_harmless(&line[value..end]) {
            secrets.push(value..end);
        }
    }
}

/// What follows `Bearer` and `Basic`.
fn credentials(line: &str, secrets: &mut Vec<Span>) {
    let mut before = "";
    for (word, span) in words(line) {
        let scheme = before.trim_start_matches(['"', '\'', '(', '=', ':']);
        let is_secret = scheme.eq_ignore_ascii_case("bearer")
            // `basic` is also an ordinary word; base64 of `user:password` is not.
            || scheme.eq_ignore_ascii_case("basic") && word.len() >= 8 && !word.bytes().all(|b| b.is_ascii_lowercase());
        secrets.extend(is_secret.then_some(span));
        before = word;
    }
}

/// What follows a secret flag, and the password that is part of one (`mysql -psecret`).
fn flags(line: &str, secrets: &mut Vec<Span>) {
    let mut clients = Clients::default();
    let mut before = "";
    for (word, span) in words(line) {
        clients.note(word);
        if clients.announces_secret(before) && !word.starts_with("--") {
            secrets.push(span);
        } else {
            secrets.extend(within(word, &clients).map(|secret| secret.start + span.start..secret.end + span.start));
        }
        before = word;
    }
}

/// Where the password stands that is part of a flag.
fn within(word: &str, clients: &Clients) -> Option<Span> {
    if clients.is_with_password(word) {
        return Some("-p".len()..word.len());
    }
    let (name, value) = word.split_once('=')?;
    let plain = name.chars().all(is_name_char);
    (plain && is_secret_name(name) && !is_harmless(value)).then_some(name.len() + 1..word.len())
}

/// The words of a line, and where they stand.
fn words(line: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut at = 0;
    line.split_inclusive(char::is_whitespace).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let word = piece.trim_end();
        (!word.is_empty()).then(|| (word, start..start + word.len()))
    })
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

/// Whether the value of a name is the rest of the line, blanks and all.
fn is_header(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
}

/// How long a value is: to its closing quote or bracket, and on to the next separator, as a shell reads it.
fn value_length(value: &str, to_the_end: bool) -> usize {
    // What is masked stands for quotes and all.
    let mut length = if value.starts_with(MASK) { MASK.len() } else { 0 };
    while !value.starts_with(MASK) {
        while let Some(more) = enclosed(&value[length..]) {
            length += more;
        }
        // What is enclosed may be a name itself, whose value belongs to it.
        match assigned(&value[length..]).filter(|_| length > 0) {
            Some(skipped) => length += skipped,
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
    bare.is_empty() || bare == MASK || HARMLESS.iter().any(|word| bare.eq_ignore_ascii_case(word))
}
