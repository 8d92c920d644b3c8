//! A reverse proxy that takes a request and gives no answer: asked once more. It may be waiting for an address that nobody has
//! any more, which takes the kernel up to eight seconds to find out (arp(7)), and then it says so.

use dprobe_probes::http::HttpAsk;
use dprobe_probes::wire::Probe;

use super::super::round::{Limits, Round, millis};
use crate::diagnosis::Case;

pub(super) fn ask(round: &mut Round, case: &Case<'_>, limits: Limits) {
    let plain = case.to.scheme.as_deref() == Some("http");
    let waits =
        plain && case.answers_for_upstream().is_some() && case.http().is_some_and(|http| http.fact.status.is_none());
    if let Some(url) = case.to.url.clone().filter(|_| waits) {
        let ask = HttpAsk { url, timeout_ms: millis(limits.timeout), ..HttpAsk::default() };
        round.ask(&case.from.place, Probe::Http(ask));
    }
}
