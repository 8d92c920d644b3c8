//! The engine's clock, which may differ from ours.

use std::time::{Instant, SystemTime};

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
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let mut clock = clock.splitn(3, ':');
    let (hour, minute): (i32, i32) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
    let second: f64 = clock.next()?.parse().ok()?;
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let (hours, minutes) = offset.split_once(':')?;
            let total = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
            if sign == "-" { -total } else { total }
        }
    };
    let days = i32::try_from(days_since_1970(year, month, day)).ok()?;
    Some(f64::from(days) * 86_400.0 + f64::from(hour * 3600 + minute * 60 - offset) + second)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, which puts the leap day at the
/// end of a year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
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
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-21", "2026-11-21T01:46", "2026-11-21T01:46:40"] {
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
