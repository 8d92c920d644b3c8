//! A report read from a file that may be anything.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use dprobe_probes::text::printable;
use serde::Deserialize;

use super::ExplainError;
use crate::report::doctor::{self, Doctor};
use crate::report::{Report, SCHEMA};

/// The longest file that is read, in bytes.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// The most that is judged: each check looks at each fact, and may name it in its answer.
const MOST: usize = 4_000_000;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// What every version of a report begins with.
const FAMILIES: [&str; 2] = ["dprobe.report/", "dprobe.doctor/"];

/// What a file can hold.
#[derive(Debug)]
pub enum Document {
    /// Of checks.
    Report(Report),
    /// Of an engine and its host.
    Doctor(Doctor),
}

/// The mark of a report, whatever else there is.
#[derive(Deserialize)]
struct Head {
    schema: Option<serde_json::Value>,
}

/// Reads a report of checks or of a doctor from a file.
///
/// # Errors
/// [`ExplainError`] tells a file that can not be read from one that is too large, no JSON, truncated, no report, or a report
/// of another version.
pub fn read(path: &Path) -> Result<Document, ExplainError> {
    let shown = printable(path.as_os_str().as_encoded_bytes(), 200);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|source| ExplainError::Read { path: shown.clone(), source })?;
    if bytes.len() as u64 > LONGEST {
        return Err(ExplainError::TooLarge { path: shown, limit_mib: LONGEST / MIB });
    }
    document(&bytes, shown)
}

/// Reads a report of checks from the content of a file; `path` is its printable name for the errors.
///
/// # Errors
/// As [`read`].
pub fn report(bytes: &[u8], path: String) -> Result<Report, ExplainError> {
    match document(bytes, path.clone())? {
        Document::Report(report) => Ok(report),
        Document::Doctor(_) => Err(ExplainError::NotAReport { path }),
    }
}

/// Reads what a file holds from its content; `path` is its printable name for the errors.
///
/// # Errors
/// As [`read`].
pub fn document(bytes: &[u8], path: String) -> Result<Document, ExplainError> {
    // Some editors and shells write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ExplainError::Empty { path });
    }
    let head: Head = match serde_json::from_slice(bytes) {
        Ok(head) => head,
        Err(error) if error.is_eof() => return Err(ExplainError::Truncated { path }),
        Err(error) if error.is_data() => return Err(ExplainError::NotAReport { path }),
        Err(source) => return Err(ExplainError::NotJson { path, source }),
    };
    match head.schema.as_ref().and_then(serde_json::Value::as_str) {
        Some(SCHEMA) => match serde_json::from_slice(bytes) {
            Ok(report) => bounded(report, path).map(Document::Report),
            Err(source) => Err(ExplainError::Damaged { path, schema: SCHEMA, source }),
        },
        Some(doctor::SCHEMA) => match serde_json::from_slice(bytes) {
            Ok(doctor) => bounded_doctor(doctor, path).map(Document::Doctor),
            Err(source) => Err(ExplainError::Damaged { path, schema: doctor::SCHEMA, source }),
        },
        Some(other) if FAMILIES.iter().any(|family| other.starts_with(family)) => {
            Err(ExplainError::OtherSchema { path, found: printable(other.as_bytes(), 80) })
        }
        _ => Err(ExplainError::NotAReport { path }),
    }
}

/// A report that can be judged in a short time.
fn bounded(report: Report, path: String) -> Result<Report, ExplainError> {
    let checks = report.checks.len();
    let facts = report.observations.len() + report.topology.containers.len() + report.topology.networks.len();
    if checks.saturating_mul(facts) > MOST { Err(ExplainError::TooMuch { path, checks, facts }) } else { Ok(report) }
}

/// The same for an engine: networks are held against routes, rules and each other.
fn bounded_doctor(doctor: Doctor, path: String) -> Result<Doctor, ExplainError> {
    let (networks, containers) = (doctor.topology.networks.len(), doctor.topology.containers.len());
    let facts = doctor.observations.len() + containers + networks;
    if networks.saturating_mul(facts) > MOST {
        return Err(ExplainError::TooMuch { path, checks: networks, facts });
    }
    Ok(doctor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{json, samples};

    fn refused(bytes: &[u8]) -> String {
        report(bytes, "x.json".to_owned()).expect_err("no report").to_string()
    }

    #[test]
    fn a_report_is_read() {
        for sample in samples::all() {
            let text = json::render(&sample);
            assert_eq!(report(text.as_bytes(), String::new()).expect("a report"), sample);
            assert_eq!(report(format!("\u{feff}{text}").as_bytes(), String::new()).expect("a report"), sample);
        }
    }

    #[test]
    fn a_doctor_s_report_is_told_from_one_of_checks() {
        let sample = samples::doctor();
        let text = json::render(&sample);
        match document(text.as_bytes(), String::new()).expect("a report") {
            Document::Doctor(doctor) => assert_eq!(doctor, sample),
            Document::Report(report) => panic!("{report:?}"),
        }
        assert!(refused(text.as_bytes()).contains("not a report of dprobe"));
        let newer = text.replace("dprobe.doctor/v1", "dprobe.doctor/v9");
        assert!(refused(newer.as_bytes()).starts_with("`x.json` is a dprobe.doctor/v9"));
    }

    #[test]
    fn fields_of_a_newer_version_are_no_obstacle() {
        let mut value = serde_json::to_value(samples::healthy()).expect("a value");
        value["invented_later"] = 1.into();
        value["checks"][0]["from"]["invented_later"] = 1.into();
        assert!(report(value.to_string().as_bytes(), String::new()).is_ok());
    }

    #[test]
    fn a_report_that_would_take_for_ever_is_refused() {
        let mut sample = samples::bind_loopback();
        sample.checks = vec![sample.checks[0].clone(); 2001];
        sample.observations = vec![sample.observations[0].clone(); 2000];
        let error = report(json::render(&sample).as_bytes(), "x.json".to_owned()).expect_err("too much");
        assert_eq!(error.to_string(), "`x.json` has 2001 checks over 2000 facts, which is more than any report has");
    }

    #[test]
    fn what_is_no_report_is_told_apart() {
        let text = json::render(&samples::bind_loopback());
        assert_eq!(
            refused(&text.as_bytes()[..text.len() / 2]),
            "`x.json` ends in the middle of the report: it is truncated"
        );
        assert_eq!(refused(b" \n"), "`x.json` is empty");
        assert_eq!(refused(b"web -> mongodb REACHABLE"), "`x.json` is not JSON");
        assert_eq!(refused(b"\xff\xfe{\x00"), "`x.json` is not JSON");
        for other in ["[]", "3", "{}", r#"{"schema":3}"#, r#"{"schema":"other/v1"}"#, "null"] {
            assert!(refused(other.as_bytes()).contains("not a report of dprobe"), "{other}");
        }
        let newer = text.replace(SCHEMA, "dprobe.report/v9");
        assert_eq!(refused(newer.as_bytes()), "`x.json` is a dprobe.report/v9, and this dprobe reads dprobe.report/v1");
        let damaged = text.replace("\"verdict\": \"unreachable\"", "\"verdict\": \"perhaps\"");
        assert_eq!(refused(damaged.as_bytes()), "`x.json` says it is a dprobe.report/v1, and is not");
        let deep =
            [r#"{"schema":"dprobe.report/v1","checks":"#, &"[".repeat(1 << 20), &"]".repeat(1 << 20), "}"].concat();
        assert_eq!(refused(deep.as_bytes()), "`x.json` says it is a dprobe.report/v1, and is not");
    }
}
