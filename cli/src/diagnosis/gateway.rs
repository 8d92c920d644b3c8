//! A reverse proxy that answers for what stands behind it: what it says of the failure, and where it dials.

use std::net::IpAddr;

use dprobe_probes::errno::Errno;
use dprobe_probes::http::{HttpFailure, HttpPhase};

use super::address::host_port;
use super::case::Case;
use super::fixes::command;
use crate::reverse_proxy::answer;
use crate::topology::{
    Container, Location, LocationMatch, ProxyProgram, ReverseProxy, Topology, Upstream, UpstreamError,
    UpstreamErrorKind, UpstreamLookup,
};

/// How old an error may be to be that of the request that was made, in seconds. It is the last one of such a request in any
/// case, so this only keeps a failure of long ago away from a proxy that has stopped to log.
const RECENT_S: f64 = 120.0;

/// How many upstreams of a group are looked at.
const MOST_DIALS: usize = 4;

/// A proxy that answered that its upstream failed.
#[derive(Debug)]
pub(crate) struct Gateway<'a> {
    /// The proxy.
    pub(crate) proxy: &'a Container,
    /// What it says of itself.
    pub(crate) said: &'a ReverseProxy,
    /// The status that it answered with; none where it kept the request waiting.
    pub(crate) status: Option<u16>,
    /// The observation of that.
    pub(crate) id: &'a str,
    /// Whether the answer is a page of the proxy's own.
    pub(crate) own_page: bool,
    /// What its log says of this request.
    pub(crate) error: Option<&'a UpstreamError>,
    /// The path that was asked for.
    path: String,
    /// The locations that may have served it.
    pub(crate) locations: Vec<&'a Location>,
    topology: &'a Topology,
}

impl<'a> Case<'a> {
    /// The target and its program, where it is a reverse proxy that answered for an upstream which failed, or that took the
    /// request and gave no answer in time: a proxy waits longer for its upstream than dprobe does.
    #[must_use]
    pub(crate) fn answers_for_upstream(&self) -> Option<(&'a Container, ProxyProgram)> {
        let (target, http) = (self.target()?, self.http()?);
        let waits = |failure: &HttpFailure| failure.phase == HttpPhase::Http && failure.errno == Some(Errno::TimedOut);
        let program = match (http.fact.status, &http.fact.failure) {
            (Some(status), _) if answer::is_gateway_error(status) => answer::program(http.fact, target)?,
            (None, Some(failure)) if waits(failure) => answer::runs(target)?,
            _ => return None,
        };
        Some((target, program))
    }

    /// The same with all that was read of it.
    #[must_use]
    pub(crate) fn gateway(&self) -> Option<Gateway<'a>> {
        let (proxy, _) = self.answers_for_upstream()?;
        let said = proxy.reverse_proxy.as_ref()?;
        let http = self.http()?;
        let (host, path) = request(self.to.url.as_deref()?);
        let port = self.listen_port()?;
        // Host headers are compared without their ports, which a published port may change.
        let same = |error: &&UpstreamError| {
            let here = error.path.as_deref() == Some(&*path)
                && error.host.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(host));
            here && error.age_s.is_none_or(|age| age < RECENT_S)
        };
        Some(Gateway {
            proxy,
            said,
            status: http.fact.status,
            id: http.id,
            own_page: answer::written_by(http.fact).is_some(),
            error: said.errors.iter().rev().find(same).filter(|_| http.fact.status.is_some()),
            locations: said.locations(port, host, &path),
            path,
            topology: self.topology,
        })
    }
}

impl<'a> Case<'a> {
    /// The source, where it is an nginx that runs and found the target's name when it started: without, it does not start. So
    /// the name is no slip of the pen.
    #[must_use]
    pub(crate) fn nginx_that_found_name(&self) -> Option<&'a Container> {
        let here = |upstream: &Upstream| {
            upstream.lookup == UpstreamLookup::AtStart && upstream.host.eq_ignore_ascii_case(&self.to.host)
        };
        let runs = |source: &&Container| source.state.status.has_processes() && !source.state.keeps_ending();
        let source = self.source().filter(runs)?;
        let said = source.reverse_proxy.as_ref().filter(|said| said.program == ProxyProgram::Nginx)?;
        said.upstreams().any(here).then_some(source)
    }
}

/// The command that makes an nginx read its configuration again, and look all names up anew.
pub(crate) fn reload(nginx: &Container) -> String {
    let words = &nginx.command;
    let named = words.iter().position(|word| word == "-c").and_then(|at| words.get(at + 1));
    let own = named.map(|file| ["-c", file.as_str()]);
    let mut line = vec!["docker", "exec", nginx.name.as_str(), "nginx"];
    line.extend(own.iter().flatten());
    line.extend(["-s", "reload"]);
    command(&line)
}

/// The host and the path of a request for a URL, as a server sees them.
fn request(url: &str) -> (&str, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    (host, if path.is_empty() { "/".to_owned() } else { path.to_owned() })
}

impl<'a> Gateway<'a> {
    /// The upstreams that the configuration has for the request, each once.
    pub(crate) fn upstreams(&self) -> Vec<&'a Upstream> {
        let mut found: Vec<&Upstream> = Vec::new();
        for upstream in self.locations.iter().flat_map(|location| &location.upstreams) {
            if !found.iter().any(|other| (&other.host, other.port) == (&upstream.host, upstream.port)) {
                found.push(upstream);
            }
        }
        found
    }

    /// The upstream that the error is about, as the configuration has it: the only one, or the one that the error singles
    /// out by name, by address or by port.
    pub(crate) fn upstream(&self) -> Option<&'a Upstream> {
        let all = self.upstreams();
        let Some(error) = self.error else { return single(&all, |_| true) };
        let named = |upstream: &&Upstream| {
            error.upstream.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&upstream.host))
        };
        let has = |upstream: &&Upstream| error.address.is_some_and(|address| self.has(upstream, address));
        let at_port = all.iter().copied().filter(|upstream| error.port.is_none_or(|port| port == upstream.port));
        let at_port: Vec<&Upstream> = at_port.collect();
        single(&at_port, named).or_else(|| single(&at_port, has)).or_else(|| single(&at_port, |_| true))
    }

    /// Whether an upstream's host is an address, or the name of a container that has it.
    fn has(&self, upstream: &Upstream, address: IpAddr) -> bool {
        if let Ok(own) = upstream.host.parse::<IpAddr>() {
            return own == address;
        }
        let attachments = self.topology.containers.values().flat_map(|container| container.attachments.values());
        attachments.filter(|attachment| attachment.has(address)).any(|attachment| attachment.answers_to(&upstream.host))
    }

    /// What the proxy dials for the request, each as a target: the upstream that failed, or those that may have.
    pub(crate) fn dials(&self) -> Vec<String> {
        if let Some(upstream) = self.upstream() {
            return vec![self.dial(upstream)];
        }
        if let Some((address, port)) = self.error.and_then(|error| Some((error.address?, error.port?))) {
            return vec![host_port(&address.to_string(), port)];
        }
        self.upstreams().into_iter().take(MOST_DIALS).map(|upstream| self.dial(upstream)).collect()
    }

    /// How an upstream is dialled. Where it took the connection and the answer was missing or wrong, it is asked in HTTP.
    fn dial(&self, upstream: &Upstream) -> String {
        use UpstreamErrorKind as Kind;
        let at = host_port(&upstream.host, upstream.port);
        let of_answer = match self.error {
            Some(error) => matches!(
                error.kind,
                Kind::AnswerTimedOut | Kind::ClosedEarly | Kind::Reset | Kind::NotTheProtocol | Kind::HeadTooLong
            ),
            None => matches!(self.status, Some(504) | None),
        };
        if of_answer && upstream.scheme == "http" { format!("http://{at}{}", self.path_at(upstream)) } else { at }
    }

    /// The path that an upstream is asked for.
    fn path_at(&self, upstream: &Upstream) -> String {
        let location = self.locations.iter().find(|location| location.upstreams.contains(upstream));
        match (location, &upstream.path) {
            (Some(location), Some(path)) if location.matches != LocationMatch::Pattern => {
                format!("{path}{}", self.path.strip_prefix(&location.path).unwrap_or_default())
            }
            _ => self.path.clone(),
        }
    }
}

/// The only one of these; none where there are several.
fn single<'a>(all: &[&'a Upstream], wanted: impl Fn(&&Upstream) -> bool) -> Option<&'a Upstream> {
    let mut found = all.iter().filter(|one| wanted(one));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_as_its_server_sees_it() {
        assert_eq!(request("http://front:8080/api?x=/y"), ("front", "/api".to_owned()));
        assert_eq!(request("http://front"), ("front", "/".to_owned()));
        assert_eq!(request("http://front?x"), ("front", "/".to_owned()));
        assert_eq!(request("http://[fd00::2]:80/#a"), ("[fd00::2]", "/".to_owned()));
    }
}
