//! The questions about TLS: what a handshake came to, and how a certificate is told to people.

use std::time::{Duration, UNIX_EPOCH};

use dprobe_probes::application::Verify;
use dprobe_probes::errno::Errno;
use dprobe_probes::greeting::{GreetingFact, GreetingOutcome};
use dprobe_probes::http::{HttpFact, HttpPhase};
use dprobe_probes::tls::{CertificateFact, TlsFact, TlsFault};
use dprobe_probes::wire::Fact;

use super::case::{Case, Seen};

/// How many names of a certificate are told.
const NAMES: usize = 6;

impl<'a> Case<'a> {
    /// The handshake that is most like the source's own: through its proxy, where there is one.
    #[must_use]
    pub fn tls(&self) -> Option<Seen<'a, TlsFact>> {
        self.proxied()
            .and_then(of_http)
            .or_else(|| self.http().and_then(of_http))
            .or_else(|| self.asked_greeting().and_then(of_greeting))
    }

    /// The handshake, where this is wrong with it and the source minds.
    #[must_use]
    pub fn tls_fault(&self, is: impl Fn(&TlsFault) -> bool) -> Option<(Seen<'a, TlsFact>, &'a TlsFault)> {
        let seen = self.tls()?;
        let fault = seen.fact.faults.iter().find(|fault| is(fault) && self.minds(fault))?;
        Some((seen, fault))
    }

    /// Whether a client that verifies what the source's verifies minds a fault.
    fn minds(&self, fault: &TlsFault) -> bool {
        match self.to.application.map_or(Verify::Full, |application| application.verify) {
            Verify::Nothing => !fault.is_of_certificate(),
            Verify::Chain => !matches!(fault, TlsFault::WrongName | TlsFault::NameInSubject),
            Verify::Full => true,
        }
    }

    /// Whether the server speaks TLS 1.2 with a cipher that the agent does not know and the source's client may.
    #[must_use]
    pub fn speaks_old_ciphers(&self) -> bool {
        self.tls().and_then(|seen| seen.fact.old.as_ref()).is_some_and(|old| old.version == "TLSv1.2")
    }

    /// The exchange with the target by another scheme at the same port: `https` for `http` and the reverse.
    #[must_use]
    pub fn http_by_scheme(&self, scheme: &str) -> Option<Seen<'a, HttpFact>> {
        let url = self.url_by_scheme(scheme)?;
        self.seen(&self.from.place, |fact| match fact {
            Fact::Http(fact) if fact.url == url && fact.via.is_none() && fact.host_header.is_none() => Some(fact),
            _ => None,
        })
        .next()
    }

    /// The request in plain text that a server with TLS on that port may have turned down: it broke, or was answered with a
    /// 400 that speaks of TLS.
    #[must_use]
    pub fn plain_text_refused(&self) -> Option<Seen<'a, HttpFact>> {
        let plain = self.http().filter(|_| matches!(self.to.scheme.as_deref(), Some("http" | "ws")))?;
        let of_tls = |body: &str| body.contains("HTTPS") || body.contains("https") || body.contains("TLS");
        let told = plain.fact.status == Some(400) && plain.fact.body_start.as_deref().is_some_and(of_tls);
        // A server that gives no answer at all is most often none of HTTP; one that is silent is left alone.
        let broke = plain
            .fact
            .failure
            .as_ref()
            .is_some_and(|failure| failure.phase == HttpPhase::Http && failure.errno != Some(Errno::TimedOut));
        (told || broke).then_some(plain)
    }

    /// The URL of the target with another scheme and the same port.
    #[must_use]
    pub fn url_by_scheme(&self, scheme: &str) -> Option<String> {
        let (_, rest) = self.to.url.as_deref()?.split_once("://")?;
        let tail = rest.find(['/', '?', '#']).map_or("/", |at| &rest[at..]);
        Some(format!("{scheme}://{}{tail}", super::address::host_port(&self.to.host, self.to.port?)))
    }

    /// The exchange in which a TLS server was asked for a name, where the source dials an address.
    #[must_use]
    pub fn http_by_server_name(&self) -> Option<Seen<'a, HttpFact>> {
        let url = self.to.url.as_deref()?;
        self.seen(&self.from.place, |fact| match fact {
            Fact::Http(fact) if fact.url == url && fact.server_name.is_some() => Some(fact),
            _ => None,
        })
        .next()
    }
}

fn of_http(seen: Seen<'_, HttpFact>) -> Option<Seen<'_, TlsFact>> {
    Some(Seen { id: seen.id, took_ms: seen.fact.phases.tls_ms.unwrap_or(seen.took_ms), fact: seen.fact.tls.as_ref()? })
}

fn of_greeting(seen: Seen<'_, GreetingFact>) -> Option<Seen<'_, TlsFact>> {
    // Whatever else is spoken there was found by a handshake of its own.
    let own = seen.fact.outcome != GreetingOutcome::OtherProtocol;
    let fact = seen.fact.tls.as_ref().filter(|_| own)?;
    Some(Seen { id: seen.id, took_ms: seen.fact.phases.tls_ms.unwrap_or(seen.took_ms), fact })
}

/// Whether an exchange showed that the server speaks TLS: it showed a certificate, or got further.
pub(super) fn speaks_tls(fact: &HttpFact) -> bool {
    let past = fact.failure.as_ref().is_none_or(|failure| failure.phase == HttpPhase::Http);
    fact.tls.as_ref().is_some_and(|tls| !tls.chain.is_empty() || past)
}

/// The name in a distinguished name that people know it by: the common name, else the organisation, else all of it.
pub(super) fn short_name(name: &str) -> &str {
    let part = |key: &str| {
        let mut parts = name.split(", ").flat_map(|part| part.split(" + "));
        parts.find_map(|part| part.strip_prefix(key)).filter(|value| !value.is_empty())
    };
    part("CN=").or_else(|| part("O=")).unwrap_or(if name.is_empty() { "(no name)" } else { name })
}

/// A chain in one line: each subject with the end of its validity, behind it its issuer.
pub(super) fn chain_text(chain: &[CertificateFact]) -> String {
    let mut parts: Vec<String> = chain
        .iter()
        .take(4)
        .map(|one| format!("{} ({} to {})", short_name(&one.subject), day(one.not_before), day(one.not_after)))
        .collect();
    if let Some(last) = chain.last().filter(|last| !last.self_signed && chain.len() <= 4) {
        parts.push(short_name(&last.issuer).to_owned());
    }
    parts.join(" ← ")
}

/// The names of a certificate, for people.
pub(super) fn names_text(certificate: &CertificateFact) -> String {
    match &certificate.names[..] {
        [] => "no name at all".to_owned(),
        names if names.len() > NAMES => {
            format!("{} and {} more", names[..NAMES].join(", "), names.len() - NAMES)
        }
        names => names.join(", "),
    }
}

/// A day in UTC: `2026-11-27`.
pub(crate) fn day(seconds: i64) -> String {
    moment(seconds).split('T').next().unwrap_or_default().to_owned()
}

/// A moment in UTC, for people: `2026-11-27 14:05`.
pub(super) fn minute(seconds: i64) -> String {
    moment(seconds).get(..16).unwrap_or_default().replace('T', " ")
}

fn moment(seconds: i64) -> String {
    // The formatter knows no years beyond 9999, which certificates without an end have (RFC 5280, section 4.1.2.5).
    let seconds = u64::try_from(seconds).unwrap_or(0).min(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_days_are_told_for_people() {
        assert_eq!(short_name("C=XX, O=Example, CN=Example CA"), "Example CA");
        assert_eq!(short_name("O=Example"), "Example");
        assert_eq!(short_name(""), "(no name)");
        assert_eq!(
            (day(0), day(i64::MAX), minute(1_795_225_600)),
            ("1970-01-01".to_owned(), "9999-12-31".to_owned(), "2026-11-21 01:46".to_owned())
        );
    }
}
