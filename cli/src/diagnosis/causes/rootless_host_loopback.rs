//! `rootless-host-loopback`: behind a rootless engine the machine itself is out of sight.

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, dial};
use crate::diagnosis::listening::Listening;
use crate::report::{Fix, Severity, StageName, TargetKind};
use crate::topology::EngineFlavor;

/// The machine as slirp4netns shows it to a rootless engine (its man page, `--cidr`).
const SLIRP_HOST: &str = "10.0.2.2";

pub(super) const CAUSE: Cause = Cause {
    code: "rootless-host-loopback",
    summary: "the engine is rootless, and its containers do not see what listens on the machine",
    page: r"
A rootless engine lives in a network namespace of its own, which slirp4netns or pasta connects with the machine. What
containers call the host, `host.docker.internal` and the gateway of their network, is that namespace and not the machine.
Unless it is allowed, nothing in it leads to the machine's own loopback.

## How dprobe knows

The engine says that it is rootless (`name=rootless` among its security options), the host was dialled, the connection was
not made, and nothing in the engine's namespace listens on the port.

## Why it happens

The setup was made for an engine that runs as root, whose bridge is an interface of the machine. `dockerd-rootless.sh` keeps
containers from the machine's loopback on purpose (`--disable-host-loopback`).

## How to fix it

Allow it, and dial the machine as slirp4netns calls it:

    mkdir -p ~/.config/systemd/user/docker.service.d
    printf '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK=false\n' > ~/.config/systemd/user/docker.service.d/host-loopback.conf
    systemctl --user daemon-reload
    systemctl --user restart docker

and then 10.0.2.2 in place of `host.docker.internal`. Without that, an address of the machine on its local network works for
programs that listen on 0.0.0.0.

For good: run the other program in a container as well, on a shared network.

## How to reproduce it

It takes a rootless engine; it was not reproduced with the engine that dprobe is tested on, but from its recorded facts:

    python3 -m http.server --bind 127.0.0.1 8000 &
    docker --context rootless run -d --name web --add-host host.docker.internal:host-gateway nginx
    dprobe --context rootless check web host.docker.internal:8000

Related: host-bind-loopback, host-not-listening, other-engine
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.topology.flavor != EngineFlavor::Rootless
        || case.to.kind != TargetKind::Host
        || !case.from_container()
        || case.gets_through()
        || case.name_failed()
        || case.target().is_some()
    {
        return None;
    }
    let port = case.to.port?;
    let (seen, Listening::Nothing | Listening::Elsewhere(_)) = case.host_listening()? else { return None };
    let mut because = vec!["topology.flavor".to_owned(), seen.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    let folder = "~/.config/systemd/user/docker.service.d";
    let allow = Fix {
        commands: vec![
            format!("mkdir -p {folder}"),
            format!(
                r"printf '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK=false\n' > {folder}/host-loopback.conf"
            ),
            "systemctl --user daemon-reload".to_owned(),
            "systemctl --user restart docker".to_owned(),
        ],
        ..dial("let containers reach the machine's loopback, and dial the machine as slirp4netns calls it", host_port(SLIRP_HOST, port))
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{} is not the machine: the engine is rootless and lives in a network of its own", case.to.host),
        explanation: format!(
            "Behind a rootless engine, {} leads to the engine's own network namespace. Nothing there listens on port {port}; a \
             program that listens on the machine itself is out of sight of containers unless that is allowed.",
            case.to.host
        ),
        because,
        fixes: vec![
            allow,
            change(format!(
                "or have the program listen on 0.0.0.0:{port}, and dial the machine by its address on the local network"
            )),
        ],
    })
}
