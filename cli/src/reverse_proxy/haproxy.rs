//! HAProxy: what its configuration says of frontends, backends and their servers (HAProxy Configuration Manual, chapter 4).

use std::collections::BTreeMap;

use dprobe_probes::text::printable;

use crate::topology::{Location, LocationMatch, Upstream, UpstreamLookup, VirtualServer};

/// How many sections, and how many servers of each, are kept, and how much of a text, in characters.
const MOST: usize = 100;
const LONGEST: usize = 200;

/// A section that has a name of its own.
#[derive(Default)]
struct Section<'a> {
    serves: bool,
    ports: Vec<u16>,
    /// The backends that it hands on to: the one for everything, and those under a condition.
    default: Option<&'a str>,
    others: Vec<&'a str>,
    servers: Vec<Upstream>,
}

/// The virtual servers of a configuration.
#[must_use]
pub fn servers(text: &str, file: &str) -> Vec<VirtualServer> {
    let mut sections: BTreeMap<&str, Section<'_>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let mut current: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(char::is_whitespace) && !words.is_empty() {
            current = match words.as_slice() {
                [kind @ ("frontend" | "backend" | "listen"), name, ..] if sections.len() < MOST => {
                    if !sections.contains_key(name) {
                        order.push(name);
                    }
                    sections.entry(name).or_default().serves |= *kind != "backend";
                    Some(name)
                }
                _ => None,
            };
            continue;
        }
        let Some(section) = current.and_then(|name| sections.get_mut(name)) else { continue };
        match words.as_slice() {
            ["bind", address, ..] => {
                section.ports.extend(address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()));
            }
            ["default_backend", name, ..] => section.default = Some(name),
            ["use_backend", name, ..] if section.others.len() < MOST => section.others.push(name),
            ["server", _, address, options @ ..] if section.servers.len() < 16 => {
                section.servers.extend(upstream(address, options, file, at, current));
            }
            _ => {}
        }
    }
    let servers_of = |name: &str| sections.get(name).map(|section| section.servers.clone()).unwrap_or_default();
    let location = |matches, upstreams| Location { matches, path: "/".to_owned(), upstreams, ..Location::default() };
    order
        .iter()
        .filter_map(|name| sections.get(name))
        .filter(|section| section.serves)
        .map(|section| {
            let own = section.default.map_or_else(|| section.servers.clone(), servers_of);
            // A condition is not evaluated, so what stands under one may be it.
            let others = section.others.iter().map(|name| location(LocationMatch::Pattern, servers_of(name)));
            let locations = others.chain([location(LocationMatch::Prefix, own)]).collect();
            VirtualServer { ports: section.ports.clone(), locations, ..VirtualServer::default() }
        })
        .collect()
}

fn upstream(address: &str, options: &[&str], file: &str, at: usize, group: Option<&str>) -> Option<Upstream> {
    let (host, port) = address.rsplit_once(':')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!host.is_empty() && host.chars().all(plain)).then_some(())?;
    let resolves = options.contains(&"resolvers");
    Some(Upstream {
        host: short(host),
        port: port.parse().ok()?,
        scheme: if options.contains(&"ssl") { "https" } else { "http" }.to_owned(),
        path: None,
        lookup: if resolves { UpstreamLookup::WhileRunning } else { UpstreamLookup::AtStart },
        group: group.map(short),
        resolver: None,
        file: short(file),
        line: u32::try_from(at + 1).ok()?,
    })
}

fn short(text: &str) -> String {
    printable(text.as_bytes(), LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frontends_lead_to_the_servers_of_their_backends() {
        let text = "global\n    log stdout\nfrontend front\n    bind *:8080\n    default_backend back # all\n    use_backend ws if is_ws\nbackend back\n    \
                    server one router_one:8080 check\nbackend ws\n    server w ws:81 ssl\nlisten stats\n    bind :9000\n    server s 172.18.0.9:1\n";
        let servers = servers(text, "/f");
        assert_eq!(servers.len(), 2);
        assert_eq!(servers[0].ports, [8080]);
        let shown: Vec<String> = servers[0]
            .locations
            .iter()
            .flat_map(|at| &at.upstreams)
            .map(|up| format!("{}:{} {}", up.host, up.port, up.line))
            .collect();
        assert_eq!(shown, ["ws:81 10", "router_one:8080 8"]);
        assert_eq!(servers[1].locations[0].upstreams[0].host, "172.18.0.9");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "((frontend|backend|listen|server| bind|default_backend|[a-z:0-9]{0,5})[ \n]){0,60}") {
            let _ = servers(&text, "f");
        }
    }
}
