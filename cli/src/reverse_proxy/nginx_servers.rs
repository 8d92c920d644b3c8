//! What nginx's configuration says of its upstreams: `server`, `location`, `proxy_pass` and `upstream`, with the files that
//! it includes.

use std::collections::BTreeMap;

use super::nginx_config::Directive;
use super::nginx_includes::Expansion;
use crate::topology::{Location, LocationMatch, Upstream, UpstreamLookup, VirtualServer};

/// How many servers, locations and upstreams are kept.
const MOST_SERVERS: usize = 100;
const MOST_LOCATIONS: usize = 100;
const MOST_UPSTREAMS: usize = 16;

/// The longest name, path or pattern that is kept, in bytes.
pub(super) const LONGEST: usize = 300;

/// The directives that hand a request on, and what is spoken then where they do not say.
const PASSES: [(&str, &str); 5] = [
    ("proxy_pass", "http"),
    ("fastcgi_pass", "fastcgi"),
    ("uwsgi_pass", "uwsgi"),
    ("scgi_pass", "scgi"),
    ("grpc_pass", "grpc"),
];

/// Files of a configuration by their paths.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The file that it begins with.
    pub main: String,
    /// The text of each file by its path.
    pub texts: BTreeMap<String, String>,
}

impl Files {
    /// The patterns of the `include` directives that no file here answers to, each as an absolute path.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut expansion = Expansion::of(self);
        expansion.main();
        expansion.missing
    }

    /// The virtual servers that they set up.
    #[must_use]
    pub fn servers(&self) -> Vec<VirtualServer> {
        let directives = Expansion::of(self).main();
        let http: Vec<&Directive> = blocks(&directives, "http").flatten().collect();
        let groups = Groups::of(&http);
        let own = Scope::default().within(http.iter().copied());
        http.iter()
            .filter(|directive| directive.name() == "server")
            .filter_map(|directive| directive.block.as_deref())
            .take(MOST_SERVERS)
            .map(|block| server(block, &own, &groups))
            .collect()
    }

    /// The files that errors are logged to (`error_log`), as they are written, without those that are streams of the process.
    #[must_use]
    pub fn error_logs(&self) -> Vec<String> {
        let directives = Expansion::of(self).main();
        let mut logs = Vec::new();
        let mut open: Vec<&Directive> = directives.iter().collect();
        while let Some(directive) = open.pop() {
            let path = directive.arguments().first().filter(|_| directive.name() == "error_log");
            if let Some(path) = path.filter(|path| path.len() <= LONGEST && is_file(path) && !logs.contains(*path)) {
                logs.push(path.clone());
            }
            open.extend(directive.block.iter().flatten());
        }
        logs
    }
}

/// Whether a destination of a log is a file that can be read again.
fn is_file(path: &str) -> bool {
    let special = ["/dev/", "/proc/", "syslog:", "memory:"].iter().any(|start| path.starts_with(start));
    !special && path != "stderr"
}

/// The blocks of the directives of a name.
fn blocks<'a>(directives: &'a [Directive], name: &'a str) -> impl Iterator<Item = &'a [Directive]> {
    directives
        .iter()
        .filter(move |directive| directive.name() == name)
        .filter_map(|directive| directive.block.as_deref())
}

/// The groups of servers by their names (`upstream`).
struct Groups<'a>(BTreeMap<&'a str, Vec<(&'a Directive, &'a str)>>);

impl<'a> Groups<'a> {
    fn of(http: &[&'a Directive]) -> Self {
        let mut groups = BTreeMap::new();
        for directive in http.iter().filter(|directive| directive.name() == "upstream") {
            let (Some(name), Some(block)) = (directive.arguments().first(), directive.block.as_deref()) else {
                continue;
            };
            let servers = block.iter().filter(|server| server.name() == "server");
            let up = servers.filter(|server| !server.arguments().iter().any(|word| word == "down"));
            let members = up.filter_map(|server| Some((server, server.arguments().first()?.as_str())));
            groups.insert(name.as_str(), members.take(MOST_UPSTREAMS).collect());
        }
        Self(groups)
    }
}

/// What a block has by itself or from those around it.
#[derive(Clone, Default)]
struct Scope {
    variables: BTreeMap<String, String>,
    resolver: Option<String>,
    connect_timeout_s: Option<f64>,
    read_timeout_s: Option<f64>,
}

impl Scope {
    /// The scope inside a block with these directives.
    fn within<'a>(&self, directives: impl Iterator<Item = &'a Directive>) -> Self {
        let mut inner = self.clone();
        for directive in directives {
            match (directive.name(), directive.arguments()) {
                ("set", [name, value]) if inner.variables.len() < 100 && value.len() <= LONGEST => {
                    let value = inner.substituted(value);
                    inner.variables.insert(name.trim_start_matches('$').to_owned(), value);
                }
                ("resolver", words @ [_, ..]) => inner.resolver = Some(short(&words.join(" "))),
                (name, [time, ..]) if name.ends_with("_connect_timeout") => inner.connect_timeout_s = seconds(time),
                (name, [time, ..]) if name.ends_with("_read_timeout") => inner.read_timeout_s = seconds(time),
                _ => {}
            }
        }
        inner
    }

    /// A value with the variables in it that were set to something before. Those that the request decides stay.
    fn substituted(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            let after = &after[1..];
            let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, behind)) => (name, behind),
                None => {
                    after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()))
                }
            };
            match self.variables.get(name) {
                Some(value) => out.push_str(value),
                None => out.extend(["${", name, "}"]),
            }
            rest = behind;
            // Variables that are made of each other would make a short text a long one.
            if out.len() > LONGEST {
                break;
            }
        }
        out.push_str(rest);
        out
    }
}

/// A time of nginx in seconds: `60`, `60s`, `500ms`, `1m`, `1h`.
fn seconds(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    Some(match unit {
        "" | "s" => number,
        "ms" => number / 1000.0,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    })
}

fn server(block: &[Directive], around: &Scope, groups: &Groups<'_>) -> VirtualServer {
    let scope = around.within(block.iter());
    let mut server = VirtualServer::default();
    for directive in block {
        match directive.name() {
            "listen" => {
                let Some(port) = directive.arguments().first().and_then(|word| listen_port(word)) else { continue };
                server.ports.push(port);
                if directive.arguments().iter().any(|word| word == "default_server" || word == "default") {
                    server.default_on.push(port);
                }
            }
            "server_name" => {
                let names = directive.arguments().iter().filter(|name| !name.is_empty()).map(|name| short(name));
                server.names.extend(names.take(MOST_LOCATIONS));
            }
            _ => {}
        }
    }
    if server.ports.is_empty() {
        // What it listens on where nothing is said and it runs as root.
        server.ports.push(80);
    }
    server.ports.sort_unstable();
    server.ports.dedup();
    locations(block, &scope, groups, &mut server.locations);
    server
}

/// The port of `listen`: `80`, `0.0.0.0:80`, `[::]:80`, `*:80`, an address alone.
fn listen_port(word: &str) -> Option<u16> {
    if word.starts_with("unix:") {
        return None;
    }
    if let Ok(port) = word.parse() {
        return Some(port);
    }
    let behind = word.rsplit_once(']').map_or(word, |(_, behind)| behind);
    match behind.rsplit_once(':') {
        Some((_, port)) => port.parse().ok(),
        None => Some(80),
    }
}

/// The locations of a block, those inside others behind them.
fn locations(block: &[Directive], scope: &Scope, groups: &Groups<'_>, found: &mut Vec<Location>) {
    for directive in block.iter().filter(|directive| directive.name() == "location") {
        let Some(inner) = directive.block.as_deref().filter(|_| found.len() < MOST_LOCATIONS) else { continue };
        let (matches, path) = match directive.arguments() {
            [path] if path.starts_with('@') => continue,
            [path] => match path.strip_prefix('=').filter(|path| path.starts_with('/')) {
                Some(path) => (LocationMatch::Exact, path),
                None => (LocationMatch::Prefix, path.as_str()),
            },
            [modifier, path] => match modifier.as_str() {
                "=" => (LocationMatch::Exact, path.as_str()),
                "^~" => (LocationMatch::PrefixFirst, path.as_str()),
                _ => (LocationMatch::Pattern, path.as_str()),
            },
            _ => continue,
        };
        let scope = scope.within(inner.iter());
        let mut upstreams = upstreams(inner, &scope, groups);
        for condition in blocks(inner, "if") {
            upstreams.extend(self::upstreams(condition, &scope.within(condition.iter()), groups));
        }
        upstreams.truncate(MOST_UPSTREAMS);
        found.push(Location {
            matches,
            path: short(path),
            upstreams,
            connect_timeout_s: scope.connect_timeout_s,
            read_timeout_s: scope.read_timeout_s,
        });
        locations(inner, &scope, groups, found);
    }
}

/// Where the directives of a block hand requests on to.
fn upstreams(block: &[Directive], scope: &Scope, groups: &Groups<'_>) -> Vec<Upstream> {
    let pass = block.iter().find_map(|directive| {
        let (_, scheme) = PASSES.iter().find(|(name, _)| *name == directive.name())?;
        Some((directive, *scheme, directive.arguments().first()?))
    });
    let Some((directive, scheme, written)) = pass else { return Vec::new() };
    let text = scope.substituted(written);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (scheme.to_owned(), text.as_str()),
    };
    // `grpc://` and `grpcs://` are written with a scheme, the others without.
    let Some(authority) = authority(rest) else { return Vec::new() };
    let varies = written.contains('$');
    let path = rest.get(authority.len()..).filter(|path| path.starts_with('/') && !path.contains('$')).map(short);
    let upstream = |at: &Directive, host: String, port, group: Option<&str>| Upstream {
        host,
        port,
        scheme: short(&scheme),
        path: path.clone(),
        lookup: if varies && group.is_none() { UpstreamLookup::WhileRunning } else { UpstreamLookup::AtStart },
        group: group.map(short),
        resolver: scope.resolver.clone().filter(|_| varies && group.is_none()),
        file: short(&at.file),
        line: at.line,
    };
    if let Some(members) = groups.0.get(authority) {
        let member = |(at, address): &(&Directive, &str)| {
            // A server of a group without a port is at 80, whatever is spoken.
            let (host, port) = host_and_port(address, Some(80))?;
            Some(upstream(at, host, port, Some(authority)))
        };
        return members.iter().filter_map(member).collect();
    }
    let default = match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    host_and_port(authority, default).map(|(host, port)| upstream(directive, host, port, None)).into_iter().collect()
}

/// The host and port of an address behind its scheme; none where the request decides them.
fn authority(rest: &str) -> Option<&str> {
    let end = rest.find(['/', '?', '$']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    // What the path is made of may follow at once: `http://router_one:8080$request_uri`.
    let path = ["${request_uri}", "${uri}", "${document_uri}", "${is_args}"];
    let fixed = !behind.starts_with('$') || path.iter().any(|start| behind.starts_with(start));
    (fixed && !authority.is_empty()).then_some(authority)
}

fn host_and_port(text: &str, default: Option<u16>) -> Option<(String, u16)> {
    // `unix:/run/app.sock` is no place on a network.
    if text.is_empty() || text.starts_with("unix:") || text.contains('$') || text.len() > LONGEST {
        return None;
    }
    if let Some(inside) = text.strip_prefix('[') {
        let (host, behind) = inside.split_once(']')?;
        let port = behind.strip_prefix(':').map_or(default, |port| port.parse().ok())?;
        return Some((host.to_owned(), port));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (text, default?),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

/// Foreign text, made printable and cut.
fn short(text: &str) -> String {
    dprobe_probes::text::printable(crate::redact::line(text).as_bytes(), LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAIN: &str = "/etc/nginx/nginx.conf";

    fn files(texts: &[(&str, &str)]) -> Files {
        let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Files { main: MAIN.to_owned(), texts }
    }

    fn upstreams_of(config: &str) -> Vec<String> {
        let servers = files(&[(MAIN, &format!("http {{ {config} }}"))]).servers();
        servers
            .iter()
            .flat_map(|server| &server.locations)
            .flat_map(|location| location.upstreams.iter().map(move |upstream| (location, upstream)))
            .map(|(location, up)| format!("{} {}://{}:{} {:?}", location.path, up.scheme, up.host, up.port, up.lookup))
            .collect()
    }

    fn upstreams_in(location: &str) -> Vec<String> {
        upstreams_of(&format!("server {{ location / {{ {location} }} }}"))
    }

    #[test]
    fn included_files_are_put_in_their_place() {
        let all = files(&[
            (
                MAIN,
                "http { include mime.types; include /etc/nginx/conf.d/*.conf; include sites-enabled/*; include x/y; }",
            ),
            (
                "/etc/nginx/conf.d/a.conf",
                "server { listen 8080 default_server; server_name shop.test; include snippets/l; }",
            ),
            ("/etc/nginx/conf.d/b.conf.off", "server { listen 1; }"),
            ("/etc/nginx/snippets/l", "location /api/v1/ {\n proxy_pass http://router_one:8080/;\n}"),
            ("/etc/nginx/sites-enabled/.hidden", "server { listen 2; }"),
        ]);
        let servers = all.servers();
        assert_eq!(servers.len(), 1);
        assert_eq!((servers[0].ports.as_slice(), servers[0].default_on.as_slice()), (&[8080][..], &[8080][..]));
        let upstream = &servers[0].locations[0].upstreams[0];
        assert_eq!((upstream.host.as_str(), upstream.port, upstream.line), ("router_one", 8080, 2));
        assert_eq!(upstream.file, "/etc/nginx/snippets/l");
        assert_eq!(all.missing(), ["/etc/nginx/sites-enabled/*", "/etc/nginx/x/y"]);
    }

    #[test]
    fn the_forms_of_an_upstream() {
        assert_eq!(upstreams_in("proxy_pass http://api;"), ["/ http://api:80 AtStart"]);
        assert_eq!(upstreams_in("proxy_pass https://api/x;"), ["/ https://api:443 AtStart"]);
        assert_eq!(upstreams_in("fastcgi_pass php:9000;"), ["/ fastcgi://php:9000 AtStart"]);
        assert_eq!(upstreams_in("grpc_pass grpc://api:50051;"), ["/ grpc://api:50051 AtStart"]);
        assert_eq!(upstreams_in("proxy_pass http://[fd00::2]:81/;"), ["/ http://fd00::2:81 AtStart"]);
        assert!(upstreams_in("fastcgi_pass unix:/run/php.sock;").is_empty());
        assert!(upstreams_in("proxy_pass http://$host:8080;").is_empty(), "the request decides");
        assert!(upstreams_in("root /srv;").is_empty());
        let group = "upstream back { server one:81; server two backup; server three down; server unix:/x; }";
        let got = upstreams_of(&format!("{group} server {{ location / {{ proxy_pass http://back; }} }}"));
        assert_eq!(got, ["/ http://one:81 AtStart", "/ http://two:80 AtStart"]);
    }

    #[test]
    fn variables_are_followed_to_what_they_were_set_to() {
        let variable = "set $name router_one; set $up http://$name:8080; location /api { proxy_pass $up$request_uri; }";
        let got = upstreams_of(&format!("resolver 127.0.0.11 valid=10s; server {{ {variable} }}"));
        assert_eq!(got, ["/api http://router_one:8080 WhileRunning"]);
        assert_eq!(upstreams_in("set $a b; proxy_pass http://${a}:1$is_args$args;"), ["/ http://b:1 WhileRunning"]);
        let endless = "set $a x$a$a; ".repeat(100);
        assert!(upstreams_in(&format!("{endless} proxy_pass http://$a;")).len() <= 1);
    }

    #[test]
    fn timeouts_come_from_the_blocks_around() {
        let config =
            "proxy_read_timeout 2m; server { location / { proxy_connect_timeout 500ms; proxy_pass http://a; } }";
        let servers = files(&[(MAIN, &format!("http {{ {config} }}"))]).servers();
        let location = &servers[0].locations[0];
        assert_eq!((location.connect_timeout_s, location.read_timeout_s), (Some(0.5), Some(120.0)));
    }

    #[test]
    fn logs_that_are_files() {
        let config = "error_log /dev/stderr; error_log stderr; http { error_log syslog:server=x; server { error_log /var/log/e.log warn; } }";
        assert_eq!(files(&[(MAIN, config)]).error_logs(), ["/var/log/e.log"]);
    }

    #[test]
    fn files_that_include_themselves_come_to_an_end() {
        let all = files(&[(MAIN, "include nginx.conf; include nginx.conf; http { server { } }")]);
        assert!(all.servers().len() <= MOST_SERVERS);
    }

    proptest! {
        #[test]
        fn no_configuration_makes_it_fail(
            words in proptest::collection::vec("http|server|location|proxy_pass|set|\\$a|/|include|upstream|[a-z:/\\[\\].$]{1,9}|[;{}]", 0..80),
        ) {
            let all = files(&[(MAIN, &words.join(" "))]);
            for location in all.servers().iter().flat_map(|server| &server.locations) {
                prop_assert!(location.upstreams.len() <= MOST_UPSTREAMS);
            }
            let _ = all.missing();
            let _ = all.error_logs();
        }
    }
}
