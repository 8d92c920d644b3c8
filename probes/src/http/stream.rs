//! The stream under a request, which remembers when the first byte came and what the first bytes were.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many of the first bytes are remembered.
const FIRST: usize = 64;

/// A connection to a server, whatever is inside of what.
pub(crate) type Stream = Box<dyn Connection>;

/// What a connection is.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// What was noticed of the answer.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// When the first byte was read.
    pub(super) at: Option<Instant>,
    /// The first bytes.
    pub(super) first: Vec<u8>,
}

/// A connection that remembers how the answer began.
pub(super) struct Watched {
    stream: Stream,
    noticed: Arc<Mutex<Noticed>>,
}

impl Watched {
    /// The connection, and the place in which the beginning of the answer will be found.
    pub(super) fn new(stream: Stream) -> (Self, Arc<Mutex<Noticed>>) {
        let noticed = Arc::new(Mutex::default());
        (Self { stream, noticed: Arc::clone(&noticed) }, noticed)
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let new = buffer.filled().get(before..).unwrap_or_default();
        if !new.is_empty() {
            let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
            noticed.at.get_or_insert_with(Instant::now);
            let room = FIRST.saturating_sub(noticed.first.len());
            noticed.first.extend(new.iter().take(room));
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
