//! Whether a server that answers 400 does so because of the underscore in its name.

use dprobe_probes::http::HttpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::Case;

/// Asks the same URL again, by a name with hyphens. The certificate of a TLS server was judged the first time.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let rejected = case.to.host.contains('_') && case.http().is_some_and(|seen| seen.fact.status == Some(400));
    let Some(url) = case.to.url.clone().filter(|_| rejected) else { return };
    let name = case.to.host.replace('_', "-");
    let default = case.to.scheme.as_deref().and_then(crate::words::default_port);
    let header = match case.to.port.filter(|port| Some(*port) != default) {
        Some(port) => format!("{name}:{port}"),
        None => name,
    };
    let timeout_ms = millis(limits.timeout);
    let ask = HttpAsk { url, timeout_ms, host_header: Some(header), unverified: true, ..HttpAsk::default() };
    round.ask(&case.from.place, Probe::Http(ask));
}
