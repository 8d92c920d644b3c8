//! Foreign bytes made harmless. Everything that a peer sends passes through here before it is stored or shown.

use std::fmt::Write as _;

/// The printable form of foreign bytes: at most `limit` characters, control characters and invalid UTF-8 escaped as
/// `\xNN` or `\u{…}`, with `…` at the end where something was cut.
#[must_use]
pub fn printable(bytes: &[u8], limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if count == limit {
                out.push('…');
                return out;
            }
            count += 1;
            push_escaped(&mut out, c);
        }
        for byte in chunk.invalid() {
            if count == limit {
                out.push('…');
                return out;
            }
            count += 1;
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// One character, escaped where a terminal could take it for a command or a reader could not see it: controls (C0, C1),
/// line and paragraph separators, and the characters that reorder text (Unicode TR 36).
fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_stays_and_commands_to_a_terminal_do_not() {
        assert_eq!(printable("größe 10 µs".as_bytes(), 100), "größe 10 µs");
        assert_eq!(printable(b"a\x1b[31mb\x07\r\n\t\0", 100), "a\\x1b[31mb\\x07\\r\\n\\t\\x00");
        assert_eq!(printable("a\u{9b}b".as_bytes(), 100), "a\\x9bb");
        assert_eq!(printable(b"\xff\xfe", 100), "\\xff\\xfe");
        assert_eq!(printable("user\u{202e}moc".as_bytes(), 100), "user\\u{202e}moc");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(printable(b"abc", 3), "abc");
        assert_eq!(printable(b"abcd", 3), "abc…");
        assert_eq!(printable(b"\xff\xff", 1), "\\xff…");
        assert_eq!(printable(b"a", 0), "…");
        assert_eq!(printable(b"", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left_and_the_length_is_bounded(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            limit in 0_usize..100,
        ) {
            let text = printable(&bytes, limit);
            prop_assert!(!text.chars().any(char::is_control));
            // The longest escape is `\u{feff}`.
            prop_assert!(text.chars().count() <= limit * 8 + 1);
        }

        #[test]
        fn any_text_is_made_harmless(text: String) {
            let shown = printable(text.as_bytes(), usize::MAX);
            let reorders = |c: char| ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert_eq!(shown.chars().find(|c| c.is_control() || reorders(*c)), None);
        }
    }
}
