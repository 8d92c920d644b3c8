//! Where secrets stand in a text, and the text without them.

use std::ops::Range;

use super::MASK;

/// From which byte to which a secret goes; both are borders of characters.
pub(super) type Span = Range<usize>;

/// A text with a mask in the place of its secrets, which may touch and overlap, or nothing where there is nothing to mask. What
/// is made of asterisks alone was masked already, so that one who goes on as long as there is something comes to an end.
pub(super) fn masked(text: &str, mut secrets: Vec<Span>) -> Option<String> {
    secrets.retain(|span| text[span.clone()].bytes().any(|byte| byte != b'*'));
    secrets.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Span> = Vec::with_capacity(secrets.len());
    for span in secrets {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for span in &merged {
        clean.extend([&text[at..span.start], MASK]);
        at = span.end;
    }
    clean.push_str(&text[at..]);
    (!merged.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, secrets: &[(usize, usize)]) -> Option<String> {
        masked(text, secrets.iter().map(|(start, end)| *start..*end).collect())
    }

    #[test]
    fn secrets_that_overlap_or_touch_are_one() {
        assert_eq!(without("a secret of two", &[(9, 11), (2, 8)]).as_deref(), Some("a *** *** two"));
        assert_eq!(without("a secret of two", &[(4, 11), (2, 5), (11, 12)]).as_deref(), Some("a ***two"));
        assert_eq!(without("a secret", &[(2, 8), (3, 4)]).as_deref(), Some("a ***"));
    }

    #[test]
    fn what_is_masked_stays() {
        assert_eq!(without("a ***", &[(2, 5)]), None);
        assert_eq!(without("a secret", &[(2, 2)]), None);
        assert_eq!(without("a secret", &[]), None);
    }
}
