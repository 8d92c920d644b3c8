//! Facts recorded from a real engine lead to the diagnoses that they led to there.
//!
//! The records are reports of the fault stacks and the healthy ones, reduced to their facts and codes (`CONTRIBUTING.md`
//! tells how they are made anew). Each is named after its test and the first code that it led to: `healthy` where nothing
//! was said, `unknown` where no cause was established.

use std::collections::BTreeSet;
use std::path::Path;

use dprobe::diagnosis::{causes, replay};
use dprobe::report::{Check, Report, Severity, Verdict};

/// All records by name; none while they are being made anew.
fn records() -> Vec<(String, Report)> {
    if std::env::var_os("DPROBE_RECORD").is_some() {
        return Vec::new();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let mut records: Vec<(String, Report)> = std::fs::read_dir(folder)
        .expect("the folder of the records")
        .map(|entry| {
            let path = entry.expect("a record").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a text");
            let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name} is no report: {error}"));
            (name, report)
        })
        .collect();
    assert!(!records.is_empty(), "there are no records");
    records.sort_by(|(one, _), (other, _)| one.cmp(other));
    records
}

/// What a check came to.
fn outcome(check: &Check) -> (Verdict, Vec<(&str, Severity)>) {
    let diagnoses = check.diagnoses.iter().map(|diagnosis| (diagnosis.code.as_str(), diagnosis.severity)).collect();
    (check.verdict, diagnoses)
}

#[test]
fn facts_lead_to_the_diagnoses_of_their_time() {
    let mut changed = Vec::new();
    for (name, report) in records() {
        let again = replay(report.clone());
        assert_eq!(again.checks.len(), report.checks.len(), "{name}");
        for (then, now) in report.checks.iter().zip(&again.checks) {
            if outcome(then) != outcome(now) {
                changed.push(format!("{name}: {:?} then, {:?} now", outcome(then), outcome(now)));
            }
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn a_record_is_what_its_name_says() {
    for (name, report) in records() {
        let (_, code) = name.split_once("--").unwrap_or_else(|| panic!("{name} names no code"));
        // Several of one kind from one test are numbered.
        let numbered = code.rsplit_once('-').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let code = numbered.map_or(code, |(code, _)| code);
        let said = report.checks.iter().find(|check| !check.diagnoses.is_empty());
        let check = said.unwrap_or(&report.checks[0]);
        let wanted = match (check.diagnoses.first(), check.verdict) {
            (Some(first), _) => first.code.as_str(),
            (None, Verdict::Reachable) => "healthy",
            (None, _) => "unknown",
        };
        assert_eq!(code, wanted, "{name}");
        if code == "healthy" {
            let silent = report.checks.iter().all(|check| outcome(check) == (Verdict::Reachable, Vec::new()));
            assert!(silent, "{name}");
        }
    }
}

#[test]
fn every_cause_has_a_record() {
    let records = records();
    let recorded: BTreeSet<&str> = records
        .iter()
        .flat_map(|(_, report)| &report.checks)
        .flat_map(|check| &check.diagnoses)
        .map(|diagnosis| diagnosis.code.as_str())
        .collect();
    if records.is_empty() {
        return;
    }
    let missing: Vec<&str> = causes().iter().map(|cause| cause.code).filter(|code| !recorded.contains(code)).collect();
    assert!(missing.is_empty(), "no stack has led to {missing:?}");
}
