//! A report for programs: `dprobe.report/v1`, by `docs/report.schema.json`.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::report::Report;
use crate::report::doctor::Doctor;

/// A report as JSON, indented, with a newline at its end.
#[must_use]
pub fn render<T: Serialize>(report: &T) -> String {
    let mut bytes = Vec::with_capacity(16 * 1024);
    let mut serializer = Serializer::with_formatter(&mut bytes, Harmless(PrettyFormatter::new()));
    // Neither a report's types nor a vector can fail here.
    let _ = report.serialize(&mut serializer);
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// The JSON Schema of a report of checks, indented, with a newline at its end.
#[must_use]
pub fn schema() -> String {
    schema_of::<Report>()
}

/// The same of an engine that was looked over.
#[must_use]
pub fn doctor_schema() -> String {
    schema_of::<Doctor>()
}

fn schema_of<T: JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Pretty JSON in which a terminal finds nothing to obey: JSON has to escape the C0 controls only, so the others and what
/// reorders text are escaped here.
struct Harmless(PrettyFormatter<'static>);

/// Whether a character is to be escaped although JSON does not ask for it.
fn is_risky(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_risky(*c)) {
            // All of them are in the basic plane, so one escape each is enough.
            write!(writer, "{}\\u{:04x}", &rest[..at], u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_report_comes_back_as_it_was() {
        for report in samples::all() {
            let text = render(&report);
            assert_eq!(serde_json::from_str::<Report>(&text).expect("a report"), report);
            assert!(text.ends_with("}\n"));
        }
    }

    #[test]
    fn a_terminal_finds_nothing_to_obey() {
        let report = samples::hostile();
        let text = render(&report);
        assert!(!text.chars().any(|c| c != '\n' && is_risky(c)), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("a report"), report);
    }

    /// `DPROBE_BLESS=1 cargo test -p dprobe schema_is_current` writes it anew.
    #[test]
    fn schema_is_current() {
        is_current("report.schema.json", &schema());
    }

    #[test]
    fn doctor_schema_is_current() {
        is_current("doctor.schema.json", &doctor_schema());
    }

    fn is_current(file: &str, schema: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
        if std::env::var_os("DPROBE_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, schema).expect("the schema is written");
        }
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(shipped == schema, "docs/{file} is not what the types say; DPROBE_BLESS=1 writes it anew");
    }
}
