//! Lines out of a stream of chunks that know nothing of lines.

/// Collects bytes and hands them out line by line.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where the first line that was not handed out begins.
    start: usize,
    /// Up to where no line end was found.
    searched: usize,
    limit: usize,
}

/// A line grew beyond its limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    /// No line may be longer than `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, limit }
    }

    /// Adds a chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let found = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        let end = match found {
            Some(offset) => self.searched + offset,
            None => self.buffer.len(),
        };
        if end - self.start > self.limit {
            return Err(TooLong);
        }
        self.searched = end;
        if found.is_none() {
            return Ok(None);
        }
        let line = self.start..end;
        self.start = end + 1;
        self.searched = end + 1;
        Ok(Some(&self.buffer[line]))
    }

    /// What is left: the beginning of a line that never ended.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("no long line") {
            found.push(String::from_utf8_lossy(line).into_owned());
        }
        found
    }

    #[test]
    fn chunks_and_lines_need_not_coincide() {
        let mut lines = Lines::new(100);
        lines.push(b"on");
        assert_eq!(all(&mut lines), [""; 0]);
        lines.push(b"e\ntwo\nthr");
        assert_eq!(all(&mut lines), ["one", "two"]);
        lines.push(b"ee\n\nfour");
        assert_eq!(all(&mut lines), ["three", ""]);
        assert_eq!(lines.rest(), b"four");
    }

    #[test]
    fn every_way_to_cut_the_stream_gives_the_same_lines() {
        let text = b"alpha\nbeta\n\ngamma\n";
        for size in 1..text.len() {
            let mut lines = Lines::new(100);
            let mut found = Vec::new();
            for chunk in text.chunks(size) {
                lines.push(chunk);
                found.extend(all(&mut lines));
            }
            assert_eq!(found, ["alpha", "beta", "", "gamma"], "chunks of {size}");
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_whether_it_ends_or_not() {
        let mut lines = Lines::new(4);
        lines.push(b"1234\n");
        assert_eq!(lines.next(), Ok(Some(&b"1234"[..])));
        lines.push(b"12345");
        assert_eq!(lines.next(), Err(TooLong));
        let mut lines = Lines::new(4);
        lines.push(b"12345\n");
        assert_eq!(lines.next(), Err(TooLong));
    }
}
