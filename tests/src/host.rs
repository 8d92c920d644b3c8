//! A server on the engine's host: this process itself.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A TCP server on the host that answers HTTP requests with 200, until it is dropped.
#[derive(Debug)]
pub struct HostListener {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl HostListener {
    /// Listens on a free port of an address, such as `0.0.0.0`.
    #[must_use]
    pub fn on(address: &str) -> Self {
        Self::at(address, 0)
    }

    /// Listens on this port of an address.
    ///
    /// # Panics
    /// When it cannot listen there.
    #[must_use]
    pub fn at(address: &str, port: u16) -> Self {
        let listener =
            TcpListener::bind((address, port)).unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("its address");
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((mut stream, _)) => drop(thread::spawn(move || {
                        let _ = stream.set_nonblocking(false);
                        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                        let mut bytes = [0; 4096];
                        if stream.read(&mut bytes).is_ok_and(|length| length > 0) {
                            let _ =
                                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        }
                    })),
                    Err(_) => thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        Self { address, ended, thread: Some(thread) }
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for HostListener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A port of the host that nothing listened on a moment ago.
///
/// # Panics
/// When the kernel gives none.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
