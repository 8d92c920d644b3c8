//! `bind-one-family`: the server listens on IPv6 only, or on IPv4 only.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::diagnosis::programs;
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "bind-one-family",
    summary: "the server listens on one address family only, and the connection uses the other",
    page: r"
IPv4 and IPv6 are two families of addresses. A socket on `0.0.0.0` takes IPv4 only. A socket on `::` takes both on Linux,
unless the program asked for IPv6 only (`IPV6_V6ONLY`).

## How dprobe knows

The target's sockets on that port belong to the one family, the connection was made in the other, and it was refused.

## Why it happens

A program opens `[::]:80` with `ipv6only=on`, as nginx does by default, and nothing beside it. Or the name resolves to
an IPv6 address first, and the program listens on `0.0.0.0`.

## How to fix it

Let it listen on both: `0.0.0.0:80` beside `[::]:80`, or `[::]:80` without the IPv6-only option.

## How to reproduce it

Start a server that binds `[::]:80` with `IPV6_V6ONLY` set, and dial its IPv4 address.

## How others see it

On the host, `ss -ltn` in the container's namespace shows `[::]:80` where `*:80` would be both families.

Related: bind-loopback, bind-other-address
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let (seen, Listening::OtherFamily(sockets)) = case.listening()? else { return None };
    if case.gets_through() {
        return None;
    }
    let v6_only = sockets.iter().any(|socket| socket.address.is_ipv6());
    let (has, wants) = if v6_only { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let place = case.target().map_or(case.from.place.as_str(), |target| target.name.as_str());
    let program = case.target().map_or_else(|| "the program".to_owned(), programs::name);
    let port = case.listen_port().unwrap_or_default();
    let address = if v6_only { "0.0.0.0" } else { "[::]" };
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{program} in {place} listens on {has} only, and {wants} is dialled"),
        explanation: format!(
            "{program} listens on {}, which takes {has} connections only. {} stands for an {wants} address, so the \
             connection is refused although the port is right.",
            sockets_text(&sockets),
            case.to.host
        ),
        because,
        fixes: vec![change(format!(
            "make {program} listen on {address}:{port} as well (for nginx `listen {address}:{port};`, in other programs \
             switch the IPv6-only option off)"
        ))],
    })
}
