//! The conversation with an agent: requests on its input, replies on its output, both bounded.

use std::pin::Pin;

use bollard::container::{AttachContainerResults, LogOutput};
use dprobe_probes::text::printable;
use dprobe_probes::wire::{MAX_LINE, Reply, Request};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::error::{WORDS, chain};
use super::lines::Lines;

/// The most that an agent may say between two requests, in bytes. Far beyond what it has to say.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How much of an agent's standard error is kept for an error message, in bytes.
const LAST_WORDS: usize = 2048;

/// The two directions of the connection to an agent.
pub(super) struct Conversation {
    input: Pin<Box<dyn AsyncWrite + Send>>,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    lines: Lines,
    /// How many bytes came since the last plan.
    received: usize,
    last_words: Vec<u8>,
}

impl Conversation {
    pub(super) fn over(attached: AttachContainerResults) -> Self {
        Self {
            input: attached.input,
            output: attached.output,
            lines: Lines::new(MAX_LINE),
            received: 0,
            last_words: Vec::new(),
        }
    }

    /// Closes the agent's input.
    pub(super) async fn end(&mut self) {
        // An agent that is gone already has no input to close.
        let _ = self.input.shutdown().await;
    }

    pub(super) async fn say(&mut self, request: &Request) -> Result<(), String> {
        let mut line = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        line.push(b'\n');
        self.received = 0;
        let sent = async {
            self.input.write_all(&line).await?;
            self.input.flush().await
        };
        sent.await.map_err(|error| format!("it cannot be talked to: {error}"))
    }

    /// The next thing that the agent says; none where its output has ended.
    pub(super) async fn reply(&mut self) -> Result<Option<Reply>, String> {
        loop {
            match self.lines.next() {
                Ok(Some(line)) => {
                    return serde_json::from_slice(line).map(Some).map_err(|error| not_understood(&error, line));
                }
                Ok(None) => {}
                Err(_) => return Err("it said a line without end".to_owned()),
            }
            match self.output.next().await {
                Some(Ok(LogOutput::StdOut { message })) => {
                    self.received += message.len();
                    if self.received > MAX_BYTES {
                        return Err("it has too much to say".to_owned());
                    }
                    self.lines.push(&message);
                }
                Some(Ok(LogOutput::StdErr { message } | LogOutput::Console { message })) => self.remember(&message),
                Some(Ok(LogOutput::StdIn { .. })) => {}
                Some(Err(error)) => {
                    let words = chain(&error);
                    return Err(format!("the connection to it broke: {}", printable(words.as_bytes(), WORDS)));
                }
                None => return Ok(None),
            }
        }
    }

    fn remember(&mut self, words: &[u8]) {
        self.last_words.extend_from_slice(words);
        let surplus = self.last_words.len().saturating_sub(LAST_WORDS);
        self.last_words.drain(..surplus);
    }

    /// How an agent ended whose output has ended.
    pub(super) fn ending(&self, exit: Option<String>) -> String {
        self.with_last_words(match exit {
            Some(code) => format!("it ended with exit code {code}"),
            None => "it ended".to_owned(),
        })
    }

    pub(super) fn with_last_words(&self, problem: String) -> String {
        let words = if self.last_words.is_empty() { self.lines.rest() } else { &self.last_words };
        let words = printable(words.trim_ascii(), WORDS);
        if words.is_empty() { problem } else { format!("{problem}; its last words: {words}") }
    }
}

/// What is wrong with a line. The words of the error repeat parts of it.
fn not_understood(error: &serde_json::Error, line: &[u8]) -> String {
    let words = printable(error.to_string().as_bytes(), WORDS);
    format!("what it said is not understood: {words}: {}", printable(line, 200))
}
