//! The stream under a request, plain or TLS, which remembers when the first byte came.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection to a server.
pub(crate) enum Stream {
    /// http.
    Plain(TcpStream),
    /// https.
    Tls(Box<TlsStream<TcpStream>>),
    /// A server that is played.
    #[cfg(feature = "fuzzing")]
    Played(Box<dyn crate::fuzzing::Played>),
}

/// A connection that remembers when its first byte was read.
pub(super) struct Watched {
    stream: Stream,
    first_byte: Arc<OnceLock<Instant>>,
}

impl Watched {
    /// The connection, and the place in which the moment of its first byte will be found.
    pub(super) fn new(stream: Stream) -> (Self, Arc<OnceLock<Instant>>) {
        let first_byte = Arc::new(OnceLock::new());
        (Self { stream, first_byte: Arc::clone(&first_byte) }, first_byte)
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "fuzzing")]
            Stream::Played(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let read = ready!(read);
        if buffer.filled().len() > before {
            self.first_byte.get_or_init(Instant::now);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "fuzzing")]
            Stream::Played(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "fuzzing")]
            Stream::Played(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "fuzzing")]
            Stream::Played(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
