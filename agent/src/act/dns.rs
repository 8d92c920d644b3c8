//! A DNS server of a few records (RFC 1035).

use std::net::IpAddr;

use super::spec::Zone;

/// The length of a message's header.
const HEADER: usize = 12;

/// Record types and the only class.
const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const IN: u16 = 1;

/// Seconds that an answer may be kept.
const TTL: u32 = 1;

/// The same answer without its records, marked as one that did not fit (the TC bit).
pub(super) fn truncated(mut reply: Vec<u8>) -> Vec<u8> {
    if let Some((_, end)) = question_name(&reply) {
        reply.truncate(end + 4);
        reply[2] |= 0x02;
        reply[6..8].fill(0);
    }
    reply
}

/// The answer to a query; none where it is no query, or the server is to be silent.
pub(super) fn answer(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    // A response that is answered would start an endless exchange (the QR bit).
    if zone.silent || query.len() < HEADER || query[2] & 0x80 != 0 {
        return None;
    }
    let (name, end) = question_name(query)?;
    let kind = u16_at(query, end)?;
    let question = query.get(HEADER..end + 4)?;

    let addresses = zone.records.iter().filter(|(pattern, _)| matches(pattern, &name)).map(|&(_, address)| address);
    let addresses = addresses.map(|address| match address {
        IpAddr::V4(address) => (A, address.octets().to_vec()),
        IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
    });
    let services =
        zone.services.iter().filter(|(own, _, _)| *own == name).map(|(_, host, port)| (SRV, srv(host, *port)));
    let known: Vec<(u16, Vec<u8>)> = addresses.chain(services).collect();
    let rcode = match zone.aaaa {
        Some(rcode) if kind == AAAA => rcode,
        _ if known.is_empty() => zone.otherwise,
        _ => 0,
    };
    let records: Vec<Vec<u8>> =
        known.into_iter().filter(|(own, _)| *own == kind && rcode == 0).map(|(_, data)| data).collect();

    let mut reply = Vec::with_capacity(512);
    reply.extend(&query[..2]);
    // QR and AA set, opcode and RD as they came; RA set, for a stub resolver wants recursion.
    reply.push(0x84 | (query[2] & 0x79));
    reply.push(0x80 | rcode);
    let count = u16::try_from(records.len()).ok()?;
    for number in [1, count, 0, 0] {
        reply.extend(u16::to_be_bytes(number));
    }
    reply.extend(question);
    for data in records {
        // A pointer to the name of the question.
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend(IN.to_be_bytes());
        reply.extend(TTL.to_be_bytes());
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}

/// The data of an SRV record (RFC 2782): priority and weight, the port, the host.
fn srv(host: &str, port: u16) -> Vec<u8> {
    let mut data = vec![0, 0, 0, 0];
    data.extend(port.to_be_bytes());
    for label in host.split('.') {
        data.push(u8::try_from(label.len().min(63)).unwrap_or_default());
        data.extend(label.bytes().take(63));
    }
    data.push(0);
    data
}

/// The name of the first question in lower case, and where it ends. Questions have no compression.
fn question_name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels: Vec<String> = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        if length > 63 {
            return None;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}

/// Whether a name is the pattern's, or under it where that begins with `*.`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => pattern == name,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).expect("label"));
            query.extend(label.bytes());
        }
        query.push(0);
        query.extend(kind.to_be_bytes());
        query.extend(IN.to_be_bytes());
        query
    }

    fn zone() -> Zone {
        Zone {
            records: vec![
                ("name.test".to_owned(), "198.51.100.7".parse().expect("v4")),
                ("*.corp.test".to_owned(), "fd00::7".parse().expect("v6")),
            ],
            services: vec![("_mongodb._tcp.cluster.test".to_owned(), "mongo1.test".to_owned(), 27017)],
            ..Zone::empty()
        }
    }

    /// The response code, the number of answers and the last bytes of a reply.
    fn summary(name: &str, kind: u16) -> (u8, u16, Vec<u8>) {
        let reply = answer(&query(name, kind), &zone()).expect("reply");
        assert_eq!(&reply[..2], [0xab, 0xcd]);
        (reply[3] & 0x0f, u16_at(&reply, 6).expect("count"), reply[reply.len() - 4..].to_vec())
    }

    #[test]
    fn answers_by_name_and_type() {
        assert_eq!(summary("NAME.test", A), (0, 1, vec![198, 51, 100, 7]));
        assert_eq!(summary("a.b.corp.test", AAAA), (0, 1, vec![0, 0, 0, 7]));
        let (rcode, count, _) = summary("name.test", AAAA);
        assert_eq!((rcode, count), (0, 0), "the name exists, the type does not");
        assert_eq!(summary("other.test", A).0, 3);
        assert_eq!(summary("_mongodb._tcp.cluster.test", SRV), (0, 1, b"est\0".to_vec()));
        assert_eq!(summary("corp.test", AAAA).0, 3, "a wildcard does not match its parent");
    }

    #[test]
    fn one_type_may_fail_and_an_answer_may_not_fit() {
        let mut zone = zone();
        zone.aaaa = Some(2);
        let reply = answer(&query("a.corp.test", AAAA), &zone).expect("reply");
        assert_eq!((reply[3] & 0x0f, u16_at(&reply, 6)), (2, Some(0)));
        let whole = answer(&query("name.test", A), &zone).expect("reply");
        let cut = truncated(whole.clone());
        assert_eq!((cut[2] & 0x02, u16_at(&cut, 6), cut.len()), (2, Some(0), whole.len() - 16));
    }

    #[test]
    fn foreign_bytes_are_not_answered() {
        assert_eq!(answer(&[], &zone()), None);
        let mut response = query("name.test", A);
        response[2] |= 0x80;
        assert_eq!(answer(&response, &zone()), None);
        let whole = query("name.test", A);
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length], &zone()), None, "cut at {length}");
        }
    }
}
