//! Runs `dprobe doctor`, and asserts what it says.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::accuracy;
use crate::outcome::Dprobe;
use crate::stack::Stack;

/// How long the world may take to follow a fix.
const FIX_LIMIT: Duration = Duration::from_secs(20);

/// What a look at an engine and its host came to.
#[derive(Debug)]
#[must_use]
pub struct Checkup {
    asked: Dprobe,
    /// The exit code; none where a signal ended it.
    pub exit: Option<i32>,
    /// The report.
    pub report: Value,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Checkup {
    /// Runs a command line that prints such a report, such as `dprobe doctor`.
    ///
    /// # Panics
    /// When it prints no JSON.
    pub fn by(asked: Dprobe) -> Self {
        let done = asked.clone().args(["--format", "json"]).run();
        let report = serde_json::from_str(&done.stdout).unwrap_or_else(|error| {
            panic!(
                "{asked:?} ended with {} and printed no JSON ({error})\n{}\n{}",
                done.status, done.stdout, done.stderr
            )
        });
        let checkup = Self { asked, exit: done.status.code(), report, stderr: done.stderr };
        assert_eq!(checkup.report["schema"], "dprobe.doctor/v1", "{}", checkup.account());
        let well = checkup.serious().is_empty();
        assert_eq!(checkup.exit, Some(i32::from(!well)), "the exit code\n{}", checkup.account());
        checkup
    }

    /// `dprobe explain` of a report, without any engine.
    pub fn replayed(report: &Value) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("doctor.json");
        std::fs::write(&file, report.to_string()).expect("a file");
        let nowhere = "unix:///nonexistent/docker.sock";
        Self::by(Dprobe::new([OsStr::new("explain"), file.as_os_str()]).env("DOCKER_HOST", nowhere))
    }

    /// Asserts that this is found, and that a replay of the report finds the same.
    pub fn finds(&self, code: &str) -> &Self {
        accuracy::said_of_machine(code, &self.codes(), &self.report["took_ms"]);
        assert!(self.codes().contains(&code), "{code} is not found\n{}", self.account());
        self.replays()
    }

    /// Asserts that this is not found.
    pub fn lacks(&self, code: &str) -> &Self {
        assert!(!self.codes().contains(&code), "{code} is found\n{}", self.account());
        self
    }

    /// Asserts that nothing is found but notes.
    pub fn healthy(&self) -> &Self {
        accuracy::said_of_machine(accuracy::HEALTHY, &self.serious(), &self.report["took_ms"]);
        assert!(self.serious().is_empty(), "a false alarm on a healthy machine\n{}", self.account());
        self.replays()
    }

    /// Asserts that of errors and warnings there are these, in this order.
    pub fn only(&self, codes: &[&str]) -> &Self {
        assert_eq!(self.serious(), codes, "{}", self.account());
        self.replays()
    }

    /// The severity of what was found.
    #[must_use]
    pub fn severity(&self, code: &str) -> &str {
        self.finding(code)["severity"].as_str().unwrap_or_default()
    }

    /// Asserts that what is told of this has all of these words in it.
    pub fn words<S: AsRef<str>>(&self, code: &str, words: impl IntoIterator<Item = S>) -> &Self {
        let text = self.finding(code).to_string();
        for word in words {
            assert!(text.contains(word.as_ref()), "`{}` is not said\n{}", word.as_ref(), self.account());
        }
        self
    }

    /// The summary of a line of the overview.
    #[must_use]
    pub fn glance(&self, subject: &str) -> &str {
        let mut lines = self.report["overview"].as_array().into_iter().flatten();
        let line = lines.find(|line| line["subject"] == subject);
        line.and_then(|line| line["summary"].as_str()).unwrap_or_else(|| panic!("no line\n{}", self.account()))
    }

    /// Types the commands of the first fix of this and asserts that it is gone then, at the latest after a while.
    pub fn fix_works(&self, code: &str, stack: &Stack) -> Self {
        let commands = self.finding(code)["fixes"][0]["commands"].as_array().into_iter().flatten();
        let commands: Vec<&str> = commands.filter_map(Value::as_str).collect();
        assert!(!commands.is_empty(), "the first fix has no commands\n{}", self.account());
        for command in commands {
            stack.type_command(command);
        }
        let started = Instant::now();
        loop {
            let after = Self::by(self.asked.clone());
            if !after.codes().contains(&code) {
                accuracy::fixed(code, true);
                return after;
            }
            if started.elapsed() >= FIX_LIMIT {
                accuracy::fixed(code, false);
            }
            assert!(started.elapsed() < FIX_LIMIT, "the fix did not help\n{}", after.account());
        }
    }

    /// Asserts that the saved report, read without any engine, leads to the same findings.
    pub fn replays(&self) -> &Self {
        let again = Self::replayed(&self.report);
        assert_eq!(again.report["findings"], self.report["findings"], "the replay differs\n{}", self.account());
        assert_eq!(again.report["overview"], self.report["overview"], "the replay differs\n{}", self.account());
        self
    }

    /// The codes of all that was found, in their order.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        self.findings().filter_map(|finding| finding["code"].as_str()).collect()
    }

    /// The codes of errors and warnings.
    fn serious(&self) -> Vec<&str> {
        let serious = self.findings().filter(|finding| finding["severity"] != "note");
        serious.filter_map(|finding| finding["code"].as_str()).collect()
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.report["findings"].as_array().into_iter().flatten()
    }

    fn finding(&self, code: &str) -> &Value {
        let mut findings = self.findings();
        findings.find(|one| one["code"] == code).unwrap_or_else(|| panic!("no {code}\n{}", self.account()))
    }

    /// All that one wants to read when an assertion failed.
    fn account(&self) -> String {
        let mut text = format!("{:?} ended with {:?}\n", self.asked, self.exit);
        for line in self.report["overview"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "  {} {}: {}", line["ok"], line["subject"], line["summary"]);
        }
        for finding in self.findings() {
            let _ = writeln!(text, "  {finding}");
        }
        let _ = writeln!(text, "{}\nstderr: {}", self.report["observations"], self.stderr);
        text
    }
}
