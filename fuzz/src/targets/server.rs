//! A server that is played.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A server that says what it was told to say, in pieces, and then hangs up.
pub(super) struct Server {
    says: Vec<u8>,
    said: usize,
    piece: usize,
}

impl Server {
    /// The first byte is the length of the pieces; zero for all at once.
    pub(super) fn new(data: &[u8]) -> Self {
        let (piece, says) = data.split_first().unwrap_or((&0, &[]));
        Self::in_pieces(*piece, says)
    }

    /// The same with the length of the pieces apart.
    pub(super) fn in_pieces(piece: u8, says: &[u8]) -> Self {
        let piece = if piece == 0 { usize::MAX } else { usize::from(piece) };
        Self { says: says.to_vec(), said: 0, piece }
    }
}

impl AsyncRead for Server {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = &self.says[self.said..];
        let length = rest.len().min(self.piece).min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        self.said += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
