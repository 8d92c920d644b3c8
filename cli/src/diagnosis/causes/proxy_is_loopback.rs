//! `proxy-is-loopback`: the source is told to use a proxy on its own loopback address.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, set_variables};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "proxy-is-loopback",
    summary: "the source's environment names a proxy on localhost, which is the container itself",
    page: r"
`HTTP_PROXY=http://127.0.0.1:7890` is right on a machine on which a proxy runs. Inside a container 127.0.0.1 is the
container itself, where no proxy listens, so every request that goes through it fails: `failed to connect to 127.0.0.1
port 7890`.

## How dprobe knows

The environment that the engine gave the container names a proxy on a loopback address for URLs of this kind, the target
is not in `NO_PROXY`, and nothing in the container listens on that port.

## Why it happens

The host's own settings were copied into the container: by `docker run -e HTTP_PROXY`, by a compose file, or by `proxies`
in the Docker client's configuration, which puts them into every container.

## How to fix it

Let the proxy listen on an address that containers reach, and name the host by its name for containers:

    docker run --add-host host.docker.internal:host-gateway -e HTTP_PROXY=http://host.docker.internal:7890 …

Where the container needs no proxy, leave the variable out.

## How to reproduce it

    docker network create favorites-net && docker run -d --name api --network favorites-net nginx
    docker run -d --name web --network favorites-net -e HTTP_PROXY=http://127.0.0.1:7890 nginx
    dprobe check web http://api/

Related: proxy-unreachable, proxy-captures-internal, localhost-is-container
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let proxy = case.proxy().filter(|proxy| proxy.is_loopback())?;
    let source = case.source()?;
    let listeners = case.listeners_in(&case.from.place);
    let served = listeners.is_some_and(|seen| seen.fact.sockets.iter().any(|socket| socket.port == proxy.port));
    if case.from_host() || case.proxy_delivers() || served {
        return None;
    }
    let at = host_port(&proxy.host, proxy.port);
    let host = format!("{}://host.docker.internal:{}", proxy.scheme, proxy.port);
    let mut excepted = source.proxies.except.clone();
    excepted.push(case.to.host.clone());
    let list = excepted.join(",");
    let mut because = vec![Case::container_evidence(source)];
    because.extend(case.proxied().map(|seen| seen.id.to_owned()));
    because.extend(listeners.map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("{} is told to use the proxy {at}, which is {} itself", source.name, source.name),
        explanation: format!(
            "The environment of {} has {}, and programs that heed it send requests for {} there. Inside a container {} is the \
             container itself, where no proxy listens.",
            source.name, proxy.variable, case.to.host, proxy.host
        ),
        because,
        fixes: vec![
            set_variables(
                source,
                format!(
                    "recreate {} with `-e {}={host} --add-host host.docker.internal:host-gateway`, and let the proxy on the host \
                     listen on 0.0.0.0",
                    source.name, proxy.variable
                ),
                &[(&proxy.variable, &host)],
            ),
            change(format!("or recreate it without {}, where it needs no proxy", proxy.variable)),
            set_variables(
                source,
                format!(
                    "or with `-e NO_PROXY={list} -e no_proxy={list}`, where only this target is to be reached directly"
                ),
                &[("NO_PROXY", &list), ("no_proxy", &list)],
            ),
        ],
    })
}
