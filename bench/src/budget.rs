//! What is allowed, and what was measured.

use std::fmt;

use crate::series::Series;

/// One line of the second table.
pub(crate) struct Budget {
    name: &'static str,
    unit: &'static str,
    /// None where it could not be measured.
    measured: Option<f64>,
    /// None where nothing is promised.
    allowed: Option<f64>,
}

impl Budget {
    /// One time against another.
    pub(crate) fn ratio(name: &'static str, time: &Series, base: &Series, allowed: f64) -> Self {
        let measured = Some(time.median() / base.median());
        Self { name, unit: "×", measured, allowed: Some(allowed) }
    }

    /// The same, without a promise.
    pub(crate) fn information(name: &'static str, time: &Series, base: &Series) -> Self {
        Self { allowed: None, ..Self::ratio(name, time, base, 0.0) }
    }

    /// A time in milliseconds.
    pub(crate) fn time(name: &'static str, time: &Series, allowed: f64) -> Self {
        Self { name, unit: "ms", measured: Some(time.median()), allowed: Some(allowed) }
    }

    /// A size, given in bytes, allowed in millions of them.
    pub(crate) fn megabytes(name: &'static str, bytes: Option<u64>, allowed: f64) -> Self {
        Self { allowed: Some(allowed), ..Self::megabytes_unbounded(name, bytes) }
    }

    /// The same, without a promise.
    pub(crate) fn megabytes_unbounded(name: &'static str, bytes: Option<u64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody reads that many digits")]
        let measured = bytes.map(|bytes| bytes as f64 / 1e6);
        Self { name, unit: "MB", measured, allowed: None }
    }

    /// Whether it is kept, as far as is known.
    pub(crate) fn is_kept(&self) -> bool {
        match (self.measured, self.allowed) {
            (Some(measured), Some(allowed)) => measured <= allowed,
            _ => true,
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: f64| format!("{value:.2} {:2}", self.unit);
        let measured = self.measured.map_or_else(|| "unknown".to_owned(), number);
        write!(f, "{:46} {measured:>10}", self.name)?;
        let Some(allowed) = self.allowed else { return Ok(()) };
        let mark = if self.is_kept() { "ok" } else { "EXCEEDED" };
        write!(f, " {:>10}   {mark}", number(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_allowed_is_said_aloud() {
        let over = Budget::megabytes("agent binary", Some(3_100_000), 3.0);
        assert!(!over.is_kept());
        assert!(over.to_string().ends_with("3.10 MB    3.00 MB   EXCEEDED"), "{over}");
        let unknown = Budget::megabytes("agent, peak memory", None, 8.0);
        assert!(unknown.is_kept() && unknown.to_string().contains("unknown"));
        assert!(!Budget::megabytes_unbounded("x", Some(1)).to_string().contains("ok"));
    }
}
