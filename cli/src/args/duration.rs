//! Durations as people type them: `500ms`, `2s`, `1m30s`, `1.5h`.

use std::time::Duration;

/// The longest duration that is accepted: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("it has no unit: write {0}s for seconds or {0}ms for milliseconds")]
    NoUnit(String),
    /// Something else.
    #[error("a duration is written 500ms, 2s, 1m30s or 1h")]
    Malformed,
    /// Nothing happens in no time.
    #[error("it must be longer than zero")]
    Zero,
    /// More than a day.
    #[error("it is longer than a day")]
    TooLong,
}

/// A duration: numbers with units (`ms`, `s`, `m`, `h`) that are added up.
///
/// # Errors
/// [`DurationError`] says why the text is none.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(DurationError::NoUnit(rest.to_owned()));
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or(DurationError::Malformed)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let number: f64 = number.parse().map_err(|_| DurationError::Malformed)?;
        total += number * seconds(unit).ok_or(DurationError::Malformed)?;
        rest = next;
    }
    if text.trim().is_empty() {
        return Err(DurationError::Malformed);
    }
    let duration = Duration::try_from_secs_f64(total).map_err(|_| DurationError::TooLong)?;
    match duration {
        Duration::ZERO => Err(DurationError::Zero),
        duration if duration > LONGEST => Err(DurationError::TooLong),
        duration => Ok(duration),
    }
}

/// The seconds in a unit.
fn seconds(unit: &str) -> Option<f64> {
    match unit {
        "ms" => Some(0.001),
        "s" | "sec" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, milliseconds) in
            [("500ms", 500), ("2s", 2000), ("1m30s", 90_000), ("1.5s", 1500), ("1h", 3_600_000), (" 1ms ", 1)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        assert_eq!(duration("5"), Err(DurationError::NoUnit("5".to_owned())));
        for text in ["", " ", "s", "-1s", "1 s", "1x", "1s2", "1..5s", "é", "1sé"] {
            assert_eq!(duration(text), Err(DurationError::Malformed), "{text}");
        }
        assert_eq!(duration("0s"), Err(DurationError::Zero));
        for text in ["25h", "99999999999999999999999h"] {
            assert_eq!(duration(text), Err(DurationError::TooLong), "{text}");
        }
    }
}
