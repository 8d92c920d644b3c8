//! `target-not-running`: the target has ended or was never started.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::failed_start::FailedStart;
use crate::diagnosis::lost_network::LostNetwork;
use crate::diagnosis::fixes::{change, command, log_tail, run};
use crate::diagnosis::start_error::StartError;
use crate::report::{Severity, StageName};
use crate::topology::{Container, Status};

pub(super) const CAUSE: Cause = Cause {
    code: "target-not-running",
    summary: "the target container has ended or was never started",
    page: r"
A container that does not run has no address, and the network's resolver forgets its name. From the outside it looks as
if it had never been.

## How dprobe knows

The engine lists the container, and its state is `created`, `exited`, `dead` or being removed. The exit code, whether the
kernel killed it for its memory, the engine's own error and the last log lines tell why.

## Why it happens

- Exit code 0: its work was done, or it was told to end.
- 137: killed (`docker kill`, or out of memory); 143: stopped by `docker stop`.
- 1 to 125: the program gave up; its log says why.
- 126, 127: the command in the image can not be run, or does not exist.
- `created`: it could not be started, for example because a published port was taken, or because there is no such program in
  the image. Starting it again is no help then.

## How to fix it

    docker logs --tail 20 mongodb
    docker start mongodb

For good: mend what made it end; `restart: unless-stopped` brings it back after a reboot.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker stop mongodb

Related: target-restarting, target-paused, source-not-running
",
    yields_to: &["service-no-task", "publish-failed", "flag-after-image"],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    // Who answers on a port of the host that a stopped container would publish is another matter.
    let target = case.target().filter(|_| !case.gets_through())?;
    let owner = case.topology.namespace_owner(target);
    let stopped = [target, owner].into_iter().find(|container| {
        matches!(container.state.status, Status::Created | Status::Exited | Status::Dead | Status::Removing)
    })?;
    // What keeps it from being started is a cause of its own.
    if LostNetwork::of(stopped, case.topology).is_some() {
        return None;
    }
    let name = &stopped.name;
    let state = &stopped.state;
    let how = match state.status {
        _ if state.oom_killed => "was killed because it used more memory than it may".to_owned(),
        Status::Created => "was created but never started".to_owned(),
        Status::Removing => "is being removed".to_owned(),
        _ => match state.exit_code {
            0 => "has ended: its main process finished without an error (exit code 0)".to_owned(),
            137 => "was killed (exit code 137)".to_owned(),
            143 => "was stopped (exit code 143)".to_owned(),
            code => format!("has ended with exit code {code}"),
        },
    };
    let engine =
        if state.error.is_empty() { String::new() } else { format!(" The engine says: {}.", state.error.trim_end_matches('.')) };
    let failed_start = FailedStart::of(case, stopped);
    let how = failed_start.as_ref().map_or(how, |failed| format!("has ended: {}", failed.title()));
    let start_error = StartError::of(&state.error);
    let title = match start_error {
        Some(error) => format!("{name} does not run: {}", error.title()),
        None => format!("{name} does not run: it {how}"),
    };
    let story = failed_start.as_ref().map_or_else(|| log_tail(stopped), FailedStart::explanation);
    let mut because = vec![Case::container_evidence(stopped)];
    because.extend(case.lookup().filter(|_| case.name_failed()).map(|seen| seen.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Target,
        title,
        explanation: format!(
            "A container that does not run has no address and no name on its networks, so nothing can reach it.{engine}{story}"
        ),
        because,
        fixes: match start_error {
            Some(error) => vec![error.fix(name)],
            None => failed_start.and_then(|failed| failed.fixes(case)).unwrap_or_else(|| fixes(stopped)),
        },
    })
}

/// Starting it is the fix where it ended in peace; where it failed, the reason comes first, for it would only fail again.
fn fixes(container: &Container) -> Vec<crate::report::Fix> {
    let name = &container.name;
    let start = run("start it", vec![command(&["docker", "start", name])]);
    let logs = run("see why it ended", vec![command(&["docker", "logs", "--tail", "20", name])]);
    let state = &container.state;
    let peaceful = matches!(state.exit_code, 0 | 130 | 137 | 143) && !state.oom_killed && state.error.is_empty();
    if state.oom_killed {
        return vec![change(format!("give {name} more memory (`--memory`), or make it use less")), start];
    }
    if peaceful { vec![start] } else { vec![logs, start] }
}
