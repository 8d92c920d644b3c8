//! `icc-disabled`: the network was made so that its containers cannot talk to each other.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, connect, new_network_name, run};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "icc-disabled",
    summary: "the network forbids its containers to talk to each other (enable_icc=false)",
    page: r#"
A bridge network can be made with `com.docker.network.bridge.enable_icc=false`. Its containers then reach the outside and
not each other: names resolve, and every connection between them is left without an answer.

## How dprobe knows

The network's options say so, source and target meet on no other network, and the connect gets no answer although the
target listens.

## Why it happens

Inter-container communication (icc) is turned off to keep tenants apart, or copied from a hardening guide that does so for
the default bridge (`"icc": false` in `daemon.json`). It is a property of the network and cannot be changed later.

## How to fix it

Put both on a network of their own; they keep the old one:

    docker network create web-net
    docker network connect web-net web && docker network connect web-net mongodb

For good: make the network without the option, or give the two services a second network in the compose file.

## How to reproduce it

    docker network create -o com.docker.network.bridge.enable_icc=false favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network favorites-net nginx

Related: firewall-drop, no-shared-network
"#,
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let shared = case.shared_networks();
    let silent = |key: &&str| {
        case.topology.networks.get(*key).is_some_and(|network| network.driver == "bridge" && !network.lets_containers_talk())
    };
    if case.gets_through() || case.same_namespace() || shared.is_empty() || !shared.iter().all(silent) || !case.lost() {
        return None;
    }
    let (source, target) = (case.source()?, case.target()?);
    let list = shared.join(", ");
    let name = new_network_name(case);
    let mut because: Vec<String> = shared.iter().map(|key| format!("topology.networks.{key}")).collect();
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: format!("{list} forbids its containers to talk to each other"),
        explanation: format!(
            "The network {list} was made with `enable_icc=false`, so the engine drops everything between its containers. {} \
             and {} meet on no other network.",
            source.name, target.name
        ),
        because,
        fixes: vec![
            run(
                "put both on a network of their own",
                vec![
                    command(&["docker", "network", "create", &name]),
                    connect(&name, source, None),
                    connect(&name, target, Some(&case.to.host).filter(|_| case.dials_name()).map(String::as_str)),
                ],
            ),
            change(format!("for good, make {list} anew without `com.docker.network.bridge.enable_icc=false`")),
        ],
    })
}
