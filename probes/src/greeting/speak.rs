//! Greets: the protocol that was asked for first, and where that finds no answer, whatever may be spoken there instead.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::bytes::Heard;
use super::conversation::{Conversation, Ended};
use super::recognise::recognise;
use super::{
    GreetAsk, GreetingFact, GreetingOutcome, GreetingPhases, Refusal, RefusalKind, SpokenProtocol, amqp, http2, kafka,
    memcached, mongodb, mqtt, mysql, nats, postgres, redis, smtp,
};
use crate::application::{Application, ApplicationProtocol, Security, Verify};
use crate::run::{Context, Teller, millis};
use crate::text::printable;
use crate::tls::{TlsFact, TlsFault};
use crate::wire::Fact;

/// After so much silence it is tried what else is spoken there, beside the exchange that goes on.
const SILENCE: Duration = Duration::from_millis(500);
/// How long each of those tries waits for its answer.
const TRY: Duration = Duration::from_millis(400);
/// Whoever has less time than this does not want to know who else it is.
const LEAST: Duration = Duration::from_secs(1);
/// What most servers answer in their own words: a command to some, a broken request to others.
const RIDDLE: &[u8] = b"PING\r\n\r\n";

/// Greets, and tells what came of it. A host without an address is left to the lookup, which tells why.
pub(crate) async fn look(ask: &GreetAsk, context: &Context, teller: &Teller<'_>) {
    let addresses = context.addresses(&ask.host, teller).await;
    if addresses.is_empty() {
        return;
    }
    let started = Instant::now();
    let patience = context.fitting(Duration::from_millis(ask.timeout_ms));
    let line = Line {
        ask,
        addresses: &addresses,
        end: started + patience,
        #[cfg(feature = "fuzzing")]
        played: None,
    };
    match greet(&line, patience).await {
        Ok(fact) => teller.tell(started, Fact::Greeting(fact)).await,
        Err(error) => teller.unfinished(started, format!("no socket: {error}")).await,
    }
}

/// Whom to greet, and until when.
pub(super) struct Line<'a> {
    pub(super) ask: &'a GreetAsk,
    addresses: &'a [IpAddr],
    end: Instant,
    /// Who answers in the place of a server at an address.
    #[cfg(feature = "fuzzing")]
    played: Played,
}

/// Servers that are played, one for each connection, the first one last; none where nothing is played.
#[cfg(feature = "fuzzing")]
type Played = Option<std::sync::Mutex<Vec<crate::http::stream::Stream>>>;

/// Greets servers that are played, one for each connection, the first one last. What else may be spoken there is not tried.
#[cfg(feature = "fuzzing")]
pub(super) async fn played(ask: &GreetAsk, servers: Vec<crate::http::stream::Stream>) -> std::io::Result<GreetingFact> {
    let addresses = [IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)];
    let line = Line { ask, addresses: &addresses, end: Instant::now() + LEAST, played: Some(servers.into()) };
    greet(&line, LEAST / 2).await
}

impl Line<'_> {
    /// A connection to the first address that takes one, as programs do it.
    pub(super) async fn open(&self, fact: &mut GreetingFact) -> Result<Conversation, Ended> {
        #[cfg(feature = "fuzzing")]
        if let Some(played) = &self.played {
            let server = played.lock().ok().and_then(|mut servers| servers.pop());
            return server.map(|server| Conversation::played(server, self.end)).ok_or(Ended::NotConnected(None));
        }
        let mut last = Ended::NotConnected(None);
        let known = fact.address.map(|address| vec![address]);
        let addresses = known.as_deref().unwrap_or(self.addresses);
        for (at, address) in addresses.iter().enumerate() {
            let left = self.end.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - at).unwrap_or(1).max(1);
            let target = SocketAddr::new(*address, self.ask.port);
            match Conversation::open(target, Instant::now() + share, fact).await {
                Ok(mut talk) => {
                    talk.end = self.end;
                    fact.address = Some(*address);
                    return Ok(talk);
                }
                Err(ended) => last = ended,
            }
        }
        Err(last)
    }

    /// The same, with hands shaken where the client wants TLS, for protocols that have it from the first byte or not at all.
    pub(super) async fn open_secured(&self, fact: &mut GreetingFact) -> Result<Conversation, Ended> {
        let mut talk = self.open(fact).await?;
        if matches!(self.ask.application.security, Security::Tls | Security::Upgrade) {
            talk.secure(self.ask, fact).await?;
        }
        Ok(talk)
    }

    /// The same, for protocols in which TLS may come later as well.
    pub(super) async fn open_secured_from_the_start(&self, fact: &mut GreetingFact) -> Result<Conversation, Ended> {
        let mut talk = self.open(fact).await?;
        if self.ask.application.security == Security::Tls {
            talk.secure(self.ask, fact).await?;
        }
        Ok(talk)
    }

    /// Hears an answer. Where it is none, what came instead is kept, and what protocol that is.
    pub(super) async fn hear<T>(
        &self,
        talk: &mut Conversation,
        fact: &mut GreetingFact,
        parse: impl Fn(&[u8]) -> Heard<T>,
    ) -> Result<T, Ended> {
        let heard = talk.hear(parse).await;
        if heard.is_err() {
            fact.first = talk.first();
            fact.answered = recognise(&talk.heard).or(fact.answered);
        }
        heard
    }
}

/// Notes that the server turned the client away.
pub(super) fn refuse(fact: &mut GreetingFact, kind: RefusalKind, text: &str) {
    fact.outcome = GreetingOutcome::Refused;
    fact.refusal = Some(Refusal { kind, code: None, text: printable(text.as_bytes(), 300) });
}

/// A host and a port in one text, as servers hand them out; brackets around an IPv6 address are taken off.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| (printable(host.as_bytes(), 255), port))
}

async fn greet(line: &Line<'_>, patience: Duration) -> std::io::Result<GreetingFact> {
    let ask = line.ask;
    let started = Instant::now();
    let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let mut fact = GreetingFact { patience_ms, ..blank(ask) };
    let wondering = patience >= LEAST;
    let (ended, found) = {
        let speak = speak(line, &mut fact);
        tokio::pin!(speak);
        let first = tokio::time::timeout(SILENCE, &mut speak).await;
        match first {
            Ok(ended) => (ended, None),
            // A server that is slow in its own protocol stays the one that was asked for.
            Err(_) if wondering => tokio::select! {
                ended = &mut speak => (ended, None),
                found = somebody_else(line) => (Err(Ended::Silent), Some(found)),
            },
            Err(_) => (speak.await, None),
        }
    };
    // The handshake was waited for no longer, for who answers was found to speak without.
    let ended = if found.is_some() && ask.application.security == Security::Tls { Err(Ended::Tls) } else { ended };
    if found.is_some() && matches!(ended, Err(Ended::Tls)) && fact.tls.is_none() {
        fact.tls_failure = Some("no answer to the TLS handshake".to_owned());
        fact.tls = Some(TlsFact { faults: vec![TlsFault::TimedOut], ..TlsFact::default() });
    }
    match ended {
        Ok(()) => {}
        Err(Ended::NoSocket(error)) => return Err(error),
        Err(ended) => {
            settle(&mut fact, &ended);
            let wants = fact.answered.is_none()
                && !shows_tls(&fact)
                && fact.outcome != GreetingOutcome::NotConnected
                && wondering;
            match found {
                Some(found) => apply(&mut fact, found),
                None if wants => {
                    if let Some(found) = who(line).await {
                        apply(&mut fact, found);
                    }
                }
                None => {}
            }
        }
    }
    if fact.outcome != GreetingOutcome::NotConnected {
        fact.phases.greeting_ms =
            Some(millis(started.elapsed()) - fact.phases.tcp_ms.unwrap_or_default()).map(|ms| ms.max(0.0));
    }
    Ok(fact)
}

/// The exchange of the protocol that was asked for.
async fn speak(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    match line.ask.application.protocol {
        ApplicationProtocol::Amqp => amqp::speak(line, fact).await,
        ApplicationProtocol::Http => recognise_only(line, fact).await,
        ApplicationProtocol::Http2 => http2::speak(line, fact).await,
        ApplicationProtocol::Kafka => kafka::speak(line, fact).await,
        ApplicationProtocol::Memcached => memcached::speak(line, fact).await,
        ApplicationProtocol::Mongodb => mongodb::speak(line, fact).await,
        ApplicationProtocol::Mqtt => mqtt::speak(line, fact).await,
        ApplicationProtocol::Mysql => mysql::speak(line, fact).await,
        ApplicationProtocol::Nats => nats::speak(line, fact).await,
        ApplicationProtocol::Postgres => postgres::speak(line, fact).await,
        ApplicationProtocol::Redis => redis::speak(line, fact).await,
        ApplicationProtocol::Smtp => smtp::speak(line, fact).await,
        ApplicationProtocol::Tls => {
            let mut talk = line.open(fact).await?;
            talk.secure(line.ask, fact).await?;
            fact.answered = Some(SpokenProtocol::Tls);
            fact.outcome = GreetingOutcome::Welcome;
            Ok(())
        }
    }
}

/// HTTP has a probe of its own; here it is only told from what it is not.
async fn recognise_only(line: &Line<'_>, fact: &mut GreetingFact) -> Result<(), Ended> {
    let mut talk = line.open_secured(fact).await?;
    talk.say(RIDDLE).await;
    let spoken = line.hear(&mut talk, fact, known).await?;
    fact.answered = Some(spoken);
    fact.outcome =
        if spoken == SpokenProtocol::Http { GreetingOutcome::Welcome } else { GreetingOutcome::OtherProtocol };
    Ok(())
}

fn known(bytes: &[u8]) -> Heard<SpokenProtocol> {
    recognise(bytes).map_or(Heard::More, Heard::Got)
}

/// How an exchange that came to no good end is told.
fn settle(fact: &mut GreetingFact, ended: &Ended) {
    let asked = SpokenProtocol::from(fact.application.protocol);
    let another = fact.answered.is_some_and(|answered| answered != asked);
    fact.outcome = match ended {
        Ended::NotConnected(errno) => {
            fact.errno = *errno;
            GreetingOutcome::NotConnected
        }
        Ended::Tls => GreetingOutcome::TlsFailed,
        _ if another => GreetingOutcome::OtherProtocol,
        Ended::Foreign => GreetingOutcome::NotUnderstood,
        // Something came, and then no more of it.
        Ended::Silent | Ended::Closed if fact.first.is_some() => GreetingOutcome::NotUnderstood,
        Ended::Closed => GreetingOutcome::Closed,
        Ended::Reset => GreetingOutcome::Reset,
        Ended::Silent | Ended::NoSocket(_) => GreetingOutcome::Silent,
    };
}

/// Who answers instead of the one that was asked for.
struct Found {
    spoken: SpokenProtocol,
    fact: GreetingFact,
}

/// Takes over what was found out of somebody else.
fn apply(fact: &mut GreetingFact, found: Found) {
    let asked = SpokenProtocol::from(fact.application.protocol);
    fact.answered = Some(found.spoken);
    fact.address = fact.address.or(found.fact.address);
    fact.tls = fact.tls.take().or(found.fact.tls);
    fact.first = fact.first.take().or(found.fact.first);
    if found.spoken != asked && fact.outcome != GreetingOutcome::TlsFailed {
        fact.outcome = GreetingOutcome::OtherProtocol;
    }
}

/// Waits for ever, unless somebody else than the one that was asked for turns out to answer; where a TLS handshake was to
/// come first, also whoever speaks without.
async fn somebody_else(line: &Line<'_>) -> Found {
    let Application { protocol, security, .. } = line.ask.application;
    let other = |found: &Found| match security {
        Security::Tls => found.spoken != SpokenProtocol::Tls,
        _ => found.spoken != SpokenProtocol::from(protocol),
    };
    match who(line).await.filter(other) {
        Some(found) => found,
        None => std::future::pending().await,
    }
}

/// Tries what a server answers to, on a connection each: a line of text, `SSLRequest` and a TLS handshake.
async fn who(line: &Line<'_>) -> Option<Found> {
    let plain = GreetAsk {
        application: Application { security: Security::Plain, verify: Verify::Nothing, ..line.ask.application },
        user: None,
        ..line.ask.clone()
    };
    let line = Line {
        ask: &plain,
        addresses: line.addresses,
        end: line.end,
        #[cfg(feature = "fuzzing")]
        played: None,
    };
    let mut fact = blank(&plain);
    if let Ok(mut talk) = line.open(&mut fact).await {
        talk.end = line.end.min(Instant::now() + TRY);
        talk.say(RIDDLE).await;
        let heard = talk.hear(known).await;
        fact.first = talk.first();
        if let Ok(spoken) = heard {
            return Some(Found { spoken, fact });
        }
    }
    let mut fact = blank(&plain);
    if let Ok(mut talk) = line.open(&mut fact).await {
        talk.end = line.end.min(Instant::now() + TRY);
        if postgres::identify(&mut talk).await {
            return Some(Found { spoken: SpokenProtocol::Postgres, fact });
        }
    }
    let mut fact = blank(&plain);
    let mut talk = line.open(&mut fact).await.ok()?;
    talk.end = line.end.min(Instant::now() + TRY);
    let _ = talk.secure(&plain, &mut fact).await;
    shows_tls(&fact).then_some(Found { spoken: SpokenProtocol::Tls, fact })
}

/// Whether a handshake showed that TLS is spoken there: it showed a certificate, or was ended by an alert, which only a server
/// sends that has understood it.
fn shows_tls(fact: &GreetingFact) -> bool {
    let alert = |fault: &TlsFault| {
        matches!(
            fault,
            TlsFault::VersionRefused
                | TlsFault::NoCommonCipher
                | TlsFault::NoCommonProtocol
                | TlsFault::ClientCertificateWanted
                | TlsFault::NameNotServed
                | TlsFault::Alert { .. }
        )
    };
    fact.tls.as_ref().is_some_and(|tls| !tls.chain.is_empty() || tls.version.is_some() || tls.faults.iter().any(alert))
}

/// A fact of which nothing is known yet.
fn blank(ask: &GreetAsk) -> GreetingFact {
    GreetingFact {
        host: ask.host.clone(),
        port: ask.port,
        address: None,
        application: ask.application,
        patience_ms: 0,
        answered: None,
        outcome: GreetingOutcome::Silent,
        errno: None,
        refusal: None,
        software: None,
        version: None,
        tls_offered: None,
        tls: None,
        tls_failure: None,
        advertised: Vec::new(),
        first: None,
        phases: GreetingPhases::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_as_servers_hand_them_out() {
        assert_eq!(host_and_port("mongo1:27017"), Some(("mongo1".to_owned(), 27017)));
        assert_eq!(host_and_port("[2001:db8::1]:4222"), Some(("2001:db8::1".to_owned(), 4222)));
        for other in ["mongo1", ":1", "a:0", "a:70000", ""] {
            assert_eq!(host_and_port(other), None, "{other}");
        }
    }
}
