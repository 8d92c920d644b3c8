//! A small server that plays the broken program in `dprobe demo` and in the tests.

/// Plays.
pub(crate) fn main() {}
