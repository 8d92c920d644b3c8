//! `dprobe demo`: a stack that is broken on purpose, diagnosed, mended by the fix that was printed, and diagnosed again.
//!
//! What is made is made by `docker` commands that are shown, and carries the label [`LABEL`] and names of its own.
//! The programs are played by the agent's image, so nothing has to be pulled.

mod scenario;
mod stage;

use std::io::Write;
use std::time::Duration;

use crate::args::DemoArgs;
use crate::commands::check::{engine_failure, failure};
use crate::engine::{Engine, EngineChoice};
use crate::exit::{Exit, Failure};
use crate::investigation::{Progress, Request, investigate};
use crate::render::{RenderOptions, human};
use crate::report::{Fix, Report, Verdict};
use crate::words;

use scenario::{SCENARIOS, Scenario};
use stage::Stage;

/// The label of everything that a demo makes; its value is the mark in the names of one demo.
pub const LABEL: &str = "io.dprobe.demo";

/// Plays a scenario, and tells what it does on `out`.
///
/// # Errors
/// When there is no such scenario, no engine, or no `docker` command to make the stack with.
pub async fn demo(
    args: &DemoArgs,
    choice: &EngineChoice,
    options: &RenderOptions,
    out: &mut (dyn Write + Send),
    progress: Progress<'_>,
) -> Result<Exit, Failure> {
    if args.list {
        for scenario in SCENARIOS {
            tell(out, &format!("{:<20} {}", scenario.name, scenario.about))?;
        }
        return Ok(Exit::Expected);
    }
    let scenario = find(args.scenario.as_deref())?;
    let engine = Engine::connect(choice).await.map_err(|error| engine_failure(&error))?;
    if args.clean {
        let removed = Stage::clean(choice)?;
        tell(out, &format!("removed {removed} containers and networks of earlier demos"))?;
        return Ok(Exit::Expected);
    }
    progress("loading the agent's image");
    let image = engine.load_agent().await.map_err(|error| engine_failure(&error))?;
    let mut stage = Stage::new(choice, image.tag);
    tell(out, &format!("{}: {}\n", scenario.name, scenario.about))?;
    for command in scenario.set_up(&mut stage) {
        tell(out, &format!("$ {command}"))?;
        stage.run(&command)?;
    }
    let broken = scenario.target(&stage)?;
    let report = ask(&engine, &stage, &broken, options, out, progress).await?;
    let first = report.checks.first().and_then(|check| check.diagnoses.first());
    if first.map(|diagnosis| diagnosis.code.as_str()) != Some(scenario.code) {
        return Err(trouble("this demo did not come out as it should").hint("please report it, with the output above"));
    }
    if args.keep {
        stage.keep();
        tell(out, "\nThe stack is still there. When you are done with it: dprobe demo --clean")?;
        return Ok(Exit::Expected);
    }
    let fix = first.and_then(|diagnosis| diagnosis.fixes.first()).cloned().unwrap_or_default();
    tell(out, "\nNow the fix, as it is printed above:\n")?;
    let mended = apply(&fix, scenario, &mut stage, broken, out)?;
    let report = ask(&engine, &stage, &mended, options, out, progress).await?;
    let good = report.checks.iter().all(|check| check.verdict == Verdict::Reachable);
    stage.strike()?;
    tell(out, "\nEverything that was made for this demo is removed again.")?;
    Ok(if good { Exit::Expected } else { Exit::Failed })
}

fn find(name: Option<&str>) -> Result<&'static Scenario, Failure> {
    let Some(name) = name else { return Ok(&SCENARIOS[0]) };
    SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| Failure {
        exit: Exit::Usage,
        message: format!("there is no scenario `{}`", dprobe_probes::text::printable(name.as_bytes(), 60)),
        hints: vec!["`dprobe demo --list` lists them".to_owned()],
    })
}

/// Checks, shows the report, and hands it back. A program that is still opening its port is given a moment.
async fn ask(
    engine: &Engine,
    stage: &Stage,
    target: &str,
    options: &RenderOptions,
    out: &mut (dyn Write + Send),
    progress: Progress<'_>,
) -> Result<Report, Failure> {
    let from = stage.name("web");
    tell(out, &format!("\n$ dprobe check {from} -> {target}\n"))?;
    let source = words::source(&from).map_err(|error| Failure::usage(&error))?;
    let targets = [words::target(target).map_err(|error| Failure::usage(&error))?];
    let request =
        Request { from: &source, targets: &targets, timeout: Duration::from_secs(4), agents: true, deep: None };
    let mut attempts = 0;
    loop {
        let report = investigate(engine, &request, progress).await.map_err(|error| failure(&error))?;
        let starting =
            report.checks.iter().flat_map(|check| &check.diagnoses).any(|found| found.code == "target-starting");
        attempts += 1;
        if !starting || attempts > 40 {
            tell(out, human::render(&report, options).trim_end())?;
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Applies the first fix in the way that it asks for, and hands back what is to be dialled from now on.
fn apply(
    fix: &Fix,
    scenario: &Scenario,
    stage: &mut Stage,
    target: String,
    out: &mut (dyn Write + Send),
) -> Result<String, Failure> {
    let commands = match &fix.argv {
        Some(argv) => scenario.restart(stage, argv),
        None => fix.commands.clone(),
    };
    for command in &commands {
        tell(out, &format!("$ {command}"))?;
        stage.run(command)?;
    }
    match &fix.dial {
        Some(address) => {
            tell(out, &format!("(dialling {address} instead)"))?;
            Ok(address.clone())
        }
        None => Ok(target),
    }
}

fn tell(out: &mut (dyn Write + Send), line: &str) -> Result<(), Failure> {
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Failure::could_not_run(&error))
}

fn trouble(message: &str) -> Failure {
    Failure { exit: Exit::Inconclusive, message: message.to_owned(), hints: Vec::new() }
}
