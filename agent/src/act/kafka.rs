//! A fake of a Kafka broker, as far as its first words go: `ApiVersions` 0 and `Metadata` 1 (Kafka's documentation,
//! "Protocol Guide").

const METADATA: [u8; 2] = [0, 3];
const API_VERSIONS: [u8; 2] = [0, 18];

/// The answer to a request; empty where it is none that is known.
pub(super) fn answer(request: &[u8], brokers: &[String]) -> Vec<u8> {
    let (Some(key), Some(correlation)) = (request.get(4..6), request.get(8..12)) else { return Vec::new() };
    let body = if key == API_VERSIONS {
        // No error, and two keys with the versions that are known of each.
        b"\0\0\0\0\0\x02\0\x03\0\0\0\x01\0\x12\0\0\0\0".to_vec()
    } else if key == METADATA {
        metadata(brokers)
    } else {
        return Vec::new();
    };
    let length = u32::try_from(4 + body.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], correlation, &body].concat()
}

/// The brokers, the first of them the controller, and no topic.
fn metadata(brokers: &[String]) -> Vec<u8> {
    let mut body = u32::try_from(brokers.len()).unwrap_or_default().to_be_bytes().to_vec();
    for (id, broker) in (1_u32..).zip(brokers) {
        let (host, port) = broker.rsplit_once(':').unwrap_or((broker, "9092"));
        body.extend(id.to_be_bytes());
        body.extend(u16::try_from(host.len()).unwrap_or_default().to_be_bytes());
        body.extend(host.bytes());
        body.extend(port.parse::<u32>().unwrap_or_default().to_be_bytes());
        // No rack.
        body.extend([0xff, 0xff]);
    }
    body.extend([0, 0, 0, 1, 0, 0, 0, 0]);
    body
}
