//! The one function that everything foreign passes through.

use dprobe_probes::text;

use crate::check::{self, escaped};

/// Bytes made printable. The first of them is the limit.
pub(super) fn printable(data: &[u8]) {
    let Some((limit, bytes)) = data.split_first() else { return };
    let limit = usize::from(*limit);
    let cut = text::printable(bytes, limit);
    check::printable(&cut);
    assert!(cut.chars().count() <= escaped(limit), "{cut:?}");
    let whole = text::printable(bytes, usize::MAX);
    check::printable(&whole);
    // What is cut is the beginning of the whole.
    assert!(whole.starts_with(cut.strip_suffix('…').unwrap_or(&cut)) || whole == cut, "{cut:?} of {whole:?}");
    // What is printable already stays as it is.
    assert_eq!(text::printable(whole.as_bytes(), usize::MAX), whole);
}
