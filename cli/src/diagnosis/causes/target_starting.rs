//! `target-starting`: the target is up, its program is not ready yet.

use dprobe_probes::greeting::RefusalKind;

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposeChange;
use crate::diagnosis::fixes::{change, command, compose_edit, run};
use crate::diagnosis::listening::Listening;
use crate::diagnosis::programs;
use crate::report::{Severity, StageName};
use crate::topology::{HealthStatus, Status};

pub(super) const CAUSE: Cause = Cause {
    code: "target-starting",
    summary: "the target was started a moment ago and does not listen yet",
    page: r"
A container counts as running from the moment its process starts. Until a database accepts connections, seconds may pass;
until then every connect is refused.

## How dprobe knows

The target runs, nothing in it listens on the port, and it was started less than ten seconds ago, or its health check
still says `starting`. A container whose program only waits, such as `sleep infinity`, is not taken to be starting.

Or the server listens already, and says itself that it is not ready: PostgreSQL by SQLSTATE 57P03 (`the database system is
starting up`), Redis by `LOADING`.

## Why it happens

`depends_on` in compose waits until the other container has started, not until it is ready.

## How to fix it

Wait:

    dprobe check --wait 60s web mongodb:27017

For good, give the target a health check and wait for it:

    services:
      web:
        depends_on:
          mongodb:
            condition: service_healthy

## How to reproduce it

Start a server that listens only after some seconds, and check it at once.

Related: nothing-listening, target-restarting
",
    yields_to: &[],
    find,
};

/// So many seconds after its start a container is taken to be starting still, where no health check tells.
const STARTING_S: f64 = 10.0;

fn find(case: &Case<'_>) -> Option<Found> {
    greeted(case).or_else(|| silent(case))
}

/// A server that listens already, and says that it is not ready.
fn greeted(case: &Case<'_>) -> Option<Found> {
    let told = case.turned_away().filter(|told| told.kind == RefusalKind::StartingUp)?;
    let who = case.target().map_or(case.to.host.as_str(), |target| &target.name);
    let wait = vec![command(&["dprobe", "check", "--wait", "60s", &case.from.typed, &case.to.typed])];
    let mut because = vec![told.id.to_owned()];
    because.extend(case.target().map(Case::container_evidence));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::App,
        title: format!("{who} accepts connections, and says that it is not ready yet"),
        explanation: format!(
            "{} in {who} answers, and turns clients away for now: \"{}\". It is starting, recovering or shutting down. A \
             container counts as running as soon as its process starts, which may be seconds or minutes before its database \
             is ready.",
            told.by.name(),
            told.text
        ),
        because,
        fixes: vec![
            run("wait until it is ready", wait),
            change(format!("for good, give {who} a health check, and let {} wait for it or try again", case.from.place)),
        ],
    })
}

/// A program that does not listen yet.
fn silent(case: &Case<'_>) -> Option<Found> {
    let target = case.target().filter(|target| target.state.status == Status::Running)?;
    let (seen, found) = case.listening()?;
    let health = target.state.health.as_ref().map(|health| health.status);
    let told = health == Some(HealthStatus::Starting);
    let young = target.state.up_s.is_some_and(|up| up < STARTING_S) && health.is_none();
    let absent = match found {
        Listening::Nothing => told || (young && !programs::idles(target)),
        _ => false,
    };
    // A crash loop has a cause of its own.
    if !absent || case.gets_through() || target.state.restart_count > 0 {
        return None;
    }
    let name = &target.name;
    let since = match target.state.up_s {
        Some(up) if up < 1.5 => " It was started a moment ago.".to_owned(),
        Some(up) => format!(" It was started {up:.0} s ago."),
        None => String::new(),
    };
    let health_word = if told { " Its health check still says `starting`." } else { "" };
    let wait = run(
        "wait until it is ready",
        vec![command(&["dprobe", "check", "--wait", "60s", &case.from.typed, &case.to.typed])],
    );
    let edit = case.source().zip(target.compose.as_ref()).and_then(|(source, compose)| {
        // Only a service of its own project can be waited for.
        let own = source.compose.as_ref().is_some_and(|own| own.project == compose.project);
        let service = compose.service.clone();
        let change = ComposeChange::WaitUntilHealthy { service, checked: target.state.health.is_some() };
        compose_edit(source, change).filter(|_| own)
    });
    let health_check = change(format!(
        "for good, give {name} a health check, and let {} wait for it or try again",
        case.from.place
    ))
    .with_edit(edit);
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Listen,
        title: format!("{name} is starting and does not listen yet"),
        explanation: format!(
            "{name} runs, but nothing in it listens on a port yet.{since}{health_word} A container counts as running as soon \
             as its process starts, which may be seconds before it can answer."
        ),
        because: vec![seen.id.to_owned(), Case::container_evidence(target)],
        fixes: vec![wait, health_check],
    })
}
