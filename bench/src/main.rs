//! What a check costs, side by side with the least that it could cost and with the `docker run` that people would type in
//! its place. `./dev bench` runs it on the release build.
//!
//! All subjects take turns, one run of each and then the next of each, so that whatever else the machine does hits all of
//! them alike. Ends with 1 when a budget is exceeded.

mod agents;
mod budget;
mod memory;
mod series;
mod size;
mod stage;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use agents::BareAgents;
use budget::Budget;
use series::{Series, Subject};
use stage::Stage;

/// How many runs of each subject count, unless the command line says.
const RUNS: usize = 20;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let done = runs().and_then(bench);
    let (text, code) = match done {
        Ok((text, true)) => (text, ExitCode::SUCCESS),
        Ok((text, false)) => (text, ExitCode::FAILURE),
        Err(error) => (format!("error: {error}\n"), ExitCode::from(3)),
    };
    // A reader that has gone away is no reason to complain.
    let _ = std::io::stdout().write_all(text.as_bytes());
    code
}

/// How many runs the command line wants.
fn runs() -> Result<usize> {
    match std::env::args().nth(1).map(|word| word.parse()) {
        None => Ok(RUNS),
        Some(Ok(runs)) if runs > 0 => Ok(runs),
        Some(_) => Err("the one argument is how many times each subject is to be run".into()),
    }
}

/// Measures everything. The tables, and whether all budgets are kept.
fn bench(runs: usize) -> Result<(String, bool)> {
    if cfg!(debug_assertions) {
        return Err("this measures the release build; `./dev bench` makes it".into());
    }
    let stage = Stage::new()?;
    let agents = BareAgents::new(&stage)?;
    let subjects = [
        Subject::new("dprobe check, healthy", || stage.check("mongodb:27017", 0)),
        Subject::new("dprobe check, refused (bind-loopback)", || stage.check("closed:27017", 1)),
        Subject::new("two bare agents, until both say hello", || agents.hello()),
        Subject::new("two bare agents, until both are removed", || agents.removed()),
        Subject::new("docker run --rm, one connect", || stage.docker_run()),
        Subject::new("dprobe --version", || stage.cli_prints("--version")),
        Subject::new("dprobe --help", || stage.cli_prints("--help")),
    ];
    let series = Series::of_all(&subjects, runs, || stage.settle())?;
    let [healthy, refused, hello, removed, docker_run, version, help] = &series;

    let budgets = [
        Budget::ratio("healthy check / docker run", healthy, docker_run, 1.0),
        Budget::ratio("refused check / docker run", refused, docker_run, 1.0),
        Budget::ratio("healthy check / two bare agents", healthy, removed, 1.25),
        Budget::ratio("refused check / two bare agents", refused, removed, 1.25),
        Budget::information("healthy check / two bare agents, until hello", healthy, hello),
        Budget::time("dprobe --version", version, 10.0),
        Budget::time("dprobe --help", help, 10.0),
        Budget::megabytes("agent binary", Some(size::agent(&stage)?), 3.0),
        Budget::megabytes("agent image", Some(size::image(&stage)?), 3.0),
        Budget::megabytes("dprobe binary", Some(size::cli(&stage)?), 40.0),
        Budget::megabytes("agent, peak memory", agents.peak_memory()?, 8.0),
        Budget::megabytes_unbounded("dprobe check, peak memory", memory::of_check(&stage)?),
    ];
    let mut text = format!("{}, {runs} runs of each, taken in turn\n\n", stage.title()?);
    let _ = writeln!(text, "{:46} {:>10} {:>10} {:>10}", "in milliseconds", "min", "median", "max");
    for one in &series {
        let _ = writeln!(text, "{:46} {:>10.1} {:>10.1} {:>10.1}", one.name, one.min(), one.median(), one.max());
    }
    let _ = writeln!(text, "\n{:46} {:>10} {:>10}", "budgets (times by their medians)", "measured", "allowed");
    for budget in &budgets {
        let _ = writeln!(text, "{budget}");
    }
    Ok((text, budgets.iter().all(Budget::is_kept)))
}
