//! `upstream-stale`: a reverse proxy dials an address that its upstream had once.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, run};
use crate::diagnosis::gateway::{Gateway, reload};
use crate::report::{Check, Fix, Relation, Severity, StageName, Verdict};
use crate::topology::{LocationMatch, ProxyProgram, Upstream, UpstreamError, UpstreamLookup};

pub(super) const CAUSE: Cause = Cause {
    code: "upstream-stale",
    summary: "a reverse proxy still dials the address that its upstream had before it was recreated",
    page: r#"
nginx looks the name in `proxy_pass` or in an `upstream` block up once, when it reads its configuration, and keeps the
address. A container that is recreated often gets another one. The name is right, every other program finds the new
address, and the proxy answers 502 until it is told to look again.

## How dprobe knows

The proxy's log names the address that it dialled for this request. The name that the configuration has for it resolves to
another address from the proxy's own namespace, and a connection there works.

## Why it happens

`docker compose up` recreated the upstream, or it was removed and run again, while the proxy kept running. With a variable in
`proxy_pass` nginx looks names up while it runs, and keeps what it hears for as long as the DNS server allows: Docker's says
ten minutes, unless `resolver` has a `valid=`.

## How to fix it

    docker exec front nginx -s reload

For good, have nginx look the name up again and again, by Docker's own DNS server:

    resolver 127.0.0.11 valid=10s;
    set $upstream router_one;
    proxy_pass http://$upstream:8080;

With a variable nginx no longer cuts the path of the location off; a `rewrite … break;` does that instead.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name router_one --network favorites-net nginx
    docker run -d --name front --network favorites-net nginx
    docker exec front sh -c 'echo "server { listen 8080; location / { proxy_pass http://router_one; } }" >/etc/nginx/conf.d/front.conf'
    docker exec front nginx -s reload
    docker rm -f router_one
    docker run -d --name other --network favorites-net nginx
    docker run -d --name router_one --network favorites-net nginx

and then `dprobe check other http://front:8080/`.

Related: bad-gateway, stale-ip, link-stale
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let gateway = case.gateway()?;
    let upstream = gateway.upstream()?;
    if upstream.host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let mut checks = case.followed(Relation::Upstream);
    let check = checks.find(|check| check.to.host == upstream.host && check.to.port == Some(upstream.port))?;
    let way = case.leading(check);
    let lookup = way.lookup()?;
    let now = way.dialled_addresses();
    // Where the new address does not work either, another look at the name cures nothing.
    if now.is_empty() || !way.gets_through() {
        return None;
    }
    let Some(dialled) = dialled(&gateway, upstream, &way) else { return unlogged(&gateway, upstream, check, &way) };
    let old = dialled.address.filter(|old| !now.contains(old))?;
    let proxy = &gateway.proxy.name;
    let name = &upstream.host;
    let now: Vec<String> = now.iter().map(ToString::to_string).collect();
    let owner = match case.topology.owner_of(old) {
        Some((owner, _)) => format!("{old} belongs to {} now", owner.name),
        None => format!("no container has {old} any more"),
    };
    let keeps = match upstream.lookup {
        UpstreamLookup::AtStart => "looks a name in its configuration up once, when it starts or reloads",
        UpstreamLookup::WhileRunning => {
            "keeps what it has looked up for as long as the DNS server allows, which is ten minutes with Docker's"
        }
    };
    let mut because = vec![
        gateway.id.to_owned(),
        format!("{}.reverse_proxy", Case::container_evidence(gateway.proxy)),
        lookup.id.to_owned(),
    ];
    because.extend(way.dials().iter().map(|dial| dial.id.to_owned()));
    let at = host_port(&old.to_string(), dialled.port.unwrap_or(upstream.port));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("{proxy} still dials {old}, an old address of {name}, which is at {} now", now.join(", ")),
        explanation: format!(
            "{} {keeps}. Its log says that it dialled {at}: `{}`. But {owner}. Looked up from {proxy} now, {name} is \
             {}, and a connection there works.",
            gateway.said.program.name(),
            dialled.words,
            now.join(", ")
        ),
        because,
        fixes: fixes(&gateway, upstream),
    })
}

/// What the log says of the connection: the error of this request, or, where the request is kept waiting, the last one since
/// the upstream was started.
fn dialled<'a>(gateway: &Gateway<'a>, upstream: &Upstream, way: &Case<'_>) -> Option<&'a UpstreamError> {
    if gateway.status.is_some() {
        return gateway.error;
    }
    let up_s = way.target()?.state.up_s?;
    let errors = gateway.said.errors.iter().rev();
    errors.filter(|error| error.port == Some(upstream.port)).find(|error| error.age_s.is_some_and(|age| age < up_s))
}

/// A proxy that keeps requests waiting and has not said yet for what: it was started before its upstream, which answers the
/// same request at once when it is asked directly.
fn unlogged(gateway: &Gateway<'_>, upstream: &Upstream, check: &Check, way: &Case<'_>) -> Option<Found> {
    let direct = way.http().filter(|_| check.verdict == Verdict::Reachable)?;
    let target = way.target()?;
    let younger = target.state.up_s? < gateway.proxy.state.up_s?;
    if gateway.status.is_some() || !younger || upstream.lookup != UpstreamLookup::AtStart {
        return None;
    }
    let (proxy, name, program) = (&gateway.proxy.name, &upstream.host, gateway.said.program.name());
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("{proxy} was started before {name}, and waits for an address that it had before"),
        explanation: format!(
            "{program} looks a name in its configuration up once, when it starts or reloads, and {} was started after that. Asked \
             directly from {proxy}, {name} answers the same request at once; through {proxy} there is no answer. So {proxy} in \
             all likelihood still dials the address that {name} had before.",
            target.name
        ),
        because: vec![
            gateway.id.to_owned(),
            direct.id.to_owned(),
            Case::container_evidence(gateway.proxy),
            Case::container_evidence(target),
        ],
        fixes: fixes(gateway, upstream),
    })
}

fn fixes(gateway: &Gateway<'_>, upstream: &Upstream) -> Vec<Fix> {
    let proxy = &gateway.proxy.name;
    if gateway.said.program != ProxyProgram::Nginx {
        let restart = crate::diagnosis::fixes::command(&["docker", "restart", proxy]);
        return vec![Fix { lasting: false, ..run(format!("have {proxy} look the name up again"), vec![restart]) }];
    }
    let reload = run(format!("have {proxy} look the name up again"), vec![reload(gateway.proxy)]);
    vec![Fix { lasting: false, ..reload }, change(lasting(gateway, upstream))]
}

/// The change of nginx's configuration that makes it look the name up again and again.
fn lasting(gateway: &Gateway<'_>, upstream: &Upstream) -> String {
    let place = format!("in {}, line {}", upstream.file, upstream.line);
    if upstream.lookup == UpstreamLookup::WhileRunning {
        return format!("for good, {place} or where its `resolver` stands, write `resolver 127.0.0.11 valid=10s;`");
    }
    let of = |location: &&&crate::topology::Location| location.upstreams.contains(upstream);
    let location = gateway.locations.iter().find(of);
    // With a variable the path is passed on as it is, so what was cut off has to be cut off by hand.
    let rewrite = match (location, &upstream.path) {
        (Some(location), Some(path)) if location.matches != LocationMatch::Pattern && location.path != *path => {
            format!(" rewrite ^{}(.*)$ {path}$1 break;", location.path)
        }
        _ => String::new(),
    };
    let pass = format!("{}://$upstream:{}", upstream.scheme, upstream.port);
    format!(
        "for good, have it look the name up again and again: {place}, write `resolver 127.0.0.11 valid=10s; set $upstream \
         {};{rewrite} proxy_pass {pass};`",
        upstream.host
    )
}
