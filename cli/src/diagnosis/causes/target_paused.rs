//! `target-paused`: the target is frozen.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{command, run};
use crate::report::{Severity, StageName};
use crate::topology::Status;

pub(super) const CAUSE: Cause = Cause {
    code: "target-paused",
    summary: "the target is paused: its kernel answers, its program does not",
    page: r"
`docker pause` freezes every process of a container. The kernel goes on answering for it: connections are accepted into
the queue of the listening socket, and then nothing happens. Programs hang until their own timeout.

## How dprobe knows

The engine's word for its state is `paused`.

## Why it happens

Somebody paused it, or a backup tool did while it copied the volumes and was cut off before it could undo that.

## How to fix it

    docker unpause mongodb

## How to reproduce it

    docker network create favorites-net
    docker run -d --name mongodb --network favorites-net mongo
    docker pause mongodb

Related: target-not-running
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target().filter(|target| target.state.status == Status::Paused)?;
    let name = &target.name;
    let mut because = vec![Case::container_evidence(target)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: StageName::Target,
        title: format!("{name} is paused"),
        explanation: format!(
            "Every process of {name} is frozen. The kernel still accepts connections for it, which is why connecting seems \
             to work, but nobody answers on them."
        ),
        because,
        fixes: vec![run("let it run on", vec![command(&["docker", "unpause", name])])],
    })
}
