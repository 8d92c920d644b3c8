//! What is the same in every run of a command.

use std::net::Ipv4Addr;

/// How the engine's proxy drops a connection that it cannot hand on is up to which of its two ends is quicker.
const ALIKE: [(&str, &str); 2] = [
    ("connected, then reset", "connected, then closed at once"),
    ("Connection reset by peer (os error 104)", "the server closed the connection without a whole answer"),
];

/// A text without what differs from run to run: times, addresses, ids, and where lines are broken.
pub(crate) fn of(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = word.trim_end_matches([',', '.', ')', ';']);
        let number = words.last().is_some_and(|last| last.trim_start_matches('(').parse::<f64>().is_ok());
        if number && ["ms", "s", "µs", "min", "seconds", "second"].contains(&unit) {
            words.pop();
            words.push("TIME".to_owned());
        } else {
            words.push(shaped(word));
        }
    }
    let mut shape = words.join(" ");
    for (one, other) in ALIKE {
        shape = shape.replace(one, other);
    }
    shape
}

/// One word.
fn shaped(word: &str) -> String {
    if word.len() >= 8 && word.chars().all(|letter| letter.is_ascii_digit() || letter == '/' || letter == ':') {
        // A date or a time of day in a log.
        return "CLOCK".to_owned();
    }
    let mut shape = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter: char| !is_part(letter)).unwrap_or(rest.len());
        if end == 0 {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        shape.push_str(&piece(&rest[..end], shape.ends_with(['*', '#']), rest[end..].starts_with('#')));
        // The length of a subnet.
        let subnet = shape.ends_with("ADDRESS").then(|| rest[end..].strip_prefix('/')).flatten();
        rest = subnet.map_or(&rest[end..], |length| length.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    shape
}

fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '.'
}

/// A run of letters, digits and full stops; the numbers that nginx gives to processes and connections stand at `#` and `*`.
fn piece(text: &str, after: bool, before: bool) -> String {
    let (inner, end) = text.strip_suffix('.').map_or((text, ""), |inner| (inner, "."));
    if let Ok(address) = inner.parse::<Ipv4Addr>() {
        if address.is_loopback() || address.is_unspecified() {
            return text.to_owned();
        }
        return format!("ADDRESS{end}");
    }
    if inner.len() >= 12 && inner.chars().all(|letter| letter.is_ascii_hexdigit()) {
        return format!("ID{end}");
    }
    if (after || before) && inner.chars().all(|letter| letter.is_ascii_digit()) {
        return format!("N{end}");
    }
    text.to_owned()
}

#[test]
fn what_differs_is_left_out() {
    let same = |one: &str, other: &str| assert_eq!(of(one), of(other));
    same("tcp  172.18.0.2:27017 refused      0.1 ms", "tcp 10.213.0.19:27017 refused 12 ms");
    same("in 172.18.0.0/16, up for 3 s.", "in 10.213.0.16/28,\n    up for 40 s.");
    same("2026/11/27 14:46:16 [emerg] 1#1: *3 x", "2025/01/02 03:04:05 [emerg] 29#29: *1 x");
    assert_ne!(of("listens on 127.0.0.1:80"), of("listens on 0.0.0.0:80"));
    assert_ne!(of("port 80"), of("port 81"));
}
