//! BSON (bsonspec.org, version 1.1), as far as the answer to `hello` needs it.

use super::bytes::Reader;
use crate::text::printable;

/// The most fields of a document, and the most items of an array, that are read.
const MAX_FIELDS: usize = 200;
/// How deep documents are read within documents.
const MAX_DEPTH: usize = 4;
const MAX_TEXT: usize = 300;

/// A value; those that nobody asks for are passed over.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Bool(bool),
    List(Vec<Value>),
    Other,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(truth) => Some(f64::from(u8::from(*truth))),
            _ => None,
        }
    }
}

/// The fields of a document, in their order; none where the bytes are no document.
pub(super) fn document(bytes: &[u8]) -> Option<Vec<(String, Value)>> {
    fields(bytes, MAX_DEPTH)
}

fn fields(bytes: &[u8], depth: usize) -> Option<Vec<(String, Value)>> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.i32_le()?).ok()?;
    let mut reader = Reader::new(bytes.get(4..length)?);
    let mut fields = Vec::new();
    loop {
        let kind = reader.u8()?;
        if kind == 0 {
            return Some(fields);
        }
        if fields.len() == MAX_FIELDS {
            return None;
        }
        let name = printable(reader.zero_ended()?, 100);
        fields.push((name, value(kind, &mut reader, depth)?));
    }
}

/// A string of BSON: its length with the zero at its end.
fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.i32_le()?).ok()?;
    reader.take(length)?.strip_suffix(b"\0")
}

/// The bytes of a document or an array, which begin with their own length.
fn nested<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let length = usize::try_from(ahead.i32_le()?).ok()?;
    reader.take(length)
}

fn value(kind: u8, reader: &mut Reader<'_>, depth: usize) -> Option<Value> {
    let passed = |bytes: Option<&[u8]>| bytes.map(|_| Value::Other);
    match kind {
        0x01 => reader.f64_le().map(Value::Number),
        0x02 => string(reader).map(|text| Value::Text(printable(text, MAX_TEXT))),
        0x03 => passed(nested(reader)),
        0x04 => {
            let bytes = nested(reader)?;
            if depth == 0 {
                return Some(Value::Other);
            }
            let items = fields(bytes, depth - 1)?;
            Some(Value::List(items.into_iter().map(|(_, value)| value).collect()))
        }
        0x05 => {
            let length = usize::try_from(reader.i32_le()?).ok()?;
            passed(reader.take(length.checked_add(1)?))
        }
        0x06 | 0x0a | 0xff | 0x7f => Some(Value::Other),
        0x07 => passed(reader.take(12)),
        0x08 => reader.u8().map(|byte| Value::Bool(byte != 0)),
        // Nobody asks for the exact value of a long number (0x12).
        0x09 | 0x11 | 0x12 => passed(reader.take(8)),
        0x0b => {
            reader.zero_ended()?;
            passed(reader.zero_ended())
        }
        0x0d | 0x0e => passed(string(reader)),
        0x10 => reader.i32_le().map(|number| Value::Number(number.into())),
        0x13 => passed(reader.take(16)),
        _ => None,
    }
}

/// A document of these fields, for what is asked.
pub(super) fn written(number: (&str, i32), text: (&str, &str)) -> Vec<u8> {
    let mut body = vec![0x10];
    body.extend(number.0.bytes());
    body.push(0);
    body.extend(number.1.to_le_bytes());
    body.push(0x02);
    body.extend(text.0.bytes());
    body.push(0);
    body.extend(u32::try_from(text.1.len() + 1).unwrap_or_default().to_le_bytes());
    body.extend(text.1.bytes());
    body.extend([0, 0]);
    let length = u32::try_from(body.len() + 4).unwrap_or_default();
    [length.to_le_bytes().to_vec(), body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(("hello", 1), ("$db", "admin"));
        let fields = document(&bytes).expect("a document");
        assert_eq!(fields[0], ("hello".to_owned(), Value::Number(1.0)));
        assert_eq!(fields[1], ("$db".to_owned(), Value::Text("admin".to_owned())));
    }

    #[test]
    fn lying_lengths_are_no_document() {
        let good = written(("hello", 1), ("$db", "admin"));
        for length in [0_i32, 3, -1, i32::MAX, i32::MIN] {
            let bytes = [&length.to_le_bytes()[..], &good[4..]].concat();
            assert_eq!(document(&bytes), None, "{length}");
        }
        assert_eq!(document(&good[..good.len() - 1]), None);
    }

    #[test]
    fn arrays_in_arrays_have_an_end() {
        let mut bytes = vec![5, 0, 0, 0, 0];
        for _ in 0..50 {
            let length = u32::try_from(bytes.len() + 4 + 3 + 1).expect("short");
            bytes = [&length.to_le_bytes()[..], b"\x04a\0", &bytes, b"\0"].concat();
        }
        assert!(document(&bytes).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = document(&bytes);
        }
    }
}
