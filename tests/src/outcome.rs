//! Runs dprobe as a user does, and asserts what it says.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::accuracy;
use crate::binary;
use crate::command::{Finished, run};
use crate::docker::Engine;
use crate::stack::Stack;

/// How long one run of dprobe may take, many of them side by side.
const LIMIT: Duration = Duration::from_secs(60);

/// How long the world may take to follow a fix.
const FIX_LIMIT: Duration = Duration::from_secs(20);

/// A command line of dprobe.
#[derive(Debug, Clone)]
#[must_use]
pub struct Dprobe {
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
}

impl Dprobe {
    /// `dprobe ARGS...`
    pub fn new<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self { args: args.into_iter().map(|arg| arg.as_ref().to_owned()).collect(), env: Vec::new() }
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    /// Has it talk to this engine.
    pub fn on(self, engine: &Engine) -> Self {
        match engine.address() {
            Some(address) => self.env("DOCKER_HOST", address),
            None => self,
        }
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The command, for callers that start it themselves.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary::dprobe());
        command.args(&self.args);
        // What the person who runs the tests has set for themselves is not what is tested.
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("DPROBE_LOG");
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self) -> Finished {
        run(&mut self.command(), LIMIT)
    }

    /// Runs it with `--format json`.
    ///
    /// # Panics
    /// When it prints no JSON.
    pub fn json(&self) -> Outcome {
        let done = self.clone().args(["--format", "json"]).run();
        let report = serde_json::from_str(&done.stdout).unwrap_or_else(|error| {
            panic!(
                "dprobe {:?} ended with {} and printed no JSON ({error})\nstdout: {}\nstderr: {}",
                self.args, done.status, done.stdout, done.stderr
            )
        });
        Outcome { asked: self.clone(), exit: done.status.code(), report, json: done.stdout, stderr: done.stderr }
    }
}

/// `dprobe check ARGS... --format json`.
pub fn check<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Outcome {
    let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
    Dprobe::new(["check"]).args(args).json()
}

/// What a check came to.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    asked: Dprobe,
    /// The exit code; none where a signal ended it.
    pub exit: Option<i32>,
    /// The report.
    pub report: Value,
    json: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Outcome {
    /// Asserts that the source does not get through, for this reason first, and that a replay of the report says so, too.
    pub fn unreachable(&self, code: &str) -> &Self {
        self.is_kept(code, "unreachable").says("unreachable", Some(code), 1).replays()
    }

    /// Asserts that the source gets through, but this is wrong first of all.
    pub fn degraded(&self, code: &str) -> &Self {
        self.is_kept(code, "degraded").says("degraded", Some(code), 1).replays()
    }

    /// Asserts that the source gets through and nothing is said against it.
    pub fn healthy(&self) -> &Self {
        self.is_kept(accuracy::HEALTHY, "reachable").says("reachable", None, 0);
        let serious = |diagnosis: &&Value| diagnosis["severity"] == "error" || diagnosis["severity"] == "warning";
        for check in self.checks() {
            let alarm = check["diagnoses"].as_array().into_iter().flatten().find(serious);
            assert!(alarm.is_none(), "a false alarm in a healthy stack\n{}", self.account());
        }
        self.replays()
    }

    /// Asserts that this is told as well, beside what comes first: as a warning or a note, or as one more error.
    pub fn also(&self, code: &str) -> &Self {
        for check in self.checks() {
            let mut told = check["diagnoses"].as_array().into_iter().flatten();
            assert!(told.any(|diagnosis| diagnosis["code"] == code), "`{code}` is not told\n{}", self.account());
        }
        self.replays()
    }

    /// Keeps what is expected of every check and what was said, for the table of accuracy.
    fn is_kept(&self, expected: &str, verdict: &str) -> &Self {
        for check in self.checks() {
            accuracy::said(expected, verdict, check, &self.report["took_ms"]);
        }
        self
    }

    /// Asserts the verdict, the first diagnosis that is no note (where one is named) and the exit code, of every check.
    pub fn says(&self, verdict: &str, code: Option<&str>, exit: i32) -> &Self {
        for check in self.checks() {
            assert_eq!(check["verdict"], verdict, "the verdict\n{}", self.account());
            if let Some(code) = code {
                assert_eq!(check["diagnoses"][0]["code"], code, "the first diagnosis\n{}", self.account());
                assert_eq!(check["diagnoses"][0]["severity"], "error", "its severity\n{}", self.account());
            }
        }
        assert_eq!(self.exit, Some(exit), "the exit code\n{}", self.account());
        self
    }

    /// The checks, but for those of DNS servers and gateways, which come last and nobody asked for; there is at least one.
    #[must_use]
    pub fn checks(&self) -> &[Value] {
        let checks = self.report["checks"].as_array().map_or(&[][..], Vec::as_slice);
        let surroundings = |check: &Value| {
            let kind = check["to"]["origins"][0]["kind"].as_str();
            matches!(kind, Some("resolver" | "gateway"))
        };
        let end = checks.iter().position(surroundings).unwrap_or(checks.len());
        let checks = &checks[..end];
        assert!(!checks.is_empty(), "no checks\n{}", self.account());
        checks
    }

    /// The verdict of the first check.
    #[must_use]
    pub fn verdict(&self) -> &str {
        self.checks()[0]["verdict"].as_str().unwrap_or_default()
    }

    /// The codes of all its diagnoses, in their order.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        codes(&self.report)
    }

    /// Asserts that what a person reads of the first diagnosis and its fixes has all of these in it, in any case.
    pub fn words<S: AsRef<str>>(&self, words: impl IntoIterator<Item = S>) -> &Self {
        let told = &self.checks()[0]["diagnoses"][0];
        let mut text = String::new();
        for field in ["title", "explanation"] {
            let _ = writeln!(text, "{}", told[field].as_str().unwrap_or_default());
        }
        for fix in told["fixes"].as_array().into_iter().flatten() {
            for field in ["title", "compose", "dial"] {
                let _ = writeln!(text, "{}", fix[field].as_str().unwrap_or_default());
            }
            for list in ["commands", "argv"] {
                let words: Vec<&str> = fix[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let _ = writeln!(text, "{}", words.join(" "));
            }
        }
        self.find(&text, words)
    }

    /// Asserts that the terminal shows all of these, in any case. Asks once more, for a person this time.
    pub fn shows<S: AsRef<str>>(&self, words: impl IntoIterator<Item = S>) -> &Self {
        let done = self.asked.run();
        assert_eq!(done.status.code(), self.exit, "the exit code for a person\n{}", done.stdout);
        // Lines are broken to the width of the terminal, in the middle of a sentence.
        let text = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        self.find(&text, words)
    }

    fn find<S: AsRef<str>>(&self, text: &str, words: impl IntoIterator<Item = S>) -> &Self {
        let lower = text.to_lowercase();
        for word in words {
            let word = word.as_ref();
            assert!(lower.contains(&word.to_lowercase()), "`{word}` is not said in\n{text}\n{}", self.account());
        }
        self
    }

    /// The first fix of the first diagnosis.
    #[must_use]
    pub fn fix(&self) -> &Value {
        let fix = &self.checks()[0]["diagnoses"][0]["fixes"][0];
        assert!(fix.is_object(), "no fix\n{}", self.account());
        fix
    }

    /// Types the commands of the first fix and asserts that the same check passes then.
    pub fn fix_works(&self, stack: &Stack) {
        let commands: Vec<&str> =
            self.fix()["commands"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(!commands.is_empty(), "the first fix has no commands\n{}", self.account());
        for command in commands {
            stack.type_command(command);
        }
        self.passes_now();
        accuracy::fixed(self.codes().first().copied().unwrap_or_default(), true);
    }

    /// Asserts that the first fix with a patch for a compose file makes the check pass when its commands are pasted, and
    /// hands back the diff.
    pub fn patch_works(&self, stack: &Stack) -> String {
        let fixes = self.checks()[0]["diagnoses"][0]["fixes"].as_array().into_iter().flatten();
        let fix = fixes
            .into_iter()
            .find(|fix| fix["patch"].is_object())
            .unwrap_or_else(|| panic!("no patch\n{}", self.account()));
        for command in fix["patch"]["commands"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            stack.type_command(command);
        }
        self.passes_now();
        fix["compose"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts that the check passes when the target is dialled as the first fix says.
    pub fn dial_works(&self) {
        let dial =
            self.fix()["dial"].as_str().unwrap_or_else(|| panic!("nothing to dial\n{}", self.account())).to_owned();
        let from = self.checks()[0]["from"]["typed"].as_str().unwrap_or_default().to_owned();
        let after = Dprobe { args: vec!["check".into(), from.into(), dial.into()], env: self.asked.env.clone() }.json();
        after.says("reachable", None, 0);
        accuracy::fixed(self.codes().first().copied().unwrap_or_default(), true);
    }

    /// What the program is to be started with, as the first fix says.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        let argv = self.fix()["argv"].as_array().unwrap_or_else(|| panic!("no argv\n{}", self.account()));
        argv.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    }

    /// Asserts that the same check passes, at the latest after a while.
    pub fn passes_now(&self) {
        let started = Instant::now();
        loop {
            let after = self.asked.json();
            if after.checks().iter().all(|check| check["verdict"] == "reachable") {
                after.says("reachable", None, 0);
                return;
            }
            if started.elapsed() >= FIX_LIMIT {
                accuracy::fixed(self.codes().first().copied().unwrap_or_default(), false);
            }
            assert!(
                started.elapsed() < FIX_LIMIT,
                "the fix did not help\nbefore: {}\nafter: {}",
                self.account(),
                after.account()
            );
        }
    }

    /// Asserts that the saved report, read without any engine, leads to the same diagnoses.
    pub fn replays(&self) -> &Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("report.json");
        std::fs::write(&file, &self.json).expect("a file");
        let again = Dprobe::new([OsStr::new("explain"), file.as_os_str()])
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .json();
        assert_eq!(codes(&again.report), self.codes(), "the replay differs\n{}\n{}", self.account(), again.account());
        let verdicts =
            |outcome: &Self| -> Vec<Value> { outcome.checks().iter().map(|check| check["verdict"].clone()).collect() };
        assert_eq!(verdicts(&again), verdicts(self), "the replay's verdict differs\n{}", self.account());
        crate::record::keep(&self.report);
        self
    }

    /// What the same report would say if this were otherwise, for engines that cannot be had here.
    ///
    /// # Panics
    /// When it cannot be replayed.
    pub fn replayed_with(&self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut report = self.report.clone();
        edit(&mut report);
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("report.json");
        std::fs::write(&file, report.to_string()).expect("a file");
        let again = Dprobe::new([OsStr::new("explain"), file.as_os_str()]);
        again.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").json()
    }

    /// All that one wants to read when an assertion failed.
    fn account(&self) -> String {
        let mut text = format!("dprobe {:?} ended with {:?}\n", self.asked.args, self.exit);
        for check in self.report["checks"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "{} from {} to {}", check["verdict"], check["from"], check["to"]);
            for stage in check["stages"].as_array().into_iter().flatten() {
                let _ = writeln!(text, "  {} {} {}", stage["ok"], stage["stage"], stage["summary"]);
            }
            for diagnosis in check["diagnoses"].as_array().into_iter().flatten() {
                let _ = writeln!(text, "  {} {}: {}", diagnosis["severity"], diagnosis["code"], diagnosis["title"]);
                let _ = writeln!(text, "    {}", diagnosis["explanation"]);
                let _ = writeln!(text, "    fixes: {}", diagnosis["fixes"]);
            }
        }
        for observation in self.report["observations"].as_array().into_iter().flatten() {
            let mut line = observation.to_string();
            if line.len() > 600 {
                let cut = (0..=600).rev().find(|&at| line.is_char_boundary(at)).unwrap_or_default();
                line.truncate(cut);
            }
            let _ = writeln!(text, "  {line}");
        }
        if !self.stderr.is_empty() {
            let _ = writeln!(text, "stderr: {}", self.stderr);
        }
        text
    }
}

fn codes(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().into_iter().flatten();
    checks
        .flat_map(|check| check["diagnoses"].as_array().into_iter().flatten())
        .filter_map(|one| one["code"].as_str())
        .collect()
}
