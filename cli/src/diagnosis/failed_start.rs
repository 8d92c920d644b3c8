//! An nginx that ended as soon as it was started, because a name in its configuration was not found.

use super::address::host_port;
use super::case::Case;
use super::fixes::{change, command, compose_edit, run};
use crate::compose::ComposeChange;
use crate::report::{Check, Diagnosis, Fix, Relation, Severity, StageName};
use crate::reverse_proxy::nginx_log::{self, UnknownUpstream};
use crate::topology::Container;

/// Such an end.
#[derive(Debug)]
pub(crate) struct FailedStart<'a> {
    container: &'a Container,
    /// The name, and where it is written.
    pub(crate) unknown: UnknownUpstream,
    /// What came of looking for it now, from the networks of the container.
    now: Option<&'a Check>,
}

impl<'a> FailedStart<'a> {
    /// The end of a container, where its last log lines tell that it was one of these.
    pub(crate) fn of(case: &Case<'a>, container: &'a Container) -> Option<Self> {
        if container.state.status.has_processes() && container.state.restart_count == 0 {
            return None;
        }
        let unknown = nginx_log::unknown_upstream(container.last_log.as_deref()?)?;
        let now = case.followed(Relation::Upstream).find(|check| check.to.host == unknown.name);
        Some(Self { container, unknown, now })
    }

    /// Where the upstream is dialled: its name and port. The message has no port in most cases, the configuration has.
    pub(crate) fn dial(&self) -> Option<String> {
        let UnknownUpstream { name, port, file, line } = &self.unknown;
        let servers = self.container.reverse_proxy.iter().flat_map(|said| &said.servers);
        let upstreams =
            || servers.clone().flat_map(|server| &server.locations).flat_map(|location| &location.upstreams);
        let mut named = upstreams().filter(|upstream| upstream.host == *name);
        let written =
            upstreams().find(|upstream| (&upstream.file, upstream.line) == (file, *line) && upstream.host == *name);
        let port = port.or_else(|| written.or_else(|| named.next()).map(|upstream| upstream.port))?;
        Some(host_port(name, port))
    }

    /// What is wrong with the name now. That the container itself does not run is known.
    fn cause(&self) -> Option<&'a Diagnosis> {
        let of_way =
            |diagnosis: &&Diagnosis| diagnosis.severity == Severity::Error && diagnosis.stage != StageName::Source;
        self.now?.diagnoses.iter().find(of_way)
    }

    /// In a few words, for a title.
    pub(crate) fn title(&self) -> String {
        format!("nginx did not find the name {} of its configuration", self.unknown.name)
    }

    /// Why, in sentences.
    pub(crate) fn explanation(&self) -> String {
        let UnknownUpstream { name, file, line, .. } = &self.unknown;
        let why = format!(
            " nginx looks up every name of its configuration when it starts, and ends where one is not found: {name}, in {file}, \
             line {line}."
        );
        let now = match (self.cause(), self.now) {
            (Some(cause), _) => format!(" It would fail again: {}.", cause.title),
            (None, Some(now)) if is_found(now) => {
                format!(
                    " By now {name} is found, so it was not there yet, or not on a network of {}, when nginx started.",
                    self.container.name
                )
            }
            (None, _) => String::new(),
        };
        why + &now
    }

    /// What to do; none where nothing is known of the name now.
    pub(crate) fn fixes(&self, case: &Case<'_>) -> Option<Vec<Fix>> {
        let now = self.now?;
        let name = &self.container.name;
        let verb = if self.container.state.keeps_ending() { "restart" } else { "start" };
        let start = command(&["docker", verb, name]);
        let Some(found) = self.cause() else {
            return is_found(now).then(|| vec![run(format!("{verb} {name} again"), vec![start]), self.wait(case, now)]);
        };
        let UnknownUpstream { name: wrong, file, line, .. } = &self.unknown;
        let and_start = |fix: &Fix| match &fix.dial {
            Some(dial) => change(format!("write {dial} in place of {wrong} in {file}, line {line}, then `{start}`")),
            None if fix.commands.is_empty() => fix.clone(),
            None => {
                let commands = fix.commands.iter().chain([&start]).cloned().collect();
                Fix { title: format!("{}, and {verb} {name} again", fix.title), commands, ..fix.clone() }
            }
        };
        Some(found.fixes.iter().map(and_start).collect())
    }

    /// That it is to wait for its upstream.
    fn wait(&self, case: &Case<'_>, now: &Check) -> Fix {
        let upstream = now.to.container.as_ref().and_then(|name| case.topology.containers.get(name));
        let edit = self.container.compose.as_ref().zip(upstream).and_then(|(own, upstream)| {
            // Only a service of its own project can be waited for.
            let theirs = upstream.compose.as_ref().filter(|theirs| theirs.project == own.project)?;
            let change = ComposeChange::WaitUntilHealthy {
                service: theirs.service.clone(),
                checked: upstream.state.health.is_some(),
            };
            compose_edit(self.container, change)
        });
        change(format!("for good, let {} start after {} (`depends_on`)", self.container.name, self.unknown.name))
            .with_edit(edit)
    }
}

/// Whether the name that a check is for is known by now.
fn is_found(check: &Check) -> bool {
    check.stages.iter().any(|stage| stage.stage == StageName::Name && stage.ok == Some(true))
}
