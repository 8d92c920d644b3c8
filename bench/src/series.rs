//! Times, taken in turn.

use std::time::{Duration, Instant};

use crate::Result;

/// Something that takes time.
pub(crate) struct Subject<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> Result<()> + 'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(name: &'static str, run: impl Fn() -> Result<()> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// How long the runs of one subject took.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// In milliseconds, the shortest first.
    times: Vec<f64>,
}

impl Series {
    /// Runs every subject once without counting, then as often as asked, in turn. `settle` is called after each run and
    /// its time does not count.
    pub(crate) fn of_all<const N: usize>(
        subjects: &[Subject<'_>; N],
        runs: usize,
        settle: impl Fn(),
    ) -> Result<[Self; N]> {
        let mut times = [const { Vec::new() }; N];
        for round in 0..=runs {
            for (subject, times) in subjects.iter().zip(&mut times) {
                let started = Instant::now();
                (subject.run)().map_err(|error| format!("{}: {error}", subject.name))?;
                let took = started.elapsed();
                if round > 0 {
                    times.push(took);
                }
                settle();
            }
        }
        let mut names = subjects.iter().map(|subject| subject.name);
        Ok(times.map(|times| Self::new(names.next().unwrap_or_default(), &times)))
    }

    fn new(name: &'static str, times: &[Duration]) -> Self {
        let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        Self { name, times }
    }

    /// The shortest, in milliseconds.
    pub(crate) fn min(&self) -> f64 {
        self.times.first().copied().unwrap_or(f64::NAN)
    }

    /// The one in the middle, or the mean of the two there.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.times.len() / 2;
        match (self.times.get(middle.wrapping_sub(1)), self.times.get(middle)) {
            (Some(below), Some(above)) if self.times.len().is_multiple_of(2) => f64::midpoint(*below, *above),
            (_, Some(middle)) => *middle,
            _ => f64::NAN,
        }
    }

    /// The longest.
    pub(crate) fn max(&self) -> f64 {
        self.times.last().copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |ms: &[u64]| Series::new("x", &ms.iter().map(|&ms| Duration::from_millis(ms)).collect::<Vec<_>>());
        let is = |value: f64, wanted: f64| assert!((value - wanted).abs() < 1e-9, "{value} in place of {wanted}");
        let three = of(&[30, 10, 20]);
        is(three.min(), 10.0);
        is(three.median(), 20.0);
        is(three.max(), 30.0);
        is(of(&[40, 10, 20, 30]).median(), 25.0);
        is(of(&[7]).median(), 7.0);
    }

    #[test]
    fn subjects_take_turns_and_the_first_round_does_not_count() {
        let seen = RefCell::new(String::new());
        let mark = |c| {
            seen.borrow_mut().push(c);
            Ok(())
        };
        let subjects = [Subject::new("a", || mark('a')), Subject::new("b", || mark('b'))];
        let [a, b] = Series::of_all(&subjects, 2, || seen.borrow_mut().push('.')).expect("no errors");
        assert_eq!(*seen.borrow(), "a.b.a.b.a.b.");
        assert_eq!((a.times.len(), b.times.len(), a.name, b.name), (2, 2, "a", "b"));
    }
}
