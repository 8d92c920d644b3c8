//! The proxies that programs in a container are told to use by their environment, and which targets they are for.
//!
//! The variables are a habit, not a standard: this follows what curl and Go's net/http have in common, and most libraries
//! with them. Lower case wins over upper case.

use std::net::IpAddr;

use dprobe_probes::http::{Via, ViaKind};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most entries of `NO_PROXY` that are kept.
const MAX_EXCEPTIONS: usize = 64;

/// What the environment of a container says of proxies. Credentials are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proxies {
    /// For `http` URLs (`http_proxy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Proxy>,
    /// For `https` URLs (`https_proxy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<Proxy>,
    /// For what has none of its own (`all_proxy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Proxy>,
    /// The targets that are dialled directly (`no_proxy`), as they are written there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proxy {
    /// The variable that names it, as it is written there.
    pub variable: String,
    /// How it is spoken to: `http`, `https`, `socks5`, …
    pub scheme: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the variable has user or password for it, which are left out here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub login: bool,
}

impl Proxies {
    /// What an environment says: `NAME=VALUE` each, where a later entry wins.
    #[must_use]
    pub fn read(environment: &[String]) -> Self {
        let value = |wanted: &str| {
            let found = |name: &str| {
                let mut all = environment.iter().rev().filter_map(|entry| entry.split_once('='));
                all.find(|(known, value)| *known == name && !value.trim().is_empty())
            };
            found(wanted).or_else(|| found(&wanted.to_ascii_uppercase()))
        };
        let proxy = |name: &str| value(name).and_then(|(variable, value)| Proxy::parse(variable, value));
        let except = value("no_proxy").map(|(_, list)| list).unwrap_or_default();
        Self {
            http: proxy("http_proxy"),
            https: proxy("https_proxy"),
            all: proxy("all_proxy"),
            except: except
                .split([',', ' '])
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .take(MAX_EXCEPTIONS)
                .map(|entry| dprobe_probes::text::printable(entry.as_bytes(), 200))
                .collect(),
        }
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The proxy that a request of this scheme to a host and port is sent to; none where it goes directly.
    #[must_use]
    pub fn for_target(&self, scheme: &str, host: &str, port: u16) -> Option<&Proxy> {
        let own = if matches!(scheme, "https" | "wss") { &self.https } else { &self.http };
        own.as_ref().or(self.all.as_ref()).filter(|_| !self.excepts(host, port))
    }

    /// Whether a target is dialled directly.
    fn excepts(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        // Nobody sends what is meant for the machine itself to a proxy.
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        self.except.iter().any(|entry| covers(&entry.to_ascii_lowercase(), &host, address, port))
    }
}

/// Whether an entry of `no_proxy` is about a host: `*`, a name, a name with its subdomains, an address, a range, each with a
/// port where it is about that one only.
fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let (Ok(range), Some(address)) = (entry.parse::<IpNet>(), address) {
        return range.contains(&address);
    }
    if let (Ok(one), Some(address)) = (entry.trim_matches(['[', ']']).parse::<IpAddr>(), address) {
        return one == address;
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, wanted)) => match wanted.parse::<u16>() {
            Ok(wanted) => (name, Some(wanted)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    let domain = name.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
    let fits = host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    !domain.is_empty() && fits && wanted.is_none_or(|wanted| wanted == port)
}

impl Proxy {
    /// Takes `http://user:password@proxy:3128/` apart; the scheme may be missing. None where it makes no sense.
    #[must_use]
    pub fn parse(variable: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, place) = authority.rsplit_once('@').map_or((false, authority), |(_, place)| (true, place));
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let scheme = scheme.to_ascii_lowercase();
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port > 0)?,
            None if scheme.starts_with("socks") => 1080,
            None if scheme == "https" => 443,
            // As curl has it.
            None => 1080,
        };
        let printable = |text: &str| dprobe_probes::text::printable(text.as_bytes(), 253);
        (!host.is_empty()).then(|| Self {
            variable: printable(variable),
            scheme: printable(&scheme),
            host: printable(host),
            port,
            login,
        })
    }

    /// How a request goes through it; none where dprobe does not speak its protocol, which is so of SOCKS 4.
    #[must_use]
    pub fn via(&self) -> Option<Via> {
        let kind = match self.scheme.as_str() {
            "http" => ViaKind::Http,
            "https" => ViaKind::Https,
            "socks5" => ViaKind::Socks5,
            // `socks` means this to curl's relatives and to libproxy.
            "socks5h" | "socks" => ViaKind::Socks5h,
            _ => return None,
        };
        Some(Via { host: self.host.clone(), port: self.port, kind })
    }

    /// The proxy as a URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{}://{host}:{}", self.scheme, self.port)
    }

    /// Whether it is meant to be on the machine that dials it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_without_credentials() {
        let environment = [
            "HTTP_PROXY=http://user:secret@proxy.test:3128/",
            "https_proxy=proxy.test:8080",
            "HTTPS_PROXY=http://other.test",
            "NO_PROXY=.internal, api , 10.0.0.0/8",
            "all_proxy=",
        ];
        let proxies = Proxies::read(&environment.map(str::to_owned));
        let text = format!("{proxies:?}");
        assert!(!text.contains("secret") && !text.contains("user"), "{text}");
        let at = |proxy: &Option<Proxy>| proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host, proxy.port));
        assert_eq!(at(&proxies.http).as_deref(), Some("proxy.test:3128"));
        assert_eq!(at(&proxies.https).as_deref(), Some("proxy.test:8080"), "lower case wins");
        assert_eq!((proxies.all, proxies.except.len()), (None, 3));
    }

    #[test]
    fn exceptions() {
        let except = |list: &str| Proxies {
            http: Proxy::parse("http_proxy", "http://proxy.test:3128"),
            except: list.split(',').map(str::to_owned).collect(),
            ..Proxies::default()
        };
        let direct = |list: &str, host: &str| except(list).for_target("http", host, 8080).is_none();
        for (list, host) in [
            ("api", "api"),
            ("*", "api"),
            (".test", "api.test"),
            ("*.test", "api.test"),
            ("test", "api.test"),
            ("api:8080", "api"),
            ("172.16.0.0/12", "172.18.0.3"),
            ("172.18.0.3", "172.18.0.3"),
            ("", "localhost"),
            ("", "127.0.0.1"),
            ("API", "api"),
        ] {
            assert!(direct(list, host), "{list} covers {host}");
        }
        for (list, host) in [
            ("", "api"),
            ("pi", "api"),
            ("api:80", "api"),
            ("10.0.0.0/8", "172.18.0.3"),
            (".api", "xapi"),
            (",", "api"),
        ] {
            assert!(!direct(list, host), "{list} does not cover {host}");
        }
        assert!(except("").for_target("https", "api", 443).is_none(), "there is none for https");
    }

    #[test]
    fn nonsense_names_no_proxy() {
        for value in ["", "http://", "http://:3128", "http://proxy:0", "http://proxy:port", "://"] {
            assert_eq!(Proxy::parse("http_proxy", value), None, "{value}");
        }
    }
}
