//! Whether a server that turns a request down does so because of the name that it is asked by.

use dprobe_probes::http::HttpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::{Case, OTHER_HOST};

/// Asks the same URL again, by the name that every server allows. The certificate of a TLS server was judged the first time.
pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let rejected = case.http().is_some_and(|seen| matches!(seen.fact.status, Some(400 | 403 | 421)));
    let Some(url) = case.to.url.clone().filter(|_| rejected && case.to.host != OTHER_HOST) else { return };
    let default = case.to.scheme.as_deref().and_then(crate::words::default_port);
    let header = match case.to.port.filter(|port| Some(*port) != default) {
        Some(port) => format!("{OTHER_HOST}:{port}"),
        None => OTHER_HOST.to_owned(),
    };
    let timeout_ms = millis(limits.timeout);
    let ask = HttpAsk { url, timeout_ms, host_header: Some(header), unverified: true, ..HttpAsk::default() };
    round.ask(&case.from.place, Probe::Http(ask));
}
