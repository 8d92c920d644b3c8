//! As much of HTTP/2 (RFC 9113) as it takes to learn the status of one answer, for servers that speak nothing older.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::Watched;

/// What a client says first (section 3.4), and an empty SETTINGS frame (section 6.5).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The longest frame that a server may send unless it is told otherwise (section 4.2).
const MAX_FRAME: usize = 16_384;

/// How many frames are read before the answer is given up.
const MAX_FRAMES: usize = 64;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;

/// Flags of HEADERS: the stream ends, the headers end, the frame is padded, it has a priority. ACK is the first one.
const END: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;
const ACK: u8 = 1;

/// Whether an answer begins as one of HTTP/2 does: with SETTINGS, or with a farewell, on stream 0.
pub(super) fn begins(first: &[u8]) -> bool {
    matches!(first, [0, _, _, SETTINGS | GO_AWAY, 0, 0, 0, 0, 0, ..])
}

/// Asks for a path with GET, and returns the status of the answer.
pub(super) async fn status(stream: &mut Watched, tls: bool, authority: &str, path: &str) -> io::Result<u16> {
    let mut opening = PREFACE.to_vec();
    opening.extend(frame(HEADERS, END | END_HEADERS, 1, &request(tls, authority, path)?)?);
    stream.write_all(&opening).await?;
    stream.flush().await?;
    for _ in 0..MAX_FRAMES {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream_id @ ..] = head;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if length > MAX_FRAME {
            return Err(io::Error::other("a frame of HTTP/2 is longer than allowed"));
        }
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        match (kind, u32::from_be_bytes(stream_id) & 0x7fff_ffff) {
            (SETTINGS, 0) if flags & ACK == 0 => {
                stream.write_all(&frame(SETTINGS, ACK, 0, &[])?).await?;
                stream.flush().await?;
            }
            (PING, 0) if flags & ACK == 0 => {
                stream.write_all(&frame(PING, ACK, 0, &payload)?).await?;
                stream.flush().await?;
            }
            (HEADERS, 1) => {
                let status = block(&payload, flags).and_then(status_in);
                let status = status.ok_or_else(|| io::Error::other("the headers of HTTP/2 make no sense"))?;
                // Interim answers are followed by another (RFC 9110, section 15.2).
                if !(100..200).contains(&status) {
                    return Ok(status);
                }
            }
            (RST_STREAM | DATA, 1) => return Err(io::Error::other("the server refused the request")),
            (GO_AWAY, _) => return Err(io::Error::other("the server ended the connection of HTTP/2")),
            _ => {}
        }
    }
    Err(io::Error::other("no answer among the first frames of HTTP/2"))
}

/// A frame (section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::other("the request is too long for HTTP/2"))?.to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    Ok(frame)
}

/// The headers of a GET (RFC 7541): indexed where the static table (appendix A) has them, else literal, never Huffman.
fn request(tls: bool, authority: &str, path: &str) -> io::Result<Vec<u8>> {
    // `:method: GET` is entry 2, `:scheme:` http is 6 and https 7, `:authority` 1, `:path` 4.
    let mut block = vec![0x82, if tls { 0x87 } else { 0x86 }];
    for (entry, value) in [(1, authority), (4, path)] {
        block.push(entry);
        integer(&mut block, value.len())?;
        block.extend(value.bytes());
    }
    Ok(block)
}

/// A length with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(out: &mut Vec<u8>, value: usize) -> io::Result<()> {
    let too_long = |_| io::Error::other("the request is too long for HTTP/2");
    if value < 127 {
        out.push(u8::try_from(value).map_err(too_long)?);
        return Ok(());
    }
    out.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        out.push(u8::try_from(rest % 128 + 128).map_err(too_long)?);
        rest /= 128;
    }
    out.push(u8::try_from(rest).map_err(too_long)?);
    Ok(())
}

/// The header block of a HEADERS frame, without padding and priority (section 6.2).
fn block(payload: &[u8], flags: u8) -> Option<&[u8]> {
    let (padding, rest) = match flags & PADDED {
        0 => (0, payload),
        _ => payload.split_first().map(|(padding, rest)| (usize::from(*padding), rest))?,
    };
    let start = if flags & PRIORITY == 0 { 0 } else { 5 };
    rest.get(start..rest.len().checked_sub(padding)?)
}

/// The status in a header block, where it comes first, as it has to (section 8.3).
fn status_in(mut block: &[u8]) -> Option<u16> {
    // Changes of the table's size may stand before it (RFC 7541, section 6.3).
    while let [first, rest @ ..] = block
        && first & 0xe0 == 0x20
    {
        block = rest;
        if first & 0x1f == 0x1f {
            let end = block.iter().position(|byte| byte & 0x80 == 0)?;
            block = block.get(end + 1..)?;
        }
    }
    let (first, rest) = block.split_first()?;
    match first {
        0x88 => Some(200),
        0x89 => Some(204),
        0x8a => Some(206),
        0x8b => Some(304),
        0x8c => Some(400),
        0x8d => Some(404),
        0x8e => Some(500),
        // A value of its own beside the name of entries 8 to 14, in any of the literal forms.
        0x48..=0x4e | 0x08..=0x0e | 0x18..=0x1e => {
            let (length, rest) = rest.split_first()?;
            let value = rest.get(..usize::from(length & 0x7f))?;
            let digits = if length & 0x80 == 0 { value.to_vec() } else { huffman_digits(value)? };
            let status: u16 = str::from_utf8(&digits).ok()?.parse().ok()?;
            (100..1000).contains(&status).then_some(status)
        }
        _ => None,
    }
}

/// Digits in the Huffman code (RFC 7541, appendix B): `0` to `2` have five bits, `3` to `9` six.
fn huffman_digits(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1)));
    let mut digits = Vec::new();
    while digits.len() < 3 {
        let mut code = 0;
        for _ in 0..5 {
            code = code << 1 | bits.next()?;
        }
        let digit = if code <= 2 {
            code
        } else {
            code = code << 1 | bits.next()?;
            code.checked_sub(0x19).filter(|digit| *digit <= 6)? + 3
        };
        digits.push(b'0' + u8::try_from(digit).ok()?);
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_status_is_read_in_each_of_its_forms() {
        assert_eq!(status_in(&[0x88, 0x76]), Some(200));
        assert_eq!(status_in(&[0x20, 0x8d]), Some(404));
        assert_eq!(status_in(&[0x3f, 0xe1, 0x1f, 0x88]), Some(200));
        assert_eq!(status_in(&[0x48, 3, b'5', b'0', b'3']), Some(503));
        // RFC 7541, C.6.1: `302` in the Huffman code is 6402.
        assert_eq!(status_in(&[0x48, 0x82, 0x64, 0x02]), Some(302));
        // C.6.2: `307` is 640eff.
        assert_eq!(status_in(&[0x48, 0x83, 0x64, 0x0e, 0xff]), Some(307));
        for nonsense in [&[][..], &[0x80], &[0x48], &[0x48, 3, b'x', b'0', b'0'], &[0x48, 0x81, 0xff], &[0x3f]] {
            assert_eq!(status_in(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn padding_and_priority_are_taken_off() {
        assert_eq!(block(&[0x88], 0), Some(&[0x88][..]));
        assert_eq!(block(&[1, 0, 0, 0, 0, 9, 0x88, 0], PADDED | PRIORITY), Some(&[0x88][..]));
        assert_eq!(block(&[9, 0x88], PADDED), None);
    }

    #[test]
    fn long_values_have_long_lengths() {
        let mut out = Vec::new();
        integer(&mut out, 1337).expect("a length");
        assert_eq!(out, [127, 186, 9]);
    }

    proptest! {
        #[test]
        fn any_block_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), flags: u8) {
            let _ = block(&bytes, flags).and_then(status_in);
            let _ = huffman_digits(&bytes);
        }
    }
}
