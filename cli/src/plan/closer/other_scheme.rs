//! Whether the port of a URL speaks plain text where the URL means TLS, or TLS where it means plain text.

use dprobe_probes::http::HttpAsk;
use dprobe_probes::tls::TlsFault;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::Case;

/// Asks for the same path by the other scheme, at the same port.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let no_tls = |fault: &TlsFault| {
        matches!(fault, TlsFault::NotTls { .. } | TlsFault::Closed | TlsFault::Reset | TlsFault::TimedOut)
    };
    let scheme = match case.to.scheme.as_deref() {
        Some("https") if case.tls_fault(no_tls).is_some() => "http",
        Some("wss") if case.tls_fault(no_tls).is_some() => "ws",
        Some("http") if case.plain_text_refused().is_some() => "https",
        Some("ws") if case.plain_text_refused().is_some() => "wss",
        _ => return,
    };
    let Some(url) = case.url_by_scheme(scheme) else { return };
    // How the certificate is judged does not matter here.
    let ask = HttpAsk { url, timeout_ms: millis(limits.timeout), unverified: true, ..HttpAsk::default() };
    round.ask(&case.from.place, Probe::Http(ask));
}
