//! Facts about a request that goes through a reverse proxy.

use dprobe_probes::errno::Errno;
use dprobe_probes::http::{HttpFact, HttpFailure, HttpHeader, HttpPhase, HttpPhases};
use dprobe_probes::wire::Fact;

use super::Facts;
use crate::diagnosis::{Case, judge};
use crate::plan;
use crate::report::{Check, Followed};
use crate::resolve;
use crate::reverse_proxy::nginx_log::{LogLine, errors};
use crate::reverse_proxy::nginx_servers::Files;
use crate::topology::{ProxyProgram, ReverseProxy};
use crate::words;

const MAIN: &str = "/etc/nginx/nginx.conf";

impl Facts {
    /// The source asks for a URL, and this is the answer. `server` is the header of that name.
    pub(in crate::diagnosis::tests) fn asks_http(
        self,
        url: &str,
        status: u16,
        server: Option<&str>,
        body: &str,
    ) -> Self {
        let header = |value: &str| HttpHeader { name: "server".to_owned(), value: value.to_owned() };
        let fact = HttpFact {
            url: url.to_owned(),
            host_header: None,
            via: None,
            address: None,
            phases: HttpPhases::default(),
            status: Some(status),
            headers: server.map(header).into_iter().collect(),
            body_start: Some(body.to_owned()),
            tls: None,
            failure: None,
            ..HttpFact::default()
        };
        let place = self.from.clone();
        self.see(&place, Fact::Http(fact))
    }

    /// An answer of nginx's own.
    pub(in crate::diagnosis::tests) fn nginx_answers(self, url: &str, status: u16) -> Self {
        self.asks_http(
            url,
            status,
            Some("nginx/1.22.1"),
            "<center><h1>Bad</h1></center>\\r\\n<hr><center>nginx/1.22.1</center>",
        )
    }

    /// The source asks for a URL, and there is no answer in time.
    pub(in crate::diagnosis::tests) fn asks_http_in_vain(self, url: &str) -> Self {
        let mut facts = self.asks_http(url, 0, None, "");
        if let Some(Fact::Http(fact)) = facts.observations.last_mut().map(|seen| &mut seen.fact) {
            fact.status = None;
            let reason = "no answer before the timeout".to_owned();
            fact.failure = Some(HttpFailure { phase: HttpPhase::Http, reason, errno: Some(Errno::TimedOut) });
        }
        facts
    }

    /// From now on it is this container that looks around.
    pub(in crate::diagnosis::tests) fn seen_from(mut self, place: &str) -> Self {
        place.clone_into(&mut self.from);
        self
    }

    /// What was read of an nginx: the block `http` of its configuration, and its log.
    pub(in crate::diagnosis::tests) fn nginx(self, name: &str, config: &str, log: &[&str]) -> Self {
        let mut files = Files { main: MAIN.to_owned(), ..Files::default() };
        files.texts.insert(MAIN.to_owned(), format!("http {{\n{config}\n}}"));
        let line = |text: &&str| LogLine { age_s: Some(1.0), text: (*text).to_owned() };
        let lines: Vec<LogLine> = log.iter().map(line).collect();
        let said = ReverseProxy { program: ProxyProgram::Nginx, servers: files.servers(), errors: errors(&lines) };
        self.edit(name, |container| container.reverse_proxy = Some(said))
    }

    /// Another proxy, of which nothing could be read.
    pub(in crate::diagnosis::tests) fn proxy(self, name: &str, program: ProxyProgram) -> Self {
        self.edit(name, |container| container.reverse_proxy = Some(ReverseProxy { program, ..ReverseProxy::default() }))
    }

    /// As [`Facts::check`], with the checks that it leads to.
    pub(in crate::diagnosis::tests) fn check_and_follow(&self, from: &str, target: &str) -> Check {
        let (topology, observations) = (&self.topology, &self.observations);
        let from = resolve::source(&words::source(from).expect("a source"), topology).expect("a known source");
        let to = resolve::target(&words::target(target).expect("a target"), &from, topology).expect("a meaning");
        let leads = plan::leads(&Case::new(&from, &to, topology, observations));
        let followed = leads.into_iter().map(|lead| {
            let source = lead.from.map(|word| resolve::source(&word, topology).expect("a known source"));
            let source = source.unwrap_or_else(|| from.clone());
            let target = resolve::target(&lead.target, &source, topology).expect("a meaning");
            Followed { relation: lead.relation, check: judge(source, target, Vec::new(), topology, observations) }
        });
        judge(from.clone(), to.clone(), followed.collect(), topology, observations)
    }
}
