//! A reader of foreign bytes that never reads past their end.

/// What a parser makes of the bytes that came so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard<T> {
    /// They are the beginning of something; more has to come.
    More,
    /// They are this.
    Got(T),
    /// They are something else.
    Foreign,
}

/// A place in bytes. Each read is none where the bytes end before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32_le(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn f64_le(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// Bytes up to a zero, which is taken as well.
    pub(super) fn zero_ended(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    /// A length of 32 bits, and as many bytes as it says.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length)
    }
}

/// The first line without its end (CR LF or LF); none where it has no end yet.
pub(super) fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes.get(..end)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// What a line that a parser reads is: none yet, or too long to be one.
pub(super) fn first_line(bytes: &[u8], limit: usize) -> Heard<&[u8]> {
    match line(bytes) {
        Some(line) => Heard::Got(line),
        None if bytes.len() > limit => Heard::Foreign,
        None => Heard::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut reader = Reader::new(b"\0\0\0\x09abc");
        assert_eq!(reader.counted(), None);
        let mut reader = Reader::new(b"\0\0\0\x03abc");
        assert_eq!(reader.counted(), Some(&b"abc"[..]));
        assert!(reader.is_empty() && reader.u8().is_none());
        assert_eq!(Reader::new(b"abc").zero_ended(), None);
    }

    #[test]
    fn a_line_ends_with_either_end() {
        assert_eq!(line(b"+PONG\r\nx"), Some(&b"+PONG"[..]));
        assert_eq!(line(b"a\nb"), Some(&b"a"[..]));
        assert_eq!(first_line(b"abc", 2), Heard::Foreign);
        assert_eq!(first_line(b"abc", 3), Heard::More);
    }
}
