//! What a reverse proxy says of itself: where it hands requests on to, and what went wrong there.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the configuration and the log of a reverse proxy say, read only where a diagnosis may need it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReverseProxy {
    /// The program.
    pub program: ProxyProgram,
    /// Its virtual servers, in the order of its configuration. Empty where that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<VirtualServer>,
    /// The last errors of its log that have to do with upstreams, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<UpstreamError>,
}

/// The reverse proxies that are known here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyProgram {
    /// nginx, and `OpenResty`, which is nginx.
    Nginx,
    /// Caddy.
    Caddy,
    /// HAProxy.
    Haproxy,
    /// Envoy.
    Envoy,
    /// Traefik.
    Traefik,
    /// Apache httpd with `mod_proxy`.
    Apache,
    /// One that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A virtual server: what is served on some ports for some names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VirtualServer {
    /// The ports that it listens on.
    pub ports: Vec<u16>,
    /// Those of them on which it serves the names that no other server has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_on: Vec<u16>,
    /// The names that it is for, as they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What it does with which paths.
    pub locations: Vec<Location>,
}

/// What is done with some of the paths of a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// How `path` is meant.
    pub matches: LocationMatch,
    /// The path, the beginning of one, or a pattern.
    pub path: String,
    /// Where requests are handed on to. Empty where they are answered by the proxy itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<Upstream>,
    /// How long it waits for a connection to be made, in seconds, where the configuration says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout_s: Option<f64>,
    /// How long it waits for the upstream to say something, in seconds, where the configuration says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_timeout_s: Option<f64>,
}

/// How the path of a location is meant (`location` of `ngx_http_core_module`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationMatch {
    /// The beginning of a path; the longest one wins, unless a pattern matches.
    #[default]
    Prefix,
    /// The same, and patterns are not looked at where it wins.
    PrefixFirst,
    /// The whole path.
    Exact,
    /// A pattern, which dprobe does not evaluate.
    Pattern,
}

/// A place that requests are handed on to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upstream {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is spoken there: `http`, `https`, `fastcgi`, …
    pub scheme: String,
    /// The path that takes the place of the location's, where one is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When its name is looked up.
    pub lookup: UpstreamLookup,
    /// The group that it is one of (`upstream NAME { … }`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The DNS servers that the proxy asks for it (`resolver`), as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// The file that says so.
    pub file: String,
    /// The line in it.
    pub line: u32,
}

/// When the name of an upstream is looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamLookup {
    /// Once, when the proxy reads its configuration.
    #[default]
    AtStart,
    /// Again while it runs, when what it knows gets old.
    WhileRunning,
}

/// An error of a proxy's log that has to do with an upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UpstreamError {
    /// When, as the log has it.
    pub time: String,
    /// How long ago that was when the log was read, by the engine's clock, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<f64>,
    /// What went wrong.
    pub kind: UpstreamErrorKind,
    /// The proxy's own words for it, without what it says of the request.
    pub words: String,
    /// The upstream's name, or that of its group, where the proxy names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The upstream's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The upstream's port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The `Host` of the request, without a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path of the request, without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What goes wrong between a proxy and its upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamErrorKind {
    /// The connection was refused.
    Refused,
    /// The connection was not made in time.
    ConnectTimedOut,
    /// The connection was made, and no answer came in time.
    AnswerTimedOut,
    /// The name was not found.
    NameNotFound,
    /// The DNS server gave no answer, or none of use.
    NameFailed,
    /// There is nobody to ask for the name (`no resolver defined`).
    NoResolver,
    /// There is no way to the address.
    NoRoute,
    /// The connection was reset.
    Reset,
    /// The connection was closed before there was an answer.
    ClosedEarly,
    /// Every upstream of a group has failed lately.
    NoLiveUpstreams,
    /// What answered was no answer of the protocol.
    NotTheProtocol,
    /// The head of the answer is longer than the proxy takes.
    HeadTooLong,
    /// The TLS handshake failed.
    Tls,
    /// Something else.
    #[default]
    Other,
}

impl ProxyProgram {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
            Self::Traefik => "Traefik",
            Self::Apache => "Apache",
            Self::Unknown => "the proxy",
        }
    }
}

impl ReverseProxy {
    /// The locations that may serve a request, by the rules of nginx: one, or several where patterns leave it open.
    #[must_use]
    pub fn locations(&self, port: u16, host: &str, path: &str) -> Vec<&Location> {
        let Some(server) = self.server(port, host) else { return Vec::new() };
        server.locations_for(path)
    }

    /// Every server that the configuration has it hand requests on to.
    pub fn upstreams(&self) -> impl Iterator<Item = &Upstream> {
        self.servers.iter().flat_map(|server| &server.locations).flat_map(|location| &location.upstreams)
    }

    /// The server for a port and a name: the one that has the name (exactly, by its end, by its beginning), else the
    /// default of the port.
    fn server(&self, port: u16, host: &str) -> Option<&VirtualServer> {
        let on_port = || self.servers.iter().filter(move |server| server.ports.contains(&port));
        let named = |matches: fn(&str, &str) -> bool| {
            on_port()
                .filter_map(|server| {
                    let longest = server.names.iter().filter(|name| matches(name, host)).map(String::len).max();
                    longest.map(|longest| (longest, server))
                })
                .fold(None, |best: Option<(usize, &VirtualServer)>, one| match best {
                    Some(best) if best.0 >= one.0 => Some(best),
                    _ => Some(one),
                })
                .map(|(_, server)| server)
        };
        named(str::eq_ignore_ascii_case)
            .or_else(|| named(by_end))
            .or_else(|| named(by_beginning))
            .or_else(|| on_port().find(|server| server.default_on.contains(&port)))
            .or_else(|| on_port().next())
    }
}

/// `*.example.test` and `.example.test`.
fn by_end(name: &str, host: &str) -> bool {
    let (end, bare) = match name.strip_prefix('*') {
        Some(end) => (end, false),
        None => (name, true),
    };
    let host = host.to_ascii_lowercase();
    let end = end.to_ascii_lowercase();
    end.starts_with('.') && (host.ends_with(&end) || bare && host == end[1..])
}

/// `www.example.*`.
fn by_beginning(name: &str, host: &str) -> bool {
    let beginning = name.strip_suffix('*').filter(|beginning| beginning.ends_with('.'));
    beginning.is_some_and(|beginning| host.to_ascii_lowercase().starts_with(&beginning.to_ascii_lowercase()))
}

impl VirtualServer {
    fn locations_for(&self, path: &str) -> Vec<&Location> {
        let of = |kind| self.locations.iter().filter(move |location| location.matches == kind);
        if let Some(exact) = of(LocationMatch::Exact).find(|location| location.path == path) {
            return vec![exact];
        }
        let prefixes = of(LocationMatch::Prefix).chain(of(LocationMatch::PrefixFirst));
        let longest =
            prefixes.filter(|location| path.starts_with(&location.path)).max_by_key(|location| location.path.len());
        if let Some(first) = longest.filter(|location| location.matches == LocationMatch::PrefixFirst) {
            return vec![first];
        }
        of(LocationMatch::Pattern).chain(longest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(ports: &[u16], default_on: &[u16], names: &[&str]) -> VirtualServer {
        VirtualServer {
            ports: ports.to_vec(),
            default_on: default_on.to_vec(),
            names: names.iter().map(ToString::to_string).collect(),
            locations: vec![Location { path: names.join(" "), ..Location::default() }],
        }
    }

    fn location(matches: LocationMatch, path: &str) -> Location {
        Location { matches, path: path.to_owned(), ..Location::default() }
    }

    #[test]
    fn a_server_is_chosen_by_port_and_name() {
        let proxy = ReverseProxy {
            servers: vec![
                server(&[80], &[], &["shop.test", "*.shop.test"]),
                server(&[80], &[80], &["other.test"]),
                server(&[80], &[], &["api.shop.test", "www.*"]),
                server(&[8080], &[], &["_"]),
            ],
            ..ReverseProxy::default()
        };
        let names = |port, host: &str| proxy.server(port, host).map(|server| server.names.join(" "));
        assert_eq!(names(80, "Shop.test").as_deref(), Some("shop.test *.shop.test"));
        assert_eq!(names(80, "api.shop.test").as_deref(), Some("api.shop.test www.*"));
        assert_eq!(names(80, "x.shop.test").as_deref(), Some("shop.test *.shop.test"));
        assert_eq!(names(80, "www.else.test").as_deref(), Some("api.shop.test www.*"));
        assert_eq!(names(80, "front").as_deref(), Some("other.test"));
        assert_eq!(names(8080, "front").as_deref(), Some("_"), "the first one where none is the default");
        assert_eq!(names(443, "front"), None);
        assert!(by_end(".shop.test", "shop.test") && !by_end("*.shop.test", "shop.test"));
    }

    #[test]
    fn a_location_is_chosen_as_nginx_does() {
        use LocationMatch::{Exact, Pattern, Prefix, PrefixFirst};
        let server = VirtualServer {
            locations: vec![
                location(Prefix, "/"),
                location(Prefix, "/api/"),
                location(Exact, "/api/health"),
                location(PrefixFirst, "/static/"),
                location(Pattern, r"\.php$"),
            ],
            ..VirtualServer::default()
        };
        let paths = |path: &str| -> Vec<String> {
            server.locations_for(path).into_iter().map(|location| location.path.clone()).collect()
        };
        assert_eq!(paths("/api/health"), ["/api/health"]);
        assert_eq!(paths("/static/a.php"), ["/static/"]);
        assert_eq!(paths("/api/v1"), [r"\.php$", "/api/"], "a pattern may take it");
        assert_eq!(paths("/"), [r"\.php$", "/"]);
    }
}
