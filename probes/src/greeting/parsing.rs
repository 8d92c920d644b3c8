//! Ways into the parsers of greetings, for the fuzz targets (`fuzz/`). No part of the API: nothing else uses them.

use super::bytes::Heard;
use super::{SpokenProtocol, amqp, kafka, memcached, mongodb, mqtt, mysql, nats, postgres, recognise, redis, smtp};
use super::{bson, http2};

/// What is spoken by a server that says these bytes.
#[must_use]
pub fn recognise(bytes: &[u8]) -> Option<SpokenProtocol> {
    recognise::recognise(bytes)
}

/// Shows every parser the bytes, and hands back how they are taken: by a letter for each parser, `.` where they are foreign,
/// `?` where more is wanted, `!` where they are understood, then everything that was kept of them.
#[must_use]
pub fn read_by_all(bytes: &[u8]) -> String {
    fn told<T: std::fmt::Debug>(name: &str, heard: &Heard<T>) -> String {
        match heard {
            Heard::Foreign => format!("{name}.\n"),
            Heard::More => format!("{name}?\n"),
            Heard::Got(got) => format!("{name}! {got:?}\n"),
        }
    }
    [
        told("postgres ssl", &postgres::ssl_answer(bytes)),
        told("postgres", &postgres::answer(bytes)),
        told("mysql", &mysql::first(bytes)),
        told("redis", &redis::answer(bytes)),
        told("mongodb", &mongodb::answer(bytes)),
        told("amqp", &amqp::answer(bytes)),
        told("kafka versions", &kafka::api_versions(bytes)),
        told("kafka brokers", &kafka::metadata(bytes, 1)),
        told("nats", &nats::info(bytes)),
        told("mqtt", &mqtt::connack(bytes)),
        told("memcached", &memcached::answer(bytes)),
        told("smtp", &smtp::reply(bytes)),
        told("http2", &http2::settings(bytes)),
        format!("bson {:?}\n", bson::document(bytes)),
    ]
    .concat()
}

/// What a greeting comes to with servers that are played, one for each connection that is made.
#[cfg(feature = "fuzzing")]
pub async fn greeted(
    ask: &super::GreetAsk,
    servers: Vec<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static>,
) -> Option<super::GreetingFact> {
    let boxed = |server| -> crate::http::stream::Stream { Box::new(server) };
    super::speak::played(ask, servers.into_iter().rev().map(boxed).collect()).await.ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = recognise(&bytes);
            let _ = read_by_all(&bytes);
        }

        #[test]
        fn damaged_greetings_are_read_without_a_panic(at in 0_usize..90, with: u8, cut in 0_usize..200) {
            let good = [
                super::super::mysql::tests::greeting("8.0.36", true),
                super::super::mongodb::tests::member(&["a:1", "b:2"]),
                super::super::postgres::tests::error_response(&[(b'S', "FATAL"), (b'C', "28000"), (b'M', "no")]),
            ];
            for mut bytes in good {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = with;
                }
                bytes.truncate(cut);
                let _ = recognise(&bytes);
                let _ = read_by_all(&bytes);
            }
        }
    }
}
