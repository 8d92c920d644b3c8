//! `engine-old`: the engine is of a version that gets no more updates.

use super::{Condition, Found, Machine, Words};
use crate::diagnosis::fixes::change;
use crate::report::Severity;
use crate::topology::EngineFlavor;

/// Majors before this one are no longer mended by their makers. Later ones may not be either; that is for a later dprobe.
const MENDED_FROM: u32 = 25;

pub(super) const CONDITION: Condition = Condition {
    code: "engine-old",
    words: Some(Words {
        summary: "the engine's version is so old that its makers publish no more fixes for it",
        page: r"
The makers of Docker Engine mend a major version for a limited time. After that, flaws that are found, also in what keeps
containers apart, stay open.

## How dprobe knows

`/info` and `/version` of the engine's API tell its version and when it was built. Majors below 25 count as old. Whether a
distribution still mends its own package of that version (`20.10.24+dfsg1` is Debian's) cannot be told from there, so this is
a note.

## Why it happens

The package is the distribution's (`docker.io`), which stays at one version, or it was pinned once and forgotten.

## How to fix it

Install a version that is maintained: https://docs.docker.com/engine/install/ tells how, for each distribution. Containers,
images and networks stay; read the release notes of the majors in between, for defaults of networking have changed.

## How to reproduce it

    docker version --format '{{.Server.Version}}'     (of a machine with an engine before 25)
    docker version --format '{{.Server.BuildTime}}'
    dprobe doctor

Related: engine-rules-wiped
",
    }),
    find,
};

fn find(machine: &Machine<'_>) -> Vec<Found> {
    let Some(_) = machine.major().filter(|major| *major < MENDED_FROM) else { return Vec::new() };
    let built = match machine.settings.built.get(..10) {
        Some(day) => format!(", built {day}"),
        None => String::new(),
    };
    let how = if machine.engine.flavor == EngineFlavor::Desktop {
        "update Docker Desktop"
    } else {
        "install a version that is maintained: https://docs.docker.com/engine/install/"
    };
    vec![Found {
        severity: Severity::Note,
        title: format!("{} {} gets no more fixes from its makers", machine.engine.name, machine.engine.version),
        explanation: format!(
            "The engine says that it is version {} (API {}{built}). Its makers mend no major before {MENDED_FROM}, also \
             where a flaw is found in what keeps containers apart. A distribution may still mend a package of its own, which does not show from here.",
            machine.engine.version, machine.engine.api_version
        ),
        because: vec!["engine.version".to_owned(), "settings.built".to_owned()],
        fixes: vec![change(how)],
    }]
}
