//! `other-engine`: the target lives in another engine of this machine.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, dial, run};
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::resolve;
use crate::topology::{Elsewhere, EngineFlavor};

pub(super) const CAUSE: Cause = Cause {
    code: "other-engine",
    summary: "the target runs in another engine, which shares nothing with this one",
    page: r"
One machine can run several engines side by side: Docker Engine, a rootless one, Docker Desktop, Podman. Each has its own
containers, networks and images, and knows nothing of the others. What `docker ps` shows depends on which one it asks.

## How dprobe knows

Nothing on the engine that was asked has the name, the lookup found nothing, and an engine behind another context of the
Docker CLI, or behind another of the usual sockets, lists a container or a compose service that is called so. Other
engines are asked only where a name is unknown, for at most a second, and never over ssh.

## Why it happens

Docker Desktop or a rootless engine was installed beside Docker Engine, and set itself as the current context; `sudo docker`
asks another engine than `docker`; an IDE starts containers in an engine of its own; `DOCKER_HOST` is set in one shell and
not in the other.

## How to fix it

See which engines there are, and ask the right one:

    docker context ls
    docker context use rootless
    DOCKER_HOST=unix:///run/user/1000/docker.sock docker ps
    dprobe --context rootless check web mongodb:27017

For good: run both containers in one engine, and keep to one (`docker context use`, no `DOCKER_HOST` in the shell's
start-up file). Two engines share no network, so containers of both meet only through a port that is published on the
host.

## How to reproduce it

Start a second engine, say a rootless one, start mongodb there and web here, and check:

    dockerd-rootless-setuptool.sh install
    docker --context rootless run -d --name mongodb mongo
    docker --context default run -d --name web nginx && dprobe --context default check web mongodb:27017

Related: unknown-name, target-not-running, dind-localhost
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let name = &case.to.host;
    if case.to.kind != TargetKind::Name || case.gets_through() || (case.measured() && !case.name_failed()) {
        return None;
    }
    let found = case.topology.elsewhere.iter().find(|one| one.word == *name)?;
    let engine = found.engine_text();
    let state = if found.running { "runs" } else { "is, stopped," };
    let mut because = vec![format!("topology.elsewhere.{name}")];
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Name,
        title: format!("{name} is not on this engine: it {state} in another one, {engine}"),
        explanation: format!(
            "Several engines run side by side on this machine, and each has its own containers and networks. {} was looked \
             at on this engine; {name} {state} in {engine}. Containers of two engines share no network, so neither the \
             name nor the address leads from the one to the other.",
            case.from.place
        ),
        because,
        fixes: fixes(case, found),
    })
}

fn fixes(case: &Case<'_>, found: &Elsewhere) -> Vec<Fix> {
    let [flag, value] = found.flag();
    let same = |one: &&Elsewhere| (&one.engine, &one.context) == (&found.engine, &found.context);
    let from = case.from.container.as_deref();
    let mut fixes = Vec::new();
    if case.topology.elsewhere.iter().filter(same).any(|one| Some(one.word.as_str()) == from) {
        fixes.push(run(
            format!("ask the engine that has both, for it has a {} as well", case.from.place),
            vec![command(&["dprobe", flag, value, "check", &case.from.typed, &case.to.typed])],
        ));
    }
    let published = found.published.iter().find(|port| {
        Some(port.container_port) == case.to.port
            && port.protocol == case.to.protocol
            && port.host_ip.is_none_or(|address| address.is_unspecified())
    });
    // An engine in a virtual machine or in a namespace of its own has another host.
    let own_host = case.topology.flavor == EngineFlavor::Docker && found.engine.starts_with("unix://");
    let gateway = resolve::gateway_of(case.from, case.topology).filter(|_| own_host);
    if let (Some(gateway), Some(port)) = (gateway, published.and_then(|port| port.host_port)) {
        let address = host_port(&gateway.to_string(), port);
        fixes.push(Fix { lasting: false, ..dial("go through the host, where it publishes the port", address) });
    }
    let switch = match &found.context {
        Some(context) => command(&["docker", "context", "use", context]),
        None => format!("export DOCKER_HOST={}", command(&[&found.engine])),
    };
    fixes.push(Fix {
        commands: vec![switch],
        ..change(format!("run both in one engine: switch to the one of {}, and start {} there", found.container, case.from.place))
    });
    fixes
}
