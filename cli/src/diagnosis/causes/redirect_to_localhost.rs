//! `redirect-to-localhost`: the server sends its clients on to localhost, which is another place for them.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::plan::{issuer, location};
use crate::report::{Relation, Severity, StageName, TargetKind, Verdict};

pub(super) const CAUSE: Cause = Cause {
    code: "redirect-to-localhost",
    summary: "the server redirects to localhost, or names an issuer there, which is the client's own container",
    page: r"
A server that does not know by which name it is reached writes the one of its configuration into redirects and documents:
`Location: http://localhost:8080/…`, or `issuer` in the discovery document of OpenID Connect. A client in another container
follows, finds itself, and is refused: `connect ECONNREFUSED 127.0.0.1:8080`, though the first request went well.

## How dprobe knows

It reads the `Location` of a redirect, and the `issuer` in the document at `/.well-known/openid-configuration`, and tries that
place once from the source's network. It follows one step and no more.

## Why it happens

The public address of the service was never set, so it is the one that it was developed with. Keycloak: `KC_HOSTNAME`;
WordPress: `WP_HOME`; GitLab: `external_url`; Grafana: `GF_SERVER_ROOT_URL`.

## How to fix it

Set the public address to a name that clients can reach, browsers and containers alike; or have the service take it from the
request (`X-Forwarded-Host`).

## How to reproduce it

    docker network create favorites-net
    docker run -d --name api --network favorites-net …   (nginx with `return 302 http://localhost:8080/login;`)
    dprobe check web http://api/

Related: localhost-is-container
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    if case.to.kind == TargetKind::Loopback || case.from_host() {
        return None;
    }
    let seen = case.own_http()?;
    let redirect = location(seen.fact).map(|url| (Relation::Redirect, url));
    let (relation, url) = redirect.or_else(|| issuer(seen.fact).map(|url| (Relation::Issuer, url)))?;
    let check = case.followed(relation).find(|check| check.to.kind == TargetKind::Loopback)?;
    // Something of the source's own may serve there.
    if matches!(check.verdict, Verdict::Reachable | Verdict::Degraded) {
        return None;
    }
    let host = case.address_text();
    let place = &case.from.place;
    let (title, what) = match relation {
        Relation::Issuer => (
            format!("{host} names {url} as its issuer, which is {place} itself"),
            format!("The document that tells clients where to log in names {url} as the issuer."),
        ),
        _ => (
            format!("{host} redirects to {url}, which is {place} itself"),
            format!("The server answers {} and sends its clients on to {url}.", seen.fact.status.unwrap_or_default()),
        ),
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title,
        explanation: format!(
            "{what} In {place} that is the container itself, where nothing answers there. The first request works, and a client \
             that follows fails."
        ),
        because: vec![seen.id.to_owned()],
        fixes: vec![change(format!(
            "set the public address of the service behind {host} to a name that {place} can reach as well (Keycloak: KC_HOSTNAME, \
             Grafana: GF_SERVER_ROOT_URL, WordPress: WP_HOME), or have it taken from the request"
        ))],
    })
}
