//! `hosts-override`: the source's hosts file sends the name somewhere else.

use dprobe_probes::lookup::AnswerSource;

use super::{Cause, Found};
use crate::diagnosis::address::host_port;
use crate::diagnosis::case::Case;
use crate::compose::ComposeChange;
use crate::diagnosis::fixes::{change, compose_edit, dial};
use crate::report::{Severity, StageName, TargetKind};

pub(super) const CAUSE: Cause = Cause {
    code: "hosts-override",
    summary: "an entry in the source's hosts file wins over the resolver and names another address",
    page: r"
A name is looked up in `/etc/hosts` first. An entry there wins over Docker's resolver, also when its address has long
gone. Such entries come from `--add-host`, from `extra_hosts:` in compose, or from a hosts file that was mounted.

## How dprobe knows

The name resolved from the hosts file, to an address that is none of those which the engine has for the container of
that name; or to an address in one of the engine's own subnets that no container has.

## Why it happens

Somebody pinned an address to get something to work. Container addresses change each time a container is recreated; the
entry stays.

## How to fix it

Remove the entry: leave `--add-host` out when the container is created, or take the line out of `extra_hosts:`. On a
shared network Docker's resolver knows the name by itself.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker run -d --name web --network favorites-net --add-host mongodb:172.18.0.200 nginx

Related: stale-ip, unknown-name
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let lookup = case.lookup()?;
    let answer = lookup.fact.answers.iter().find(|answer| answer.source == AnswerSource::HostsFile)?;
    let source = case.source()?;
    let linked = source.links.iter().any(|link| link.alias == case.to.host || link.container == case.to.host);
    let own_name = source.hostname == case.to.host || source.name == case.to.host;
    if linked || own_name || !matches!(case.to.kind, TargetKind::Container | TargetKind::Name) {
        return None;
    }
    let address = answer.address;
    let right = match case.target() {
        Some(target) => {
            let attachments = case.topology.attachments(target);
            if attachments.values().any(|attachment| attachment.has(address)) {
                return None;
            }
            let network = case.shared_networks().into_iter().next();
            network.and_then(|network| attachments.get(network)?.addresses().next())
        }
        // Of a name that the engine does not know, only an address that the engine should know tells anything.
        None if case.topology.network_of(address).is_some()
            && case.topology.owner_of(address).is_none()
            && !case.topology.is_gateway(address) => None,
        None => return None,
    };
    let name = &case.to.host;
    let has = case.topology.owner_of(address).map_or_else(
        || "which no container has".to_owned(),
        |(owner, _)| format!("which belongs to {}", owner.name),
    );
    let now = right.map(|right| format!(" {name} is at {right}.")).unwrap_or_default();
    let remove = if source.own_hosts_file {
        change(format!("remove the line for {name} from the hosts file that is mounted into {}", source.name))
    } else {
        let edit = compose_edit(source, ComposeChange::RemoveExtraHost { name: name.clone() });
        change(format!("recreate {} without `--add-host {name}:{address}`", source.name)).with_edit(edit)
    };
    let mut fixes = vec![remove];
    if let (Some(right), Some(port)) = (right, case.to.port) {
        let mut meanwhile = dial("meanwhile, dial its address, which changes when it is recreated", host_port(&right.to_string(), port));
        meanwhile.lasting = false;
        fixes.push(meanwhile);
    }
    let mut because = vec![lookup.id.to_owned(), Case::container_evidence(source)];
    because.extend(case.resolver().map(|seen| seen.id.to_owned()));
    because.extend(case.target().map(Case::container_evidence));
    Some(Found {
        severity: if case.gets_through() { Severity::Warning } else { Severity::Error },
        stage: StageName::Name,
        title: format!("the hosts file of {} sends {name} to {address}, {has}", source.name),
        explanation: format!(
            "/etc/hosts in {} has an entry for {name}, and the hosts file wins over Docker's resolver.{now} Without the \
             entry the name would always lead to the container as it is.",
            source.name
        ),
        because,
        fixes,
    })
}
