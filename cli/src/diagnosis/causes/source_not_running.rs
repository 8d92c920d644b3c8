//! `source-not-running`: there is no process that could connect.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::lost_network::LostNetwork;
use crate::diagnosis::fixes::{command, log_tail, run};
use crate::diagnosis::start_error::StartError;
use crate::report::{Severity, StageName};
use crate::topology::Status;

pub(super) const CAUSE: Cause = Cause {
    code: "source-not-running",
    summary: "the source does not run, so nothing in it can connect",
    page: r"
The container that should connect has ended, was never started, keeps restarting, or is paused. Where the rest of the
way is fine, this is the whole fault. Where the target is out of reach as well, that may be the very reason why the
source ended: the other diagnosis comes first then, and this one is a warning beside it.

## How dprobe knows

The engine's word for the container's state is not `running`. dprobe measures all the same, from a fresh agent in the same networks
that stands in for it, and says so.

## Why it happens

Its main process ended: the job was done, it crashed, it was stopped, or it gave up because a database was not there
yet. `docker ps -a` shows the exit code, `docker logs` the reason. Or it never began, for there is no such program in the image:
starting it again is no help then.

## How to fix it

    docker logs --tail 20 web
    docker start web

For good, find out why it ended; in compose, `depends_on` with `condition: service_healthy` keeps a program from starting
before what it needs.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker create --name web --network favorites-net nginx

Related: target-not-running, target-restarting, target-starting
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let source = case.source()?;
    let status = source.state.status;
    // What keeps it from being started is a cause of its own.
    if status == Status::Running || LostNetwork::of(source, case.topology).is_some() {
        return None;
    }
    let name = &source.name;
    let start_error = StartError::of(&source.state.error).filter(|_| !status.has_processes());
    let fix = match (status, start_error) {
        (_, Some(error)) => error.fix(name),
        (Status::Paused, _) => run("let it run on", vec![command(&["docker", "unpause", name])]),
        (Status::Restarting, _) => run("see why it keeps ending", vec![command(&["docker", "logs", "--tail", "20", name])]),
        _ => run("start it", vec![command(&["docker", "start", name])]),
    };
    let ended = match status {
        Status::Exited | Status::Dead => format!(" with exit code {}", source.state.exit_code),
        _ => String::new(),
    };
    let engine = if source.state.error.is_empty() {
        String::new()
    } else {
        format!(" The engine says: {}.", source.state.error.trim_end_matches('.'))
    };
    let stand_in = if case.from.stand_in && case.measured() {
        " What is shown here was measured by a fresh agent in the same networks, in its place."
    } else {
        ""
    };
    Some(Found {
        severity: if case.gets_through() || !case.measured() { Severity::Error } else { Severity::Warning },
        stage: StageName::Source,
        title: match start_error {
            Some(error) => format!("{name} does not run: {}", error.title()),
            None => format!("{name} does not run: it is {}{ended}", status.word()),
        },
        explanation: format!(
            "Nothing in {name} can connect to anything while no process of it runs.{engine}{stand_in}{}",
            log_tail(source)
        ),
        because: vec![Case::container_evidence(source)],
        fixes: vec![fix],
    })
}
