//! The steps of a URL: the TLS handshake, the request, and the way through a proxy.

use dprobe_probes::http::{HttpFact, HttpPhase, Via, ViaKind};
use dprobe_probes::tls::TlsFact;

use super::{ms, stage};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::{Case, Seen};
use crate::diagnosis::secure::{day, short_name};
use crate::report::{Stage, StageName};

/// The steps of the direct request, then the request through the proxy that the source's environment names.
pub(super) fn stages(case: &Case<'_>) -> Vec<Stage> {
    case.http().map(|seen| direct(&seen)).into_iter().flatten().chain(proxied(case)).collect()
}

fn direct(seen: &Seen<'_, HttpFact>) -> Vec<Stage> {
    let fact = seen.fact;
    let failed = fact.failure.as_ref();
    let in_tls = failed.filter(|failure| failure.phase == HttpPhase::Tls);
    let mut stages = Vec::new();
    if let Some(tls) = &fact.tls {
        let took = fact.phases.tls_ms.map(ms).unwrap_or_default();
        stages.push(handshake(tls, in_tls.map(|failure| failure.reason.as_str()), seen.id).beside(took));
    } else if let Some(failure) = in_tls {
        stages.push(stage(StageName::Tls, Some(false), failure.reason.clone(), vec![seen.id]));
    }
    if let Some(status) = fact.status {
        let took = fact.phases.first_byte_ms.map(ms).unwrap_or_default();
        let version = fact.version.as_deref().filter(|version| *version != "HTTP/1.1");
        let version = version.map(|version| format!(" ({version})")).unwrap_or_default();
        let summary = format!("status {status}{version}{}", leads_to(fact));
        stages.push(stage(StageName::Http, Some(status < 500), summary, vec![seen.id]).beside(took));
    } else if let Some(failure) = failed.filter(|failure| failure.phase == HttpPhase::Http) {
        stages.push(stage(StageName::Http, Some(false), failure.reason.clone(), vec![seen.id]));
    }
    stages
}

/// The handshake in one line: its version and whose certificate it is, or what is wrong.
fn handshake(tls: &TlsFact, failure: Option<&str>, id: &str) -> Stage {
    let shown = tls.chain.first().map(|own| {
        let until = day(own.not_after);
        format!("{} ← {}, until {until}", short_name(&own.subject), short_name(&own.issuer))
    });
    let beside = |text: &str| match &shown {
        Some(shown) => format!("{text}: {shown}"),
        None => text.to_owned(),
    };
    let version = tls.version.as_deref().unwrap_or("TLS");
    match failure {
        Some(reason) => stage(StageName::Tls, Some(false), beside(reason), vec![id]),
        None if tls.trusted => {
            stage(StageName::Tls, Some(true), beside(&format!("{version}, certificate trusted")), vec![id])
        }
        None => {
            let problem = tls.problem.as_deref().unwrap_or("certificate not trusted");
            stage(StageName::Tls, Some(false), beside(problem), vec![id])
        }
    }
}

/// Where a redirect leads.
fn leads_to(fact: &HttpFact) -> String {
    match (fact.status, fact.header("location")) {
        (Some(301..=303 | 307 | 308), Some(location)) => format!(" → {location}"),
        _ => String::new(),
    }
}

/// The way that the source's environment names, where it is not the direct one.
fn proxied(case: &Case<'_>) -> Option<Stage> {
    let Some(seen) = case.proxied() else { return left_out(case) };
    let via = seen.fact.via.as_ref()?;
    let outcome = match (&seen.fact.failure, seen.fact.status) {
        (None, Some(status)) => format!("status {status}"),
        (Some(failure), _) => failure.reason.clone(),
        (None, None) => "no answer".to_owned(),
    };
    let summary = format!("through the {} {}: {outcome}", kind(via), host_port(&via.host, via.port));
    let ok = if case.proxy_is_left_open() { None } else { Some(case.proxy_delivers()) };
    Some(stage(StageName::Http, ok, summary, vec![seen.id]).beside(ms(seen.took_ms)))
}

/// That the environment names a proxy which dprobe can not ask.
fn left_out(case: &Case<'_>) -> Option<Stage> {
    let proxy = case.proxy().filter(|proxy| proxy.via().is_none())?;
    let summary = format!("the proxy {} was left out, for dprobe does not speak {}", proxy.url(), proxy.scheme);
    Some(stage(StageName::Http, None, summary, vec![]))
}

fn kind(via: &Via) -> &'static str {
    match via.kind {
        ViaKind::Http => "proxy",
        ViaKind::Https => "HTTPS proxy",
        ViaKind::Socks5 | ViaKind::Socks5h => "SOCKS proxy",
    }
}
