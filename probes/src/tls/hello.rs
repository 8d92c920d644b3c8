//! A `ClientHello` with versions and ciphers that the TLS library knows no more, to see what a server speaks that wants none of
//! today's. Only its `ServerHello` is read; no handshake comes of it.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::OldHello;

/// The longest record that holds a `ServerHello` here.
const MAX_RECORD: usize = 16 * 1024 + 256;

/// Ciphers of TLS 1.0 to 1.2 that servers of old offer (IANA's registry of TLS parameters): with elliptic and with plain
/// Diffie-Hellman, then those without forward secrecy; 3DES and RC4 at the end.
const CIPHERS: [u16; 28] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009e, 0x009f,
    0x0067, 0x006b, 0x0033, 0x0039, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0xc012, 0x0016, 0x000a, 0x0005,
];

/// Says hello, and reads what the server chooses; none where it chooses nothing.
pub(super) async fn offer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), host: &str) -> Option<OldHello> {
    stream.write_all(&client_hello(host)).await.ok()?;
    stream.flush().await.ok()?;
    server_hello(stream).await.ok().flatten()
}

/// The record (RFC 5246, sections 6.2.1 and 7.4.1.2).
fn client_hello(host: &str) -> Vec<u8> {
    // Nobody checks that it is random, and nothing is kept secret by it.
    let mut body = vec![3, 3];
    body.extend(*b"dprobe asks what is spoken here!");
    body.push(0);
    let ciphers: Vec<u8> = CIPHERS.iter().flat_map(|cipher| cipher.to_be_bytes()).collect();
    body.extend(vector(&ciphers));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    let name = host.trim_end_matches('.');
    if name.parse::<IpAddr>().is_err() && name.len() < 256 {
        // One name of the type host_name (RFC 6066, section 3).
        let entry = [&[0][..], &vector(name.as_bytes())].concat();
        extensions.extend(extension(0, &vector(&entry)));
    }
    // Groups (x25519, P-256, P-384, P-521), uncompressed points, and signatures down to SHA-1.
    extensions.extend(extension(10, &vector(&[0, 29, 0, 23, 0, 24, 0, 25])));
    extensions.extend(extension(11, &[1, 0]));
    extensions.extend(extension(13, &vector(&[4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 2, 3, 2, 1])));
    body.extend(vector(&extensions));
    // The first message is one of 24 bits, in a record that has the oldest version, as it is said to be (appendix E.1).
    let message = [&[1, 0][..], &vector(&body)].concat();
    [&[22, 3, 1][..], &vector(&message)].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(content)].concat()
}

/// Bytes with their length in two bytes before them. Nothing here is longer.
fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// The first record, where it is a `ServerHello` (RFC 5246, section 7.4.1.3).
async fn server_hello(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<OldHello>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let [kind, major, _, high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if kind != 22 || major != 3 || length > MAX_RECORD {
        return Ok(None);
    }
    let mut record = vec![0; length];
    stream.read_exact(&mut record).await?;
    Ok(chosen(&record))
}

/// What a `ServerHello` says: the version stands behind the head of four bytes, the cipher behind 32 random ones and a session.
fn chosen(message: &[u8]) -> Option<OldHello> {
    let version = match message.get(..6)? {
        [2, _, _, _, 3, 0] => "SSLv3",
        [2, _, _, _, 3, 1] => "TLSv1.0",
        [2, _, _, _, 3, 2] => "TLSv1.1",
        [2, _, _, _, 3, 3] => "TLSv1.2",
        _ => return None,
    };
    let session = usize::from(*message.get(38)?);
    let cipher = message.get(39 + session..41 + session)?;
    Some(OldHello { version: version.to_owned(), cipher: u16::from_be_bytes([*cipher.first()?, *cipher.get(1)?]) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hello_has_the_lengths_that_it_says() {
        for host in ["api.example.test", "198.51.100.7"] {
            let hello = client_hello(host);
            assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
            assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
            let named = hello.windows(host.len()).any(|part| part == host.as_bytes());
            assert_eq!(named, host.starts_with('a'), "an address is no name");
        }
    }

    #[test]
    fn version_and_cipher_are_read_behind_a_session() {
        let mut message = vec![2, 0, 0, 72, 3, 2];
        message.extend([7; 32]);
        message.extend([2, 1, 1, 0, 0x2f, 0]);
        let hello = chosen(&message).expect("a hello");
        assert_eq!((hello.version.as_str(), hello.cipher), ("TLSv1.1", 0x2f));
        assert_eq!(chosen(&message[..41]), None);
    }

    proptest! {
        #[test]
        fn any_message_is_read_without_a_panic(message in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = chosen(&message);
        }
    }
}
