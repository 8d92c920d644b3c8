//! `ip-forward-off`: the host does not forward packets.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::forward;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "ip-forward-off",
    summary: "the host does not forward packets (net.ipv4.ip_forward is 0), so no container gets out",
    page: r"
For containers the host is a router. Whether it routes at all is a switch of the kernel, `net.ipv4.ip_forward`. The engine
turns it on when it starts; turned off later, containers reach their neighbours on the same bridge and nothing beyond.

## How dprobe knows

An agent in the host's own network namespace reads the switch: it is 0, and the source does not get out.

## Why it happens

A file below `/etc/sysctl.d/` sets it to 0 and was loaded after the engine started (`sysctl --system`, a hardening tool, a
reload of the network), or the engine was told `--ip-forward=false`.

## How to fix it

    sysctl -w net.ipv4.ip_forward=1

For good: `net.ipv4.ip_forward = 1` in a file below `/etc/sysctl.d/` that is read last.

## How to reproduce it

    sysctl -w net.ipv4.ip_forward=0     (on a machine that may break)
    docker run -d --name web nginx
    dprobe check web https://example.test

Related: masquerade-off, engine-rules-wiped, egress-blocked
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let host = case.host_network()?;
    let (key, _) = case.egress()?;
    if host.fact.ip_forward != Some(false) || !case.is_kept_inside() {
        return None;
    }
    let mut because = vec![host.id.to_owned(), format!("topology.networks.{key}")];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    because.extend(case.lookup().map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: "the host does not forward packets, so no container gets out".to_owned(),
        explanation: format!(
            "To leave its network, {} needs the host as a router, and the host's kernel was told not to be one: \
             net.ipv4.ip_forward is 0. Containers on one bridge still reach each other.",
            case.from.place
        ),
        because,
        fixes: forward("net.ipv4.ip_forward"),
    })
}
