//! What has to hold of every parser of foreign bytes, whatever the bytes are.
//!
//! A target takes bytes, hands them to one parser, and panics where what came out is not what a user may be shown: a
//! control character, more than the bounds allow, a secret, something that does not read back as it was written. The
//! runner (`runner/`) feeds the targets with what libFuzzer comes up with; the test `replay` feeds them with the seeds and
//! with what has been found, on every run of the tests. `README.md` tells how a target is added.

mod check;
pub mod mutate;
mod targets;

pub use targets::TARGETS;

/// A parser with what has to hold of it.
#[derive(Debug)]
pub struct Target {
    /// Its name: that of its folder in `seeds/` and in `regressions/`.
    pub name: &'static str,
    /// Panics where these bytes lead to something that must not be.
    run: fn(&[u8]),
    /// Whether its input is JSON, so that it is worth while to change it value by value.
    pub json: bool,
}

impl Target {
    /// Hands bytes to the parser.
    ///
    /// # Panics
    /// Where they lead to something that must not be.
    pub fn feed(&self, data: &[u8]) {
        // Whatever comes from outside of the place for the secret is none: libFuzzer finds out what is compared with.
        if !data.windows(check::SECRET.len()).any(|part| part == check::SECRET.as_bytes()) {
            (self.run)(data);
        }
    }
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
