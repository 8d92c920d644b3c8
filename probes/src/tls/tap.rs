//! A stream under TLS that remembers its first bytes, and ends a handshake that does not.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that a server may send in a handshake, in bytes. Chains have a few thousand.
const MAX_HANDSHAKE: usize = 256 * 1024;

/// How many of the first bytes are remembered.
const FIRST: usize = 64;

/// What went by.
#[derive(Debug, Default)]
pub(super) struct Taken {
    first: Mutex<Vec<u8>>,
    count: AtomicUsize,
    /// The handshake is over: anything may follow.
    open: AtomicBool,
}

impl Taken {
    /// The first bytes that were read.
    pub(super) fn first(&self) -> Vec<u8> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server sent more than it may.
    pub(super) fn is_too_much(&self) -> bool {
        self.count.load(Ordering::Relaxed) > MAX_HANDSHAKE && !self.open.load(Ordering::Relaxed)
    }

    /// Lets everything pass from now on.
    pub(super) fn let_go(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    fn take(&self, bytes: &[u8]) {
        let before = self.count.fetch_add(bytes.len(), Ordering::Relaxed);
        if before < FIRST {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            let room = FIRST.saturating_sub(first.len());
            first.extend(bytes.iter().take(room));
        }
    }
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Tap<S> {
    stream: S,
    taken: Arc<Taken>,
}

impl<S> Tap<S> {
    /// A stream, and the place in which what went by will be found.
    pub(super) fn new(stream: S) -> (Self, Arc<Taken>) {
        let taken = Arc::new(Taken::default());
        (Self { stream, taken: Arc::clone(&taken) }, taken)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if !self.taken.open.load(Ordering::Relaxed) {
            self.taken.take(buffer.filled().get(before..).unwrap_or_default());
            if self.taken.is_too_much() {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
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
