//! `target-restarting`: the target's main process ends again and again.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::failed_start::FailedStart;
use crate::diagnosis::fixes::{command, log_tail, run};
use crate::report::{Severity, StageName};
use crate::topology::Status;

pub(super) const CAUSE: Cause = Cause {
    code: "target-restarting",
    summary: "the target's main process ends and is started again, over and over",
    page: r"
The container has a restart policy, and its main process ends soon after each start. Between two lives it has no address
and no name, so it is found one moment and unknown the next.

## How dprobe knows

The engine's word for its state is `restarting`; or it runs, has been restarted before, came up only seconds ago, and does not answer.

## Why it happens

The program crashes at its start: a wrong setting, a missing file, a password that is not set, a database that it can not
reach. The restart policy hides the crash behind a container that seems to be there.

## How to fix it

Read why it ends, and mend that:

    docker logs --tail 20 mongodb

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net nginx
    docker run -d --name mongodb --network favorites-net --restart always mongo --no-such-option

Related: target-not-running, target-starting
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target()?;
    let state = &target.state;
    let between_lives = state.status == Status::Restarting;
    if !state.keeps_ending() || !between_lives && case.gets_through() {
        return None;
    }
    let name = &target.name;
    let times = match state.restart_count {
        0 | 1 => String::new(),
        count => format!(", {count} times so far"),
    };
    let failed_start = FailedStart::of(case, target);
    // Once it runs again the engine says 0, whatever the code was.
    let title = if let Some(failed) = &failed_start {
        format!("{name} keeps restarting: {}", failed.title())
    } else if between_lives {
        format!("{name} keeps restarting: its main process ends with exit code {}", state.exit_code)
    } else {
        format!("{name} keeps restarting: its main process ends again and again")
    };
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Target,
        title,
        explanation: format!(
            "Each time the main process of {name} ends, the engine starts it again{times}. Between two lives it can not be \
             reached and its name does not resolve.{}",
            failed_start.as_ref().map_or_else(|| log_tail(target), FailedStart::explanation)
        ),
        because: vec![Case::container_evidence(target)],
        fixes: failed_start.and_then(|failed| failed.fixes(case)).unwrap_or_else(|| {
            let logs = vec![command(&["docker", "logs", "--tail", "20", name])];
            vec![run("read why it ends, and mend that", logs)]
        }),
    })
}
