//! Every code that dprobe can say, with its page: those of the causes of a check, and those that only the doctor has.

use super::causes::causes;
use super::machine::conditions;

/// A code and what is to be said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// The code.
    pub code: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The long explanation in Markdown, for `dprobe explain` and `docs/causes.md`.
    pub page: &'static str,
}

/// Every topic, by its code.
#[must_use]
pub fn topics() -> Vec<Topic> {
    let of_causes = causes().iter().map(|cause| Topic { code: cause.code, summary: cause.summary, page: cause.page });
    let mut topics: Vec<Topic> = of_causes.collect();
    for condition in conditions() {
        // A condition that has the code of a cause has its page as well.
        let Some(words) = condition.words else { continue };
        if topics.iter().all(|topic| topic.code != condition.code) {
            topics.push(Topic { code: condition.code, summary: words.summary, page: words.page });
        }
    }
    topics.sort_by_key(|topic| topic.code);
    topics
}

/// The topic with a code.
#[must_use]
pub fn topic(code: &str) -> Option<Topic> {
    topics().into_iter().find(|topic| topic.code == code)
}
