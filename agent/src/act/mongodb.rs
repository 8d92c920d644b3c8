//! A fake of `mongod`, as far as its first words go: it answers every command with what `hello` says (`MongoDB`'s
//! documentation, "Wire Protocol"; bsonspec.org).

const OP_MSG: u32 = 2013;
/// Where the request's own id stands in its header.
const REQUEST_ID: std::ops::Range<usize> = 4..8;

/// The answer to a message; empty where it is none.
pub(super) fn answer(message: &[u8], hosts: &[String]) -> Vec<u8> {
    let Some(id) = message.get(REQUEST_ID) else { return Vec::new() };
    let document = hello(hosts);
    let length = u32::try_from(21 + document.len()).unwrap_or_default();
    let mut answer = length.to_le_bytes().to_vec();
    answer.extend(1_u32.to_le_bytes());
    answer.extend(id);
    answer.extend(OP_MSG.to_le_bytes());
    // No flags, and one section: a document.
    answer.extend([0; 5]);
    answer.extend(document);
    answer
}

fn hello(hosts: &[String]) -> Vec<u8> {
    let mut body = b"\x08isWritablePrimary\0\x01".to_vec();
    if let Some(primary) = hosts.first() {
        let list: Vec<u8> = hosts.iter().enumerate().flat_map(|(at, host)| string(&at.to_string(), host)).collect();
        body.extend(b"\x04hosts\0");
        body.extend(document(&list));
        for (name, text) in [("setName", "rs0"), ("primary", primary), ("me", primary)] {
            body.extend(string(name, text));
        }
    }
    // The wire protocol of 7.0, and `ok: 1.0`.
    body.extend(b"\x10maxWireVersion\0\x15\0\0\0\x01ok\0\0\0\0\0\0\0\xf0\x3f");
    document(&body)
}

fn string(name: &str, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 1).unwrap_or_default();
    [b"\x02", name.as_bytes(), b"\0", &length.to_le_bytes(), text.as_bytes(), b"\0"].concat()
}

fn document(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 5).unwrap_or_default();
    [&length.to_le_bytes()[..], body, b"\0"].concat()
}
