//! `underscore-hostname`: the server rejects requests for a name with an underscore.

use super::{Cause, Found};
use crate::compose::{flow_list, yaml};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, command, compose_service};
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
    let accepted = case.http_by_another_host()?;
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
    if let Some(known) = attachment.and_then(|attachment| known(target, attachment)) {
        return vec![Fix { dial: url(case, known), ..change(format!("use its other name, {known}")) }];
    }
    let aliases: Vec<&str> = attachment.into_iter().flat_map(|attachment| aliases(target, attachment)).collect();
    let mut compose: Vec<String> = aliases.iter().map(|&alias| alias.to_owned()).collect();
    compose.push(other.to_owned());
    let in_compose = network.and_then(|key| case.topology.networks.get(key)?.compose_network.clone());
    let in_compose = in_compose.unwrap_or_else(|| "default".to_owned());
    let compose = compose_service(
        target,
        &format!("networks:\n  {}:\n    aliases: {}", yaml(&in_compose), flow_list(&compose)),
    );
    let commands = network.map(|network| {
        let mut connect = vec!["docker", "network", "connect"];
        for alias in aliases.iter().copied().chain([other]) {
            connect.extend(["--alias", alias]);
        }
        connect.extend([network, &target.name]);
        vec![command(&["docker", "network", "disconnect", network, &target.name]), command(&connect)]
    });
    vec![Fix {
        title: format!("give {} a second name without underscores, and use that", target.name),
        commands: commands.unwrap_or_default(),
        dial: url(case, other),
        lasting: false,
        ..Fix::default()
    }
    .with_compose(compose)]
}

/// A name that it has on the network already, without an underscore. The short id is none that one would use.
fn known<'a>(target: &Container, attachment: &'a Attachment) -> Option<&'a str> {
    let usable = |name: &&String| !name.contains('_') && !target.id.starts_with(name.as_str()) && !name.is_empty();
    attachment.names.iter().find(usable).map(String::as_str)
}

/// The aliases that it would lose when it is taken off the network: all but its own name and its short id.
fn aliases<'a>(target: &'a Container, attachment: &'a Attachment) -> impl Iterator<Item = &'a str> {
    let own = |name: &&str| *name != target.name && !target.id.starts_with(*name);
    attachment.names.iter().map(String::as_str).filter(own)
}

/// The URL that was given, with another host.
fn url(case: &Case<'_>, host: &str) -> Option<String> {
    let (scheme, rest) = case.to.url.as_deref()?.split_once("://")?;
    let tail = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    Some(format!("{scheme}://{}{tail}", host_port(host, case.to.port?)))
}
