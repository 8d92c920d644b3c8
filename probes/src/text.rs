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
