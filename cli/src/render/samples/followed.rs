//! Reports of checks that led to others.

use crate::report::{Check, Diagnosis, Followed, PortOrigin, Relation, Report, Severity, StageName, Target, Verdict};

use super::{bind_loopback_check, from, healthy_check, report, stage, to};

fn leads(relation: Relation, check: Check) -> Followed {
    Followed { relation, check }
}

/// A reverse proxy whose upstream listens on loopback.
pub(crate) fn bad_gateway() -> Report {
    let mut inner = bind_loopback_check();
    inner.from = from("front");
    let outer = Check {
        from: from("web"),
        to: Target {
            typed: "http://front:8080/api/v1/".to_owned(),
            url: Some("http://front:8080/api/v1/".to_owned()),
            scheme: Some("http".to_owned()),
            ..to("front", 8080, PortOrigin::Typed)
        },
        verdict: Verdict::Degraded,
        stages: vec![
            stage(StageName::Name, true, "front → 172.18.0.3", "favorites-net, 0.4 ms"),
            stage(StageName::Tcp, true, "172.18.0.3:8080 connected", "0.2 ms"),
            stage(StageName::Http, false, "status 502", "1.2 ms"),
        ],
        diagnoses: vec![Diagnosis {
            code: "bad-gateway".to_owned(),
            severity: Severity::Error,
            stage: StageName::Http,
            title: "front answers 502 because mongodb refuses connections: bind-loopback".to_owned(),
            explanation: "front is reached, and the answer 502 is its own.".to_owned(),
            because: vec!["p6".to_owned(), "topology.containers.front.reverse_proxy".to_owned()],
            fixes: inner.diagnoses[0].fixes.clone(),
        }],
        followed: vec![leads(Relation::Upstream, inner)],
    };
    report(vec![outer])
}

/// A broker that hands out two addresses, of which one is good; and a redirect of a server that is well.
pub(crate) fn advertised() -> Report {
    let mut outer = healthy_check();
    outer.followed =
        vec![leads(Relation::Advertised, healthy_check()), leads(Relation::Advertised, bind_loopback_check())];
    let mut redirected = healthy_check();
    redirected.followed = vec![leads(Relation::Redirect, healthy_check()), leads(Relation::Issuer, healthy_check())];
    report(vec![outer, redirected])
}
