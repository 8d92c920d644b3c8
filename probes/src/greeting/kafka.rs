//! Kafka: `ApiVersions`, then `Metadata` (Kafka's documentation, "Protocol Guide"), which says where the brokers are.

use super::bytes::{Heard, Reader};
use super::conversation::Ended;
use super::speak::Line;
use super::{Advertised, GreetingFact, GreetingOutcome, SpokenProtocol};
use crate::text::printable;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const MAX_RESPONSE: usize = 48 * 1024;
const MAX_BROKERS: usize = 16;
/// The first version of `Metadata` whose numbers are of variable length, which are not written here.
const FLEXIBLE: i16 = 9;

/// A response behind its length, where it answers the request of this number.
fn response(bytes: &[u8], correlation: i32) -> Heard<Reader<'_>> {
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.u32() else { return Heard::More };
    let Some(length) = usize::try_from(length).ok().filter(|length| (4..=MAX_RESPONSE).contains(length)) else {
        return Heard::Foreign;
    };
    let mut ahead = reader;
    if ahead.i32().is_some_and(|answered| answered != correlation) {
        return Heard::Foreign;
    }
    let Some(body) = reader.take(length) else { return Heard::More };
    let mut body = Reader::new(body);
    body.i32();
    Heard::Got(body)
}

/// Reads the answer to `ApiVersions` 0: the versions of `Metadata` that the broker knows. None where it does not say.
pub(super) fn api_versions(bytes: &[u8]) -> Heard<Option<(i16, i16)>> {
    let mut body = match response(bytes, 1) {
        Heard::Got(body) => body,
        Heard::More => return Heard::More,
        Heard::Foreign => return Heard::Foreign,
    };
    let (Some(error), Some(count)) = (body.i16(), body.i32()) else { return Heard::Foreign };
    // 35 is UNSUPPORTED_VERSION, to which the broker adds what it does support.
    if !matches!(error, 0 | 35) || !(0..=1000).contains(&count) {
        return Heard::Foreign;
    }
    for _ in 0..count {
        let (Some(key), Some(least), Some(most)) = (body.i16(), body.i16(), body.i16()) else { return Heard::Foreign };
        if key == METADATA {
            return Heard::Got(Some((least, most)));
        }
    }
    Heard::Got(None)
}

/// Reads the answer to `Metadata` of a version: the brokers.
pub(super) fn metadata(bytes: &[u8], version: i16) -> Heard<Vec<Advertised>> {
    match response(bytes, 2) {
        Heard::Got(body) => brokers(body, version).map_or(Heard::Foreign, Heard::Got),
        Heard::More => Heard::More,
        Heard::Foreign => Heard::Foreign,
    }
}

fn brokers(mut body: Reader<'_>, version: i16) -> Option<Vec<Advertised>> {
    if version >= 3 {
        // How long the broker has kept the client waiting.
        body.i32()?;
    }
    let count = body.i32()?;
    let mut brokers = Vec::new();
    for _ in 0..count {
        body.i32()?;
        let host = string(&mut body)??;
        let port = body.i32()?;
        if version >= 1 {
            string(&mut body)?;
        }
        if brokers.len() < MAX_BROKERS
            && let Ok(port) = u16::try_from(port)
        {
            brokers.push(Advertised { host: printable(host, 255), port, vital: true });
        }
    }
    Some(brokers)
}

/// A string with its length of 16 bits; -1 is none.
#[expect(clippy::option_option, reason = "the outer one is the end of the bytes, the inner one a string that is none")]
fn string<'a>(reader: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    match reader.i16()? {
        -1 => Some(None),
        length => reader.take(usize::try_from(length).ok()?).map(Some),
    }
}

/// A request: key, version, number, the client's name, and what else there is to it.
fn request(key: i16, version: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
    const CLIENT: &[u8] = b"\0\x06dprobe";
    let mut rest = Vec::new();
    rest.extend(key.to_be_bytes());
    rest.extend(version.to_be_bytes());
    rest.extend(correlation.to_be_bytes());
    rest.extend(CLIENT);
    rest.extend(body);
    let length = u32::try_from(rest.len()).unwrap_or_default();
    [length.to_be_bytes().to_vec(), rest].concat()
}

/// `Metadata` of no topic.
fn metadata_request(version: i16) -> Vec<u8> {
    let mut body = 0_i32.to_be_bytes().to_vec();
    if version >= 4 {
        // Topics are not to be made.
        body.push(0);
    }
    if version >= 8 {
        body.extend([0, 0]);
    }
    request(METADATA, version, 2, &body)
}

/// Asks for the versions, then for the brokers.
pub(super) async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(&request(API_VERSIONS, 0, 1, &[])).await;
    let versions = line.hear(&mut talk, fact, api_versions).await?;
    fact.answered = Some(SpokenProtocol::Kafka);
    fact.outcome = GreetingOutcome::Welcome;
    talk.forget();
    let (least, most) = versions.unwrap_or((0, 1));
    let version = 1.clamp(least.min(most), most);
    if !(0..FLEXIBLE).contains(&version) {
        return Ok(());
    }
    talk.say(&metadata_request(version)).await;
    match talk.hear(|bytes| metadata(bytes, version)).await {
        Ok(brokers) => fact.advertised = brokers,
        // A listener with SASL hangs up on whoever asks before it has logged in.
        Err(Ended::Closed | Ended::Reset) => fact.outcome = GreetingOutcome::WantsAuthentication,
        Err(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_brokers() {
        let versions = b"\0\0\0\x16\0\0\0\x01\0\0\0\0\0\x02\0\x12\0\0\0\x03\0\x03\0\0\0\x0c";
        assert_eq!(api_versions(versions), Heard::Got(Some((0, 12))));
        assert_eq!(api_versions(&versions[..10]), Heard::More);
        let brokers = b"\0\0\0\x25\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x09localhost\0\0\x23\x84\xff\xff\0\0\0\x01\0\0\0\0";
        let told = vec![Advertised { host: "localhost".to_owned(), port: 9092, vital: true }];
        assert_eq!(metadata(brokers, 1), Heard::Got(told));
    }

    #[test]
    fn lying_lengths_and_other_protocols() {
        assert_eq!(api_versions(b"HTTP/1.1 400 Bad Request"), Heard::Foreign);
        assert_eq!(api_versions(b"\0\0\0\x16\0\0\0\x09\0\0"), Heard::Foreign);
        let many = b"\0\0\0\x0e\0\0\0\x02\x7f\xff\xff\xff\0\0\0\0\0\0";
        assert_eq!(metadata(many, 1), Heard::Foreign);
    }

    #[test]
    fn a_request_is_as_long_as_it_says() {
        for version in [0, 1, 4, 8] {
            let bytes = metadata_request(version);
            assert_eq!(usize::from(bytes[3]) + 4, bytes.len());
        }
    }
}
