//! Stdin and stdout as channels of requests and replies.
//!
//! Each has a thread of its own: pipes and terminals can block at any moment, and the agent must be able to end while
//! they do. The threads are not waited for.

use std::io::{self, BufRead, Read as _};
use std::thread;

use dprobe_probes::wire::{MAX_LINE, Reply, Request};
use tokio::sync::mpsc;

/// How many replies wait to be written before the probes wait for the reader.
const WAITING_REPLIES: usize = 64;

/// One line of stdin: a request, or why it is none.
pub(crate) type Heard = Result<Request, String>;

/// The requests on stdin. The channel closes when stdin does.
pub(crate) fn requests() -> mpsc::Receiver<Heard> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Some(heard) = next_request(&mut stdin) {
            if sender.blocking_send(heard).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The way to stdout, and a channel that closes when everything has been written or stdout is closed.
pub(crate) fn replies() -> (mpsc::Sender<Reply>, mpsc::Receiver<()>) {
    let (sender, mut receiver) = mpsc::channel(WAITING_REPLIES);
    let (writing, written) = mpsc::channel(1);
    thread::spawn(move || {
        let mut stdout = io::stdout().lock();
        while let Some(reply) = receiver.blocking_recv() {
            if write_reply(&mut stdout, &reply).is_err() {
                break;
            }
        }
        drop(writing);
    });
    (sender, written)
}

fn write_reply(out: &mut impl io::Write, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// The next request, none at the end. Empty lines are passed over.
pub(crate) fn next_request(input: &mut impl BufRead) -> Option<Heard> {
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let length = input.by_ref().take(limit).read_until(b'\n', &mut line).ok()?;
        if length == 0 {
            return None;
        }
        if length == MAX_LINE && line.last() != Some(&b'\n') {
            skip_line(input).ok()?;
            return Some(Err(format!("a line of more than {MAX_LINE} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        return Some(serde_json::from_slice(&line).map_err(|error| format!("not a request: {error}")));
    }
}

/// Read to the end of the line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (length, done) = match end {
            Some(position) => (position + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(length);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_over_the_limit_is_refused_and_the_next_one_is_heard() {
        let mut input = vec![b'x'; MAX_LINE + 5];
        input.extend_from_slice(b"\n\n{\"say\":\"stop\"}\n");
        let mut input = input.as_slice();
        assert!(next_request(&mut input).unwrap().unwrap_err().contains("bytes"));
        assert_eq!(next_request(&mut input), Some(Ok(Request::Stop)));
        assert_eq!(next_request(&mut input), None);
    }

    #[test]
    fn a_request_without_an_end_of_line_is_heard() {
        let mut input = &b"{\"say\":\"stop\"}"[..];
        assert_eq!(next_request(&mut input), Some(Ok(Request::Stop)));
    }
}
