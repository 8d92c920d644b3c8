//! What is asked of everything that came from foreign bytes.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether a terminal could take a character for a command, or a reader could not see it (Unicode TR 36).
fn is_raw(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text of one line in which nothing is raw.
#[track_caller]
pub(crate) fn printable(text: &str) {
    assert!(!text.chars().any(is_raw), "raw: {text:?}");
}

/// Lines in which nothing is raw.
#[track_caller]
pub(crate) fn printable_lines(text: &str) {
    assert!(!text.chars().any(|c| c != '\n' && is_raw(c)), "raw: {text:?}");
}

/// Every text in a value, its keys as well, is printable.
#[track_caller]
pub(crate) fn all_printable(value: &impl Serialize) {
    every_text(&serde_json::to_value(value).expect("everything of ours can be written"), &printable);
}

/// No text of a value has more characters than this.
#[track_caller]
pub(crate) fn all_shorter(value: &impl Serialize, limit: usize) {
    let value = serde_json::to_value(value).expect("everything of ours can be written");
    every_text(&value, &|text| assert!(text.chars().count() <= limit, "longer than {limit}: {text:?}"));
}

#[track_caller]
fn every_text(value: &Value, check: &dyn Fn(&str)) {
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(|item| every_text(item, check)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            check(key);
            every_text(value, check);
        }),
        _ => {}
    }
}

/// A value reads back from its JSON as it was.
#[track_caller]
pub(crate) fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("everything of ours can be written");
    match serde_json::from_str::<T>(&text) {
        Ok(back) => assert_eq!(&back, value, "{text}"),
        Err(error) => panic!("it does not read back: {error}: {text}"),
    }
}

/// What no output may hold.
pub(crate) const SECRET: &str = "s3cr3tW0rd";

/// A text without the secret.
#[track_caller]
pub(crate) fn no_secret(text: &str) {
    assert!(!text.contains(SECRET), "the secret shows: {text:?}");
}

/// How many characters `printable` makes of so many: the longest escape is `\u{feff}`, and `…` stands for what was cut.
pub(crate) const fn escaped(limit: usize) -> usize {
    limit * 8 + 1
}
