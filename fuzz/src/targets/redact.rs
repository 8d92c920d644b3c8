//! Secrets in logs and on command lines.

use dprobe::redact::{arguments, line as redacted, query, url};

use crate::check::{self, SECRET};

/// Where a secret is looked for: what stands before it, and what has to follow it.
const PLACES: [(&str, &str); 16] = [
    ("postgres://user:", "@db:5432/x"),
    ("redis://:", "@cache"),
    ("https://", "@example.test/x"),
    ("http://web/?token=", "&page=2"),
    ("DB_PASSWORD=", " "),
    ("password: ", " "),
    ("\"password\": \"", "\""),
    (r#""password":"a\""#, "\""),
    (r#"{\"password\":\""#, r#"\""#),
    (r#""tokens": ["a", ""#, "\"]"),
    ("--password ", " "),
    ("--token=", " "),
    ("Authorization: Bearer ", " "),
    ("mysql -uroot -p", " "),
    ("redis-cli -a ", " ping"),
    ("app:", "@tcp(db:3306)/x"),
];

/// A line with a secret in it: the first byte says where, and what follows is around it, divided by a newline.
pub(super) fn line(data: &[u8]) {
    let Some((place, around)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(around);
    let once = redacted(&text);
    assert_eq!(redacted(&once), once, "it is not done at once: {text:?}");
    assert_eq!(arguments(std::slice::from_ref(&text.to_string())).len(), 1);
    let _ = (url(&text), query(&text));

    let (before, after) = text.split_once('\n').unwrap_or((&text, ""));
    let (left, right) = PLACES[usize::from(*place) % PLACES.len()];
    let given = format!("{before} {left}{SECRET}{right}{after}");
    check::no_secret(&redacted(&given));
    check::no_secret(&arguments(&[given]).concat());
}
