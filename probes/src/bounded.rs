//! Files read up to a bound, for a hosts file may be anything that a user mounted there.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The first `limit` bytes of a file, and whether there were more.
///
/// # Errors
/// When the file can not be opened or read.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(one_more).read_to_end(&mut bytes)?;
    let cut = bytes.len() > limit;
    bytes.truncate(limit);
    Ok((bytes, cut))
}

/// The text of a file below /proc or /sys, without the white space around it; none where it can not be read.
pub(crate) fn line(path: &str) -> Option<String> {
    let (bytes, _) = read(Path::new(path), 4096).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}
