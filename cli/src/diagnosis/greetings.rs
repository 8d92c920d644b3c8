//! What a case knows of the first words of a protocol: the greeting, and what a server says before it is asked.

use dprobe_probes::application::Security;
use dprobe_probes::greeting::{GreetingFact, GreetingOutcome, RefusalKind, SpokenProtocol};
use dprobe_probes::tcp::AfterConnect;
use dprobe_probes::wire::Fact;

use super::case::{Case, Seen};
use super::stages::{ms, stage};
use crate::report::{Stage, StageName, Verdict};

/// So much patience at least is needed to call a server silent that was connected to.
const PATIENCE_MS: u64 = 900;

/// A server that turned the source away, and said why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TurnedAway<'a> {
    /// The observation.
    pub(super) id: &'a str,
    /// Who said so.
    pub(super) by: SpokenProtocol,
    /// What it comes to.
    pub(super) kind: RefusalKind,
    /// The server's own code.
    pub(super) code: Option<String>,
    /// The server's own words.
    pub(super) text: String,
}

/// What servers say unasked to a client that they turn away: the beginning of it as it is kept of a connect, who says it
/// and what it comes to. `MySQL` says the number of its error in two bytes behind `\xff`.
const UNASKED: [(&str, SpokenProtocol, RefusalKind, &str); 6] = [
    ("-DENIED", SpokenProtocol::Redis, RefusalKind::ProtectedMode, "DENIED"),
    ("-ERR max number of clients", SpokenProtocol::Redis, RefusalKind::TooManyConnections, "ERR"),
    ("ERROR Too many open connections", SpokenProtocol::Memcached, RefusalKind::TooManyConnections, ""),
    ("\\xffj\\x04", SpokenProtocol::Mysql, RefusalKind::HostDenied, "1130"),
    ("\\xffi\\x04", SpokenProtocol::Mysql, RefusalKind::HostBlocked, "1129"),
    ("\\xff\\x10\\x04", SpokenProtocol::Mysql, RefusalKind::TooManyConnections, "1040"),
];

/// The longest head of a packet of `MySQL` as it is kept: four bytes, each escaped.
const LONGEST_HEAD: usize = 16;

impl<'a> Case<'a> {
    /// The greeting of the dialled host and port.
    #[must_use]
    pub fn greeting(&self) -> Option<Seen<'a, GreetingFact>> {
        let (host, port, wanted) = (self.to.host.as_str(), self.to.port, self.to.application);
        self.seen(&self.from.place, |fact| match fact {
            Fact::Greeting(fact) if fact.host == host && Some(fact.port) == port => Some(fact),
            _ => None,
        })
        .find(|seen| wanted.is_none_or(|wanted| wanted == seen.fact.application))
    }

    /// The same, where the target asks for more than a connection: a URL says what is to be spoken.
    #[must_use]
    pub fn asked_greeting(&self) -> Option<Seen<'a, GreetingFact>> {
        self.greeting().filter(|_| self.to.application.is_some())
    }

    /// Whether the client speaks to this one server only, whatever that says of others: a URL of `MongoDB` can say so.
    pub(crate) fn stays_where_it_is(&self) -> bool {
        let url = self.to.url.as_deref().unwrap_or_default().to_ascii_lowercase();
        url.contains("directconnection=true") || url.contains("connect=direct")
    }

    /// The greeting in plain text that a server did not understand that speaks TLS on that port.
    pub(super) fn greeted_in_plain_text(&self) -> Option<Seen<'a, GreetingFact>> {
        self.asked_greeting().filter(|seen| {
            seen.fact.outcome == GreetingOutcome::OtherProtocol && seen.fact.answered == Some(SpokenProtocol::Tls)
        })
    }

    /// The greeting with TLS from its first byte that met a server which was found to speak without.
    pub(super) fn greeted_with_tls(&self) -> Option<(Seen<'a, GreetingFact>, SpokenProtocol)> {
        let seen = self.asked_greeting().filter(|seen| seen.fact.outcome == GreetingOutcome::TlsFailed)?;
        let spoken = seen.fact.answered.filter(|spoken| *spoken != SpokenProtocol::Tls)?;
        let handshake_first = seen.fact.application.security == Security::Tls;
        handshake_first.then_some((seen, spoken))
    }

    /// Why the server turned the source away, if it did.
    pub(super) fn turned_away(&self) -> Option<TurnedAway<'a>> {
        let told = self.greeting().and_then(|seen| {
            let refusal = seen.fact.refusal.clone().filter(|_| seen.fact.outcome == GreetingOutcome::Refused)?;
            let by = seen.fact.answered?;
            Some(TurnedAway { id: seen.id, by, kind: refusal.kind, code: refusal.code, text: refusal.text })
        });
        told.or_else(|| self.dials().iter().find_map(|dial| unasked(dial.id, dial.fact.after.as_ref()?)))
    }

    /// What the greeting says of the way at the level that was asked for; none where nobody was greeted.
    pub(super) fn greeting_verdict(&self) -> Option<Verdict> {
        let fact = self.asked_greeting()?.fact;
        match fact.outcome {
            GreetingOutcome::Welcome | GreetingOutcome::WantsAuthentication => Some(Verdict::Reachable),
            // Another connect at the same time stood, so this says nothing.
            GreetingOutcome::NotConnected => None,
            GreetingOutcome::Silent if fact.patience_ms < PATIENCE_MS => Some(Verdict::Inconclusive),
            _ => Some(Verdict::Unreachable),
        }
    }
}

/// A refusal in what a server said unasked.
fn unasked<'a>(id: &'a str, after: &AfterConnect) -> Option<TurnedAway<'a>> {
    let AfterConnect::Spoke { first } = after else { return None };
    UNASKED.iter().find_map(|(mark, by, kind, code)| {
        let packet = mark.starts_with('\\');
        let at = first.find(mark).filter(|at| if packet { *at <= LONGEST_HEAD } else { *at == 0 })?;
        let text = if packet { &first[at + mark.len()..] } else { first.trim_start_matches('-') };
        let text = text.split("\\r\\n").next().unwrap_or_default().to_owned();
        let code = (!code.is_empty()).then(|| (*code).to_owned());
        Some(TurnedAway { id, by: *by, kind: *kind, code, text })
    })
}

/// The steps of a greeting: the TLS handshake where there was one, and what was said.
pub(super) fn stages(case: &Case<'_>) -> Vec<Stage> {
    let Some(seen) = case.greeting() else { return Vec::new() };
    let fact = seen.fact;
    // Where nobody asked for more than a connection, only a refusal is worth a line.
    let told = case.to.application.is_some() || fact.outcome == GreetingOutcome::Refused;
    if !told || fact.outcome == GreetingOutcome::NotConnected {
        return Vec::new();
    }
    tls(&seen).into_iter().chain(app(case, &seen)).collect()
}

fn tls(seen: &Seen<'_, GreetingFact>) -> Option<Stage> {
    let fact = seen.fact;
    let asked_tls = fact.application.protocol == dprobe_probes::application::ApplicationProtocol::Tls;
    let another = fact.outcome == GreetingOutcome::OtherProtocol && !asked_tls;
    let took = fact.phases.tls_ms.map(ms).unwrap_or_default();
    let (ok, summary) = match (&fact.tls, &fact.tls_failure) {
        _ if another => return None,
        (_, Some(failure)) => (false, failure.clone()),
        (Some(tls), None) => {
            let version = tls.version.as_deref().unwrap_or("TLS");
            let trust = if tls.trusted { "certificate trusted" } else { "certificate not checked by this client" };
            (true, format!("{version}, {trust}"))
        }
        (None, None) => return None,
    };
    Some(stage(StageName::Tls, Some(ok), summary, vec![seen.id]).beside(took))
}

fn app(case: &Case<'_>, seen: &Seen<'_, GreetingFact>) -> Option<Stage> {
    let fact = seen.fact;
    let asked = SpokenProtocol::from(fact.application.protocol);
    let who = who(fact);
    let (ok, summary) = match fact.outcome {
        // The handshake is all there is to it.
        GreetingOutcome::Welcome if asked == SpokenProtocol::Tls => return None,
        GreetingOutcome::Welcome => (Some(true), format!("{who} answers")),
        GreetingOutcome::WantsAuthentication => (Some(true), format!("{who} answers, and wants a login")),
        GreetingOutcome::Refused => {
            let refusal = fact.refusal.as_ref()?;
            let code = refusal.code.as_deref().filter(|code| !refusal.text.starts_with(*code));
            let code = code.map(|code| format!("{code} ")).unwrap_or_default();
            let said = refusal.text.split(". ").next().unwrap_or_default();
            let said: String = said.chars().take(100).collect();
            (Some(false), format!("{who} refuses: {code}{said}"))
        }
        GreetingOutcome::OtherProtocol => {
            let answered = fact.answered.map_or("something else", SpokenProtocol::name);
            (Some(false), format!("it speaks {answered}, not {}", asked.name()))
        }
        GreetingOutcome::NotUnderstood => {
            let first = fact.first.as_deref().unwrap_or_default();
            (Some(false), format!("it does not answer in {}: \"{}\"", asked.name(), cut(first)))
        }
        GreetingOutcome::Silent => {
            let ok = (case.greeting_verdict() != Some(Verdict::Inconclusive)).then_some(false);
            (ok, format!("it says nothing in {}", asked.name()))
        }
        GreetingOutcome::Closed => {
            (Some(false), format!("it closes the connection when spoken to in {}", asked.name()))
        }
        GreetingOutcome::Reset => (Some(false), format!("it resets the connection when spoken to in {}", asked.name())),
        GreetingOutcome::TlsFailed | GreetingOutcome::NotConnected => return None,
    };
    let took = fact.phases.greeting_ms.map(ms).unwrap_or_default();
    Some(stage(StageName::App, ok, summary, vec![seen.id]).beside(took))
}

/// Who answered, with its version where it told it: `PostgreSQL`, `MariaDB 10.11.6`.
pub(super) fn who(fact: &GreetingFact) -> String {
    let spoken = fact.answered.unwrap_or_else(|| fact.application.protocol.into());
    // What a mail server says in its banner is a line of its own.
    let named = fact.software.as_deref().filter(|_| spoken != SpokenProtocol::Smtp);
    let name = named.unwrap_or_else(|| spoken.name());
    match &fact.version {
        Some(version) => format!("{name} {}", cut(version)),
        None => name.to_owned(),
    }
}

/// As much of a text as fits into a line.
fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(60).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(first: &str) -> Option<(RefusalKind, String)> {
        let told = unasked("p1", &AfterConnect::Spoke { first: first.to_owned() })?;
        Some((told.kind, told.text))
    }

    #[test]
    fn what_servers_say_unasked() {
        let denied = "-DENIED Redis is running in protected mode\\r\\n";
        let text = "DENIED Redis is running in protected mode".to_owned();
        assert_eq!(kind(denied), Some((RefusalKind::ProtectedMode, text)));
        let mysql = "H\\x00\\x00\\x01\\xffj\\x04Host '172.18.0.3' is not allowed to connect to this MariaDB server";
        let text = "Host '172.18.0.3' is not allowed to connect to this MariaDB server".to_owned();
        assert_eq!(kind(mysql), Some((RefusalKind::HostDenied, text)));
        assert_eq!(kind("J\\x00\\x00\\x00\\n8.0.36\\x00\\xffj\\x04 and more of a handshake"), None);
        assert_eq!(kind("220 mail.test ESMTP"), None);
    }
}
