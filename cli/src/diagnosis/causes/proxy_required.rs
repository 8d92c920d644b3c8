//! `proxy-required`: only a proxy leads outside, and the source is not told of it.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, set_variables};
use crate::report::{Severity, StageName};
use crate::topology::Proxy;

pub(super) const CAUSE: Cause = Cause {
    code: "proxy-required",
    summary: "nothing gets outside directly, the engine itself uses a proxy, and the source is told of none",
    page: r#"
In many companies the outside is reached through a proxy only; everything else is dropped. The host and the engine are set
up for that, and containers are not: an engine's proxy is for pulling images and is not handed on to containers.

## How dprobe knows

Neither the source nor the host gets an answer from outside, the engine (or another container) is set up to use a proxy, and
the source's environment names none.

## Why it happens

The engine's proxy comes from its service's environment or `daemon.json`. What containers get is another setting, that of
the Docker client.

## How to fix it

Recreate the container with the proxy in its environment:

    docker run -e HTTP_PROXY=http://proxy.example.test:3128 -e HTTPS_PROXY=http://proxy.example.test:3128 …

For all new containers, in `~/.docker/config.json`: `"proxies": { "default": { "httpProxy": "…", "httpsProxy": "…",
"noProxy": "localhost,127.0.0.1,.internal" } }`.

## How to reproduce it

    (an engine whose host drops all outgoing traffic but that to a proxy, and `HTTP_PROXY` in the engine's environment)
    docker run -d --name web nginx
    dprobe check web https://example.test

Related: egress-blocked, proxy-captures-internal
"#,
    yields_to: &["internal-network", "ip-forward-off", "masquerade-off", "engine-rules-wiped", "wrong-default-gateway"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source()?;
    let scheme = case.to.scheme.as_deref().filter(|scheme| matches!(*scheme, "http" | "https" | "ws" | "wss"))?;
    if !case.is_kept_inside() || case.proxy().is_some() || case.culprit().is_some_and(|culprit| culprit.rejects()) {
        return None;
    }
    // Where the host itself gets through directly, nobody needs a proxy.
    let host = case.host_dials();
    let host_passes = host.iter().any(|dial| dial.fact.outcome == dprobe_probes::tcp::TcpOutcome::Connected);
    let (owner, proxy, evidence) = known_proxy(case, scheme)?;
    if host_passes {
        return None;
    }
    let at = host_port(&proxy.host, proxy.port);
    let url = proxy.url();
    let mut because = vec![evidence, Case::container_evidence(source)];
    because.extend(case.dials().iter().chain(&host).map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Tcp,
        title: format!("the outside is reached through the proxy {at} only, and {} is told of none", source.name),
        explanation: format!(
            "Neither {} nor the host gets an answer from {} directly. {owner} is set up to use the proxy {at}, but the \
             environment of {} names none, so its programs try the direct way.",
            source.name, case.to.host, source.name
        ),
        because,
        fixes: vec![
            set_variables(
                source,
                format!("recreate {} with `-e HTTP_PROXY={url} -e HTTPS_PROXY={url}`", source.name),
                &[("HTTP_PROXY", &url), ("HTTPS_PROXY", &url)],
            ),
            change("for all new containers, set `proxies` in the Docker client's configuration (~/.docker/config.json)"),
        ],
    })
}

/// A proxy that somebody else on this engine uses.
fn known_proxy<'a>(case: &Case<'a>, scheme: &str) -> Option<(String, &'a Proxy, String)> {
    if let Some(proxy) = case.topology.engine_proxy.as_ref().filter(|proxy| !proxy.is_loopback()) {
        return Some(("The engine".to_owned(), proxy, "topology.engine_proxy".to_owned()));
    }
    let port = case.to.port?;
    case.topology.containers.values().find_map(|container| {
        let proxy = container.proxies.for_target(scheme, &case.to.host, port).filter(|proxy| !proxy.is_loopback())?;
        Some((container.name.clone(), proxy, Case::container_evidence(container)))
    })
}
