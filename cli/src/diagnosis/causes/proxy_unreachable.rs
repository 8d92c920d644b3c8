//! `proxy-unreachable`: the proxy that the source is told to use cannot be reached.

use dprobe_probes::http::HttpPhase;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "proxy-unreachable",
    summary: "the proxy that the source's environment names cannot be reached from the source",
    page: r"
The source is told to send its requests through a proxy, and the proxy itself is out of reach: its name is not found, or
nothing answers on its port. Every request fails before the target has anything to do with it.

## How dprobe knows

A request that goes the way which the source's environment names fails on its way to the proxy.

## Why it happens

The proxy's name or port is misspelt, the proxy does not run, or it is on a network that the container is not on.

## How to fix it

dprobe can be asked the same about the proxy:

    dprobe check web proxy:3128

Correct the variable, start the proxy, or put the container on the proxy's network.

## How to reproduce it

    docker network create favorites-net && docker run -d --name api --network favorites-net nginx
    docker run -d --name web --network favorites-net -e HTTP_PROXY=http://proxy:3128 nginx
    dprobe check web http://api/

Related: proxy-is-loopback, proxy-captures-internal
",
    yields_to: &["proxy-is-loopback"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let proxy = case.proxy()?;
    let source = case.source()?;
    let proxied = case.proxied()?;
    let failure = proxied.fact.failure.as_ref().filter(|failure| matches!(failure.phase, HttpPhase::Dns | HttpPhase::Tcp))?;
    let at = host_port(&proxy.host, proxy.port);
    let what = match failure.phase {
        HttpPhase::Dns => format!("the name {} is not found there", proxy.host),
        _ => format!("it does not take the connection ({})", failure.reason),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("the proxy {at}, which {} is told to use, cannot be reached", source.name),
        explanation: format!(
            "The environment of {} has {}, and programs that heed it send requests for {} to {at}. From {} {what}, so they \
             fail before the target has anything to do with it.",
            source.name, proxy.variable, case.to.host, source.name
        ),
        because: vec![Case::container_evidence(source), proxied.id.to_owned()],
        fixes: vec![
            change(format!(
                "find out why the proxy is out of reach: `{}`",
                command(&["dprobe", "check", &case.from.typed, &at])
            )),
            change(format!("or recreate {} with the right {}, or without it", source.name, proxy.variable)),
        ],
    })
}
