//! `http-error`: the server answers, and its answer is an error.

use dprobe_probes::http::HttpFact;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, run};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "http-error",
    summary: "the server answers the request with an error of HTTP",
    page: r"
The connection works and the server understands the request; what comes back is an error. 5xx is the server's own: it, or
something that it depends on, is broken. 4xx is about the request: it wants a login (401), forbids it (403), does not know the
path (404). The network is not at fault.

## How dprobe knows

The status of the answer to one GET of the URL, without a login, and the first line of its body.

## Why it happens

5xx: the program ran into an error that its log tells of, or what it depends on is out of reach. 4xx: the path is another one,
or the program sends what dprobe does not: a login, another method. That is no fault.

## How to fix it

Read the log of the server: `docker logs api`.

## How to reproduce it

    docker network create favorites-net && docker run -d --name api --network favorites-net nginx
    dprobe check web http://api/nothing-there

Related: host-header-rejected, underscore-hostname
",
    yields_to: &[
        "bad-gateway",
        "upstream-stale",
        "underscore-hostname",
        "host-header-rejected",
        "tls-required",
        "tls-client-certificate",
        "proxy-captures-internal",
        "bad-gateway",
        "upstream-stale",
    ],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let asked_in_vain = case.proxied().filter(|seen| seen.fact.proxy_wants_login() && !case.proxy_is_left_open());
    if let Some(seen) = asked_in_vain.filter(|_| case.http().is_none_or(|direct| direct.fact.status.is_none())) {
        return Some(wants_login(case, seen.id));
    }
    let seen = case.own_http().filter(|seen| seen.fact.failure.is_none())?;
    let status = seen.fact.status.filter(|status| *status >= 400)?;
    let host = case.address_text();
    let says = first_line(seen.fact).map(|line| format!(" It says: {line}")).unwrap_or_default();
    let (severity, what) = if status >= 500 {
        (Severity::Error, "an error of the server's own: it got the request and could not answer it. Its log tells why.")
    } else {
        (
            Severity::Note,
            "about the request, not about the way: dprobe asks with GET and without a login, where the program may ask otherwise.",
        )
    };
    let fixes = match case.target().filter(|_| status >= 500) {
        Some(target) => {
            vec![run("read the server's log", vec![command(&["docker", "logs", "--tail", "50", &target.name])])]
        }
        None if status >= 500 => vec![change("read the server's log")],
        None => Vec::new(),
    };
    Some(Found {
        severity,
        stage: StageName::Http,
        title: format!("{host} answers with {status}{}", phrase(status)),
        explanation: format!("The connection works. The status {status} is {what}{says}"),
        because: vec![seen.id.to_owned()],
        fixes,
    })
}

/// The proxy turns down whoever does not log in, and the source has no login for it.
fn wants_login(case: &Case<'_>, id: &str) -> Found {
    Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: "the proxy wants to know who asks (407)".to_owned(),
        explanation: format!(
            "The environment of {} names a proxy without user and password, and the proxy answers 407: it lets nobody through \
             without them.",
            case.from.place
        ),
        because: vec![id.to_owned()],
        fixes: vec![change("put user and password into the proxy's URL, as far as the programs can do with that".to_owned())],
    }
}

/// The first line of the body with anything in it that is no markup.
fn first_line(fact: &HttpFact) -> Option<String> {
    let body = fact.body_start.as_deref()?;
    let lines = body.split("\\n").map(|line| line.trim_end_matches("\\r").trim());
    let text = lines.map(without_tags).find(|line| !line.trim().is_empty())?;
    let text = text.trim();
    let cut: String = text.chars().take(160).collect();
    Some(if cut.len() < text.len() { format!("{cut}…") } else { cut })
}

fn without_tags(line: &str) -> String {
    let mut inside = false;
    let keep = |c: char| match c {
        '<' => {
            inside = true;
            None
        }
        '>' => {
            inside = false;
            None
        }
        c => (!inside).then_some(c),
    };
    line.chars().filter_map(keep).collect()
}

/// The usual phrase of a status (RFC 9110, section 15), with a blank before it.
fn phrase(status: u16) -> &'static str {
    match status {
        400 => " (bad request)",
        401 => " (it wants a login)",
        403 => " (forbidden)",
        404 => " (not found)",
        405 => " (method not allowed)",
        429 => " (too many requests)",
        500 => " (internal server error)",
        501 => " (not implemented)",
        502 => " (bad gateway)",
        503 => " (service unavailable)",
        504 => " (gateway timeout)",
        _ => "",
    }
}
