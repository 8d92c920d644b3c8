//! `engine-rules-wiped`: the engine's own firewall rules are gone.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::engine_rules::{EngineRules, make_rules_anew};
use crate::report::{Severity, StageName};

pub(super) const CAUSE: Cause = Cause {
    code: "engine-rules-wiped",
    summary: "the rules that the engine put into the host's firewall are gone",
    page: r"
Docker forwards and publishes with rules of its own in the host's packet filter (the chains `DOCKER`, `DOCKER-USER`,
`DOCKER-ISOLATION-…`). When another program clears the firewall, they are gone: containers lose the outside, published
ports stop answering, and `docker run -p` says `No chain/target/match by that name`.

## How dprobe knows

The packet filter of the engine's host has no chain of the engine's, and what needs those rules fails.

## Why it happens

`iptables -F`, a reload of firewalld, ufw or nftables (`flush ruleset`), or a script that sets up a firewall and was run
after the engine had started. An engine that was told `iptables: false` never makes the rules.

## How to fix it

The engine makes its rules anew when it starts:

    systemctl restart docker

For good: load the firewall's rules before the engine starts, and do not flush chains that are not yours.

## How to reproduce it

    iptables -F && iptables -t nat -F && iptables -X && iptables -t nat -X     (on a machine that may break)
    docker run -d --name web nginx
    dprobe check web https://example.test

Related: masquerade-off, firewall-drop, ip-forward-off
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let seen = case.firewall_in(crate::resolve::HOST)?;
    let rules = EngineRules::of(seen.fact);
    // Half of them: the filter's are there, and nothing of the translation of addresses.
    let half = case.is_kept_inside() && !rules.translating;
    let wiped = !rules.podman && (!rules.any || half);
    if case.gets_through() || !wiped || seen.fact.truncated || !(case.lost() || case.name_failed()) {
        return None;
    }
    // What stays on one bridge passes without any rule, unless the host drops what nobody allows.
    let dropped = seen.fact.chains.iter().any(|chain| chain.hook.as_deref() == Some("forward") && chain.drops && chain.caught > 0);
    if !case.is_kept_inside() && !dropped {
        return None;
    }
    let mut because = vec![seen.id.to_owned()];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Route,
        title: "the engine's rules are gone from the host's firewall".to_owned(),
        explanation: format!(
            "The engine lets containers out with rules of its own in the host's firewall, and {}. Something has cleared the \
             firewall since the engine started (`iptables -F`, a reload of firewalld or nftables), or the engine was told \
             not to make any (`iptables: false`).",
            if rules.any { "those that translate addresses are not there" } else { "none of them is there" }
        ),
        because,
        fixes: make_rules_anew(),
    })
}
