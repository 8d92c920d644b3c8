//! The byte stream to an engine: Unix socket, TCP, TLS over TCP, or `ssh … docker system dial-stdio`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::address::{Address, Route};
use super::error::EngineError;
use super::tls::{self, TlsClient};

/// Opens streams to one engine, whatever the URI of a request says.
#[derive(Clone)]
pub(super) struct Connector {
    address: Arc<Address>,
    tls: Option<TlsClient>,
}

impl Connector {
    /// Prepares connections; reads TLS material, and connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`EngineError::TlsFile`].
    pub(super) fn new(address: &Address) -> Result<Self, EngineError> {
        let tls = match (&address.route, &address.tls) {
            (Route::Tcp { host, .. }, Some(settings)) => Some(tls::client(settings, host)?),
            _ => None,
        };
        Ok(Self { address: Arc::new(address.clone()), tls })
    }

    async fn open(self) -> io::Result<TokioIo<EngineStream>> {
        let stream: Box<dyn Duplex> = match &self.address.route {
            Route::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Route::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                match &self.tls {
                    Some(tls) => Box::new(tls.connect(stream).await?),
                    None => Box::new(stream),
                }
            }
            Route::Ssh { host, user, port } => Box::new(SshStream::open(host, user.as_deref(), *port)?),
        };
        Ok(TokioIo::new(EngineStream(stream)))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<EngineStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().open())
    }
}

/// Anything that can be read and written.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A byte stream to an engine.
pub(super) struct EngineStream(Box<dyn Duplex>);

impl Connection for EngineStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for EngineStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for EngineStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The standard streams of an ssh(1) process that talks to the engine on its other end. The user's own ssh knows keys,
/// agents, jump hosts and known hosts; its errors go to the terminal.
struct SshStream {
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Ends the process with the stream.
    _child: Child,
}

impl SshStream {
    fn open(host: &str, user: Option<&str>, port: Option<u16>) -> io::Result<Self> {
        let mut command = Command::new("ssh");
        if let Some(user) = user {
            command.args(["-l", user]);
        }
        if let Some(port) = port {
            command.arg("-p").arg(port.to_string());
        }
        command.args(["-o", "ConnectTimeout=5", "-T", "--", host, "docker", "system", "dial-stdio"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child =
            command.spawn().map_err(|error| io::Error::new(error.kind(), format!("failed to run ssh: {error}")))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { stdin, stdout, _child: child }),
            _ => Err(io::Error::other("ssh has no pipes")),
        }
    }
}

impl AsyncRead for SshStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdout).poll_read(cx, buf)
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stdin).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(cx)
    }
}
