//! `proxy-captures-internal`: requests to a neighbour are sent to a proxy that does not know it.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::set_variables;
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "proxy-captures-internal",
    summary: "requests to another container go to the proxy, because NO_PROXY does not name it",
    page: r"
`HTTP_PROXY` is meant for the outside, but programs send every request there that `NO_PROXY` does not except, also one to
the container next door. The proxy does not know that name and answers 502, 503 or 403, while a plain TCP connection to
the same port works.

## How dprobe knows

It asks twice: directly, which works, and through the proxy that the source's environment names, which fails. The target is
not excepted by `NO_PROXY`.

## Why it happens

`proxies` in the Docker client's configuration, or a compose file, sets `HTTP_PROXY` for all containers, and `NO_PROXY` lists
`localhost` at best. Service names change, so nobody lists them all.

## How to fix it

Name the container's peers in `NO_PROXY` (and `no_proxy`: programs differ):

    docker run -e NO_PROXY=localhost,127.0.0.1,api …

A common suffix saves the list: an alias such as `api.internal` is covered by `.internal`.

## How to reproduce it

    docker network create favorites-net && docker run -d --name api --network favorites-net nginx
    docker run -d --name proxy --network favorites-net squid
    docker run -d --name web --network favorites-net -e HTTP_PROXY=http://proxy:3128 nginx

Related: proxy-unreachable, proxy-is-loopback
",
    yields_to: &["proxy-is-loopback", "proxy-unreachable"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let proxy = case.proxy()?;
    let source = case.source()?;
    let (direct, proxied) = (case.http()?, case.proxied()?);
    let internal = matches!(case.to.kind, TargetKind::Container | TargetKind::Host);
    let well = direct.fact.failure.is_none() && direct.fact.status.is_some_and(|status| status < 500);
    let same = proxied.fact.failure.is_none() && proxied.fact.status == direct.fact.status;
    // A proxy that shows a certificate has got through to somebody.
    let shown = proxied.fact.tls.as_ref().is_some_and(|tls| !tls.chain.is_empty());
    if !internal || !well || same || shown || case.proxy_delivers() || case.proxy_is_left_open() {
        return None;
    }
    let at = host_port(&proxy.host, proxy.port);
    let answer = match (proxied.fact.status, &proxied.fact.failure) {
        (Some(status), _) => format!("answers {status}"),
        (None, Some(failure)) => format!("fails ({})", failure.reason),
        (None, None) => "does not answer".to_owned(),
    };
    let mut excepted = source.proxies.except.clone();
    excepted.push(case.to.host.clone());
    let list = excepted.join(",");
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("{} sends requests for {} to the proxy {at}, which does not know it", source.name, case.to.host),
        explanation: format!(
            "The environment of {} has {}, and NO_PROXY does not except {}. Asked directly, {} answers; through the proxy the \
             same request {answer}. Programs that heed the variable get that answer.{}",
            source.name,
            proxy.variable,
            case.to.host,
            case.to.host,
            // As a guard against requests that set variables of CGI programs (httpoxy).
            if proxy.variable == "HTTP_PROXY" { " curl is none of them: it heeds http_proxy in lower case only." } else { "" }
        ),
        because: vec![Case::container_evidence(source), direct.id.to_owned(), proxied.id.to_owned()],
        fixes: vec![set_variables(
            source,
            format!("recreate {} with `-e NO_PROXY={list} -e no_proxy={list}`", source.name),
            &[("NO_PROXY", &list), ("no_proxy", &list)],
        )],
    })
}
