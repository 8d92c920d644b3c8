//! `bad-gateway`: a reverse proxy answers that what stands behind it failed.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::diagnosis::gateway::{Gateway, reload};
use crate::report::{Check, Diagnosis, Fix, Relation, Severity, StageName, Verdict};
use crate::topology::{ProxyProgram, Upstream, UpstreamErrorKind};

pub(super) const CAUSE: Cause = Cause {
    code: "bad-gateway",
    summary: "a reverse proxy answers 502, 503 or 504, because the server behind it fails",
    page: r#"
The proxy is reached and well. It hands requests on to another server, its upstream, and got no good answer from there:
502 where it could not connect or the answer was broken, 504 where it waited in vain, 503 where it takes all of its
upstreams to be dead. What is to be mended is between the proxy and the upstream.

## How dprobe knows

The answer is a page that the proxy writes itself, or its log has an error for this very request. dprobe reads log and
configuration through the engine, without running anything inside, finds out what the proxy dials, and checks that way from
the proxy's own namespace, as if `dprobe check front router_one:8080` had been typed. What comes of it is shown below the
check, and its cause is the cause.

## Why it happens

The upstream is down, listens on loopback or on another port, shares no network with the proxy, or is called otherwise. Or it
answers too late: nginx waits for 60 seconds (`proxy_read_timeout`). In a container `proxy_pass http://localhost:8080` leads
back to the proxy itself.

## How to fix it

Mend what is wrong between the proxy and its upstream; dprobe prints it. To see what the proxy says:

    docker logs --tail 20 front

## How to reproduce it

    docker network create favorites-net
    docker run -d --name router_one --network favorites-net nginx
    docker run -d --name front --network favorites-net nginx
    docker exec front sh -c 'echo "server { listen 8080; location / { proxy_pass http://router_one:81; } }" >/etc/nginx/conf.d/front.conf'
    docker exec front nginx -s reload

and then `dprobe check router_one http://front:8080/`.

Related: upstream-stale, bind-loopback, unknown-name
"#,
    yields_to: &["upstream-stale"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let gateway = case.gateway()?;
    let upstream = gateway.upstream();
    let checks: Vec<&Check> = case.followed(Relation::Upstream).collect();
    let failed = checks.iter().copied().find(|check| fails(check));
    // nginx itself says 503 where it was told to, or where somebody asks too often, and not for an upstream.
    let own_page = gateway.own_page && !(gateway.said.program == ProxyProgram::Nginx && gateway.status == Some(503));
    if gateway.error.is_none() && !own_page && failed.is_none() {
        return None;
    }
    let proxy = &gateway.proxy.name;
    let inner = failed.and_then(cause);
    let is_gone = inner.is_some_and(|inner| inner.code == "unknown-name")
        && failed.is_some_and(|check| case.leading(check).nginx_that_found_name().is_some());
    let behind = behind(&gateway, upstream, failed);
    let how = match gateway.error {
        _ if is_gone => "is gone",
        Some(error) => reason(error.kind),
        None => unsaid(case, &gateway, failed),
    };
    let answers = gateway.status.map_or_else(|| "gives no answer".to_owned(), |status| format!("answers {status}"));
    let title = match (&behind, inner) {
        (Some(behind), Some(inner)) => format!("{proxy} {answers} because {behind} {how}: {}", inner.code),
        (Some(behind), None) => format!("{proxy} {answers} because {behind} {how}"),
        (None, _) => format!("{proxy} {answers}, because the server behind it {how}"),
    };
    let mut because = vec![gateway.id.to_owned(), format!("{}.reverse_proxy", Case::container_evidence(gateway.proxy))];
    for check in failed.into_iter().chain(checks.iter().copied().filter(|_| failed.is_none())) {
        because.extend(check.stages.iter().flat_map(|stage| stage.probes.clone()));
    }
    because.sort();
    because.dedup();
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title,
        explanation: explanation(&gateway, upstream, &checks, failed),
        because,
        fixes: fixes(&gateway, upstream, inner),
    })
}

/// Whether the way to the upstream is at fault now.
fn fails(check: &Check) -> bool {
    matches!(check.verdict, Verdict::Unreachable | Verdict::Degraded) || cause(check).is_some()
}

/// Why a check fails, as far as that is known.
fn cause(check: &Check) -> Option<&Diagnosis> {
    check.diagnoses.iter().find(|diagnosis| diagnosis.severity == Severity::Error)
}

/// What the proxy hands the request on to, as people call it.
fn behind(gateway: &Gateway<'_>, upstream: Option<&Upstream>, failed: Option<&Check>) -> Option<String> {
    let error = gateway.error;
    let addressed = || {
        let error = error?;
        error
            .upstream
            .clone()
            .or_else(|| error.address.map(|address| host_port(&address.to_string(), error.port.unwrap_or(80))))
    };
    upstream
        .map(|upstream| upstream.host.clone())
        .or_else(|| failed.map(|check| check.to.host.clone()))
        .or_else(addressed)
}

/// What an upstream does, behind its name.
fn reason(kind: UpstreamErrorKind) -> &'static str {
    use UpstreamErrorKind as Kind;
    match kind {
        Kind::Refused => "refuses connections",
        Kind::ConnectTimedOut => "does not take connections",
        Kind::AnswerTimedOut => "takes too long to answer",
        Kind::NameNotFound => "is a name that is not known to it",
        Kind::NameFailed | Kind::NoResolver => "is a name that it can not look up",
        Kind::NoRoute => "is at an address that it has no way to",
        Kind::Reset => "resets the connection",
        Kind::ClosedEarly => "closes the connection without an answer",
        Kind::NoLiveUpstreams => "has failed too often",
        Kind::NotTheProtocol => "does not answer in the protocol that is spoken to it",
        Kind::HeadTooLong => "answers with longer headers than it takes",
        Kind::Tls => "fails in the TLS handshake",
        Kind::Other => "fails",
    }
}

/// The same where the proxy says nothing of it.
fn unsaid<'a>(case: &Case<'a>, gateway: &Gateway<'_>, failed: Option<&'a Check>) -> &'static str {
    match failed {
        Some(check) if !case.leading(check).gets_through() => "can not be reached",
        _ if matches!(gateway.status, Some(504) | None) => "does not answer in time",
        _ => "gives it no good answer",
    }
}

fn explanation(
    gateway: &Gateway<'_>,
    upstream: Option<&Upstream>,
    checks: &[&Check],
    failed: Option<&Check>,
) -> String {
    let proxy = &gateway.proxy.name;
    let program = gateway.said.program.name();
    let mut sentences = vec![match gateway.status {
        Some(status) => {
            format!(
                "{proxy} is reached, and the answer {status} is its own: {program} hands requests on and got no good answer."
            )
        }
        None => format!("{proxy} is reached: {program} takes the request, hands it on, and waits for an answer."),
    }];
    if let Some(error) = gateway.error {
        sentences.push(format!("Its log says of this request: `{}`.", error.words));
    }
    if let Some(upstream) = upstream {
        sentences.push(format!(
            "{}, line {}, sends it to {}.",
            upstream.file,
            upstream.line,
            host_port(&upstream.host, upstream.port)
        ));
    }
    let dialled =
        |check: &Check| check.to.port.map_or_else(|| check.to.host.clone(), |port| host_port(&check.to.host, port));
    match (failed, checks) {
        (Some(check), _) => match cause(check) {
            Some(inner) => sentences.push(format!("From {proxy} to {}: {}.", dialled(check), inner.title)),
            None => sentences.push(format!("A connection from {proxy} to {} fails now as well.", dialled(check))),
        },
        (None, []) => {}
        (None, all) => {
            let all: Vec<String> = all.iter().map(|check| dialled(check)).collect();
            sentences.push(format!("A connection from {proxy} to {} works at this moment.", all.join(", ")));
        }
    }
    sentences.join(" ")
}

fn fixes(gateway: &Gateway<'_>, upstream: Option<&Upstream>, inner: Option<&Diagnosis>) -> Vec<Fix> {
    use UpstreamErrorKind as Kind;
    let proxy = &gateway.proxy.name;
    if let Some(inner) = inner {
        return inner.fixes.iter().map(|fix| of_proxy(fix, gateway, upstream)).collect();
    }
    let place = upstream.map_or_else(
        || format!("in the configuration of {proxy}"),
        |upstream| format!("in {}, line {}", upstream.file, upstream.line),
    );
    let waits = gateway.locations.iter().find_map(|location| location.read_timeout_s).unwrap_or(60.0);
    let of_error =
        gateway.error.map(|error| error.kind).or((gateway.status == Some(504)).then_some(Kind::AnswerTimedOut));
    match of_error.filter(|_| gateway.said.program == ProxyProgram::Nginx) {
        Some(Kind::AnswerTimedOut) => vec![change(format!(
            "make the upstream answer within {waits} seconds, or have {proxy} wait longer: {place}, add `proxy_read_timeout {}s;`",
            (waits * 5.0).max(60.0)
        ))],
        Some(Kind::HeadTooLong) => vec![change(format!(
            "give {proxy} more room for headers: {place}, add `proxy_buffer_size 16k; proxy_buffers 8 16k;`"
        ))],
        Some(Kind::NoResolver) => vec![change(format!(
            "tell {proxy} whom to ask for names: {place}, add `resolver 127.0.0.11 valid=10s;`, which is Docker's own DNS server"
        ))],
        Some(Kind::Tls) => {
            vec![change(format!("where the upstream speaks no TLS, write `http://` in place of `https://` {place}"))]
        }
        _ => vec![run(format!("see what {proxy} says"), vec![command(&["docker", "logs", "--tail", "20", proxy])])],
    }
}

/// A fix of the way to the upstream as one of the proxy: what the proxy dials is written in its configuration.
fn of_proxy(fix: &Fix, gateway: &Gateway<'_>, upstream: Option<&Upstream>) -> Fix {
    let Some(dial) = &fix.dial else { return fix.clone() };
    let place = upstream.map_or_else(String::new, |upstream| {
        format!(
            " in place of {} in {}, line {}",
            host_port(&upstream.host, upstream.port),
            upstream.file,
            upstream.line
        )
    });
    let reload = match gateway.said.program {
        ProxyProgram::Nginx => format!("`{}`", reload(gateway.proxy)),
        _ => format!("`{}`", command(&["docker", "restart", &gateway.proxy.name])),
    };
    change(format!("write {dial}{place}, then have it read: {reload}"))
}
