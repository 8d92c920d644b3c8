//! Where the engine is: flags, environment, contexts and default sockets, in the order of the Docker CLI.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::context;
use super::error::EngineError;

/// The Docker CLI's name for what the environment or the default socket says.
pub(super) const DEFAULT_CONTEXT: &str = "default";

/// Which engine to use, as the command line says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineChoice {
    /// `-H`: its address.
    pub host: Option<String>,
    /// `--context`: the name of a context of the Docker CLI.
    pub context: Option<String>,
}

/// The part of the process environment that decides which engine is used, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`: the folder of the client's configuration; `~/.docker` without it.
    pub docker_config: Option<PathBuf>,
    /// Whether `DOCKER_TLS` is set: use TLS over tcp.
    pub docker_tls: bool,
    /// Whether `DOCKER_TLS_VERIFY` is set: use TLS over tcp and verify the engine's certificate.
    pub docker_tls_verify: bool,
    /// `DOCKER_CERT_PATH`: the folder of `ca.pem`, `cert.pem` and `key.pem`; the configuration's folder without it.
    pub docker_cert_path: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `DPROBE_AGENT_IMAGE`: an agent image to use in place of the embedded one.
    pub agent_image: Option<String>,
}

impl Environment {
    /// Reads the environment of this process. Empty values count as unset, as they do for the Docker CLI.
    #[must_use]
    pub fn from_process() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            docker_config: path("DOCKER_CONFIG"),
            docker_tls: path("DOCKER_TLS").is_some(),
            docker_tls_verify: path("DOCKER_TLS_VERIFY").is_some(),
            docker_cert_path: path("DOCKER_CERT_PATH"),
            home: path("HOME"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            agent_image: text("DPROBE_AGENT_IMAGE"),
        }
    }

    /// The folder of the client's configuration.
    pub(super) fn config_folder(&self) -> Option<PathBuf> {
        self.docker_config.clone().or_else(|| self.home.as_ref().map(|home| home.join(".docker")))
    }

    /// The TLS settings for an address from a flag or the environment.
    fn tls(&self) -> Option<Tls> {
        if !self.docker_tls && !self.docker_tls_verify {
            return None;
        }
        let folder = self.docker_cert_path.clone().or_else(|| self.config_folder()).unwrap_or_default();
        Some(Tls::in_folder(&folder, self.docker_tls_verify))
    }
}

/// How an engine is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The way to it.
    pub(super) route: Route,
    /// TLS on top of it.
    pub(super) tls: Option<Tls>,
}

/// The way to an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Route {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp {
        /// A name or address literal without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `docker system dial-stdio` on another host.
    Ssh {
        /// The host.
        host: String,
        /// The user, where one was given.
        user: Option<String>,
        /// The port, where one was given.
        port: Option<u16>,
    },
}

/// TLS settings of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tls {
    /// The certificates that vouch for the engine; public roots without it.
    pub(super) ca: Option<PathBuf>,
    /// The client's certificate and key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    /// Whether the engine's certificate is verified.
    pub(super) verify: bool,
}

impl Tls {
    /// The settings of a folder that holds any of `ca.pem`, `cert.pem` and `key.pem`.
    pub(super) fn in_folder(folder: &Path, verify: bool) -> Self {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        Self { ca: file("ca.pem"), identity: file("cert.pem").zip(file("key.pem")), verify }
    }
}

impl fmt::Display for Address {
    /// The address as a URL, without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match &self.route {
            Route::Unix(path) => return write!(f, "unix://{}", path.display()),
            Route::Tcp { host, port } => ("tcp", host, Some(*port)),
            Route::Ssh { host, port, .. } => ("ssh", host, *port),
        };
        // A literal of IPv6 has brackets in a URL (RFC 3986, 3.2.2).
        if host.contains(':') { write!(f, "{scheme}://[{host}]") } else { write!(f, "{scheme}://{host}") }?;
        port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Address {
    /// Takes an address apart: `unix://`, `tcp://`, `http://`, `https://` or `ssh://`.
    ///
    /// # Errors
    ///
    /// [`EngineError::BadHost`] for anything else.
    pub(super) fn parse(text: &str, tls: Option<Tls>) -> Result<Self, EngineError> {
        let bad = |reason: &str| EngineError::BadHost {
            given: dprobe_probes::text::printable(without_userinfo(text).as_bytes(), 200),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        match scheme {
            "unix" if rest.is_empty() => Err(bad("it has no path")),
            "unix" if !rest.starts_with('/') => Err(bad("the path of a socket begins with a slash")),
            "unix" => Ok(Self { route: Route::Unix(PathBuf::from(rest)), tls: None }),
            "tcp" | "http" | "https" => {
                let tls = if scheme == "https" {
                    Some(tls.unwrap_or(Tls { verify: true, ..Tls::default() }))
                } else {
                    tls.filter(|_| scheme == "tcp")
                };
                let (user, host, port) = authority(rest).map_err(bad)?;
                if user.is_some() {
                    return Err(bad("a user name makes no sense there"));
                }
                Ok(Self { route: Route::Tcp { host, port: port.unwrap_or(default_port(tls.as_ref())) }, tls })
            }
            "ssh" => {
                let (user, host, port) = authority(rest).map_err(bad)?;
                if user.as_ref().is_some_and(|user| user.contains(':')) {
                    return Err(bad("passwords are not taken from an address; ssh asks for them or uses a key"));
                }
                // ssh(1) would take such a word for an option.
                if host.starts_with('-') || user.as_ref().is_some_and(|user| user.starts_with('-')) {
                    return Err(bad("neither host nor user may begin with a dash"));
                }
                Ok(Self { route: Route::Ssh { host, user, port }, tls: None })
            }
            "npipe" => Err(bad("named pipes are there on Windows only")),
            _ => Err(bad("its scheme is not unix, tcp, http, https or ssh")),
        }
    }
}

/// The port of an engine where none is given, as the Docker CLI has it.
fn default_port(tls: Option<&Tls>) -> u16 {
    if tls.is_some() { 2376 } else { 2375 }
}

/// `user@host:port` taken apart; the brackets of an IPv6 literal are removed. A slash at the end is forgiven.
fn authority(text: &str) -> Result<(Option<String>, String, Option<u16>), &'static str> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.contains(['/', '?', '#']) {
        return Err("a path makes no sense there");
    }
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, text),
    };
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("a bracket is not closed")?;
        // Its zone (RFC 4007, 11) is that of a link, which an engine may be on.
        if host.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_err()) {
            return Err("what its brackets enclose is no IPv6 address");
        }
        match after.strip_prefix(':') {
            None if !after.is_empty() => return Err("only a port can follow a bracket"),
            port => (host, port),
        }
    } else {
        match place.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err("an IPv6 address needs brackets"),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    if host.is_empty() {
        return Err("it has no host");
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("its host has blanks or control characters");
    }
    let port = match port {
        None => None,
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port > 0 => Some(port),
            _ => return Err("its port is not a number from 1 to 65535"),
        },
    };
    Ok((user, host.to_owned(), port))
}

/// An address as it was typed, with `user:password@` taken out.
fn without_userinfo(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        (_, None) => text.to_owned(),
    }
}

/// The addresses to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Candidates {
    /// The one that the user named.
    Named(Address),
    /// The default sockets, best first.
    Defaults(Vec<Address>),
}

/// Finds out which engine is meant: `-H`, `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of the client's
/// configuration, and the default sockets, in this order.
///
/// # Errors
///
/// For an address that is malformed, a context that does not exist, and files that cannot be read.
pub(super) fn candidates(choice: &EngineChoice, environment: &Environment) -> Result<Candidates, EngineError> {
    if let Some(host) = &choice.host {
        return Address::parse(host, environment.tls()).map(Candidates::Named);
    }
    let context = if choice.context.is_some() {
        choice.context.clone()
    } else if environment.docker_host.is_some() {
        None
    } else if environment.docker_context.is_some() {
        environment.docker_context.clone()
    } else {
        context::current(environment)?
    };
    match (context.as_deref(), &environment.docker_host) {
        (Some(name), _) if name != DEFAULT_CONTEXT => context::address(name, environment).map(Candidates::Named),
        (_, Some(host)) => Address::parse(host, environment.tls()).map(Candidates::Named),
        (_, None) => Ok(Candidates::Defaults(default_sockets(environment))),
    }
}

/// The sockets where engines listen unless told otherwise: Docker's, rootless Docker's, Docker Desktop's, Podman's.
pub(super) fn default_sockets(environment: &Environment) -> Vec<Address> {
    let runtime = environment.xdg_runtime_dir.as_deref();
    let home = environment.home.as_deref();
    [
        Some(PathBuf::from("/var/run/docker.sock")),
        runtime.map(|folder| folder.join("docker.sock")),
        home.map(|folder| folder.join(".docker/run/docker.sock")),
        home.map(|folder| folder.join(".docker/desktop/docker.sock")),
        Some(PathBuf::from("/run/podman/podman.sock")),
        runtime.map(|folder| folder.join("podman/podman.sock")),
    ]
    .into_iter()
    .flatten()
    .map(|path| Address { route: Route::Unix(path), tls: None })
    .collect()
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
