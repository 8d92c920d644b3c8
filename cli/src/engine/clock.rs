//! The engine's clock, which may differ from ours.

use std::time::{Instant, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::topology::Clocks;

/// A moment of the engine's clock, tied to a moment of our own.
#[derive(Debug, Clone, Copy)]
pub(super) struct EngineClock {
    /// Seconds since 1970 by the engine's clock.
    engine_s: f64,
    /// When that was.
    at: Instant,
}

impl EngineClock {
    /// From `SystemTime` of the engine's info, just received.
    pub(super) fn read(system_time: &str) -> Option<Self> {
        Some(Self { engine_s: seconds(system_time)?, at: Instant::now() })
    }

    /// Seconds since 1970, now.
    pub(super) fn now_s(self) -> f64 {
        self.engine_s + self.at.elapsed().as_secs_f64()
    }

    /// This clock and ours, now.
    pub(super) fn beside_ours(self) -> Option<Clocks> {
        let here = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Clocks { engine_s: self.now_s(), here_s: here.as_secs_f64() })
    }

    /// How many seconds ago a timestamp of the engine was; not below zero.
    pub(super) fn since(self, timestamp: &str) -> Option<f64> {
        let then = seconds(timestamp)?;
        // Go's zero time stands for "never".
        (then > 0.0).then(|| (self.now_s() - then).max(0.0))
    }
}

/// An RFC 3339 timestamp as seconds since 1970.
fn seconds(text: &str) -> Option<f64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some((moment - OffsetDateTime::UNIX_EPOCH).as_seconds_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_engines_are_understood() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Some(951_825_600.0));
        assert_eq!(seconds("2026-11-21T01:46:40.5Z"), Some(1_795_225_600.5));
        assert_eq!(seconds("2026-11-21T03:46:40.500000000+02:00"), Some(1_795_225_600.5));
        assert_eq!(seconds("2026-11-20T20:16:40.5-05:30"), Some(1_795_225_600.5));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-11-21",
            "2026-11-21T01:46",
            "2026-11-21T01:46:40",
            "2026-11-21T02:05:00.1e999Z",
            "2026-11-21T02:05:00+999999999:00",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn never_is_not_an_age() {
        let clock = EngineClock::read("2026-11-21T01:46:40Z").expect("a timestamp");
        assert_eq!(clock.since("0001-01-01T00:00:00Z"), None);
        let age = clock.since("2026-11-21T01:46:30Z").expect("an age");
        assert!((10.0..11.0).contains(&age), "{age}");
        assert_eq!(clock.since("2026-11-21T02:00:00Z"), Some(0.0), "a start in the future counts as just now");
    }
}
