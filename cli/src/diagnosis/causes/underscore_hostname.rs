//! `underscore-hostname`: the server rejects requests for a name with an underscore.

use super::{Cause, Found};
use crate::diagnosis::aliases::second_name;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::change;
use crate::report::{Fix, Severity, StageName};
use crate::topology::{Attachment, Container};

pub(super) const CAUSE: Cause = Cause {
    code: "underscore-hostname",
    summary: "the server rejects the underscore in the name that it is asked by",
    page: r"
Host names consist of letters, digits and hyphens (RFC 952, RFC 1123). DNS carries an underscore all the same, so
`router_one` resolves and connects; then a library that reads the `Host` header by the book answers *400 Bad Request*:
Tomcat, Django, Jetty and others do.

## How dprobe knows

Name, connect and request work, and the answer to the name with an underscore is 400. dprobe asks the same URL once more,
with a hyphen in the `Host` header, and is given another answer.

## Why it happens

Compose services and containers are often named with underscores; older versions of compose put them into every name.

## How to fix it

Give the service a second name with a hyphen, and use that:

    services:
      router_one:
        networks:
          default:
            aliases: [router-one]

## How to reproduce it

    docker network create favorites-net
    docker run -d --name router_one --network favorites-net tomcat
    docker run --rm --network favorites-net curlimages/curl -i http://router_one:8080/

Related: unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let host = &case.to.host;
    let rejected = case.http().filter(|seen| host.contains('_') && seen.fact.status == Some(400))?;
    let other = host.replace('_', "-");
    let accepted = case.http_by_host(&other)?;
    let status = accepted.fact.status.filter(|status| *status != 400)?;
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Http,
        title: format!("the server rejects the name {host} because of its underscore"),
        explanation: format!(
            "Host names have no underscores (RFC 1123), and this server holds to it: asked by {host} it answers 400, asked by \
             {other} at the same address it answers {status}. The network is not at fault."
        ),
        because: vec![rejected.id.to_owned(), accepted.id.to_owned()],
        fixes: fixes(case, &other),
    })
}

fn fixes(case: &Case<'_>, other: &str) -> Vec<Fix> {
    let Some(target) = case.target() else {
        return vec![change(format!("give the server a name without underscores, such as {other}, and use that"))];
    };
    let network = case.shared_networks().into_iter().find(|key| Some(*key) != case.topology.default_bridge());
    let attachment = network.and_then(|network| target.attachments.get(network));
    let other = attachment.and_then(|attachment| known(target, attachment)).unwrap_or(other);
    let title = format!("give {} a second name without underscores, and use that", target.name);
    vec![second_name(case, other, title.clone()).unwrap_or_else(|| change(title))]
}

/// A name that it has on the network already, without an underscore. The short id is none that one would use.
fn known<'a>(target: &Container, attachment: &'a Attachment) -> Option<&'a str> {
    let usable = |name: &&String| !name.contains('_') && !target.id.starts_with(name.as_str()) && !name.is_empty();
    attachment.names.iter().find(usable).map(String::as_str)
}
