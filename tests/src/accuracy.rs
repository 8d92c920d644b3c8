//! What dprobe was expected to say of each stack and what it said, kept for `docs/accuracy.md`: with `DPROBE_ACCURACY=DIR` in
//! the environment, every assertion of a verdict adds a line of JSON to a file of its test in DIR, before it can fail.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

/// What takes the place of a code where nothing is wrong.
pub const HEALTHY: &str = "healthy";

/// What takes the place of a code where something is wrong and no cause was found.
pub const NO_CAUSE: &str = "no cause";

/// Keeps what was expected of a check, and what was said.
pub(crate) fn said(expected: &str, verdict: &str, check: &Value, took_ms: &Value) {
    let first = check["diagnoses"].as_array().into_iter().flatten().find(|diagnosis| diagnosis["severity"] != "note");
    let said = match (first.and_then(|diagnosis| diagnosis["code"].as_str()), check["verdict"] == "reachable") {
        (Some(code), _) => code,
        (None, true) => HEALTHY,
        (None, false) => NO_CAUSE,
    };
    let right = said == expected && check["verdict"] == verdict;
    keep(
        &json!({ "expected": expected, "said": said, "verdict": check["verdict"], "right": right, "took_ms": took_ms }),
    );
}

/// Keeps what was expected of a look at a whole machine, and what was said: the code, where it is among the findings.
pub(crate) fn said_of_machine(expected: &str, found: &[&str], took_ms: &Value) {
    let right = if expected == HEALTHY { found.is_empty() } else { found.contains(&expected) };
    let said = if right { expected } else { found.first().copied().unwrap_or(NO_CAUSE) };
    keep(&json!({ "expected": expected, "said": said, "right": right, "took_ms": took_ms }));
}

/// Keeps that the first fix of a diagnosis was applied, and whether the check passed then.
pub(crate) fn fixed(code: &str, worked: bool) {
    keep(&json!({ "fixed": code, "worked": worked }));
}

/// The running test, as `binary::test`.
fn test() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let stem = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let binary = stem.rsplit_once('-').map_or(stem.as_str(), |(name, _)| name);
    let thread = std::thread::current();
    format!("{binary}::{}", thread.name().unwrap_or("main"))
}

fn keep(line: &Value) {
    let Some(dir) = std::env::var_os("DPROBE_ACCURACY").map(PathBuf::from) else { return };
    let test = test();
    std::fs::create_dir_all(&dir).expect("the directory for what was said");
    let file = dir.join(format!("{}.jsonl", test.replace("::", "--")));
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("a file for what was said");
    let mut line = line.clone();
    line["test"] = json!(test);
    writeln!(file, "{line}").expect("a line of what was said");
}
