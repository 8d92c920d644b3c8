//! The `dprobe` binary: the only place that prints, ends the process, and asks what the streams are.

#[path = "main/console.rs"]
mod console;
#[path = "main/redirect.rs"]
mod redirect;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use dprobe::args::{self, CheckArgs, Command, DemoArgs, DoctorArgs, EngineArgs, ExplainArgs, Invocation, UsageError};
use dprobe::arrow::Redirect;
use dprobe::commands;
use dprobe::commands::agent::{self, AgentCommand, AgentCommandError};
use dprobe::engine::{self, Engine};
use dprobe::exit::{Exit, Failure};
use dprobe::render::Verbosity;
use dprobe::report::Report;
use dprobe::words::WordError;

use console::{Console, Patient};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // The reaper is this program started by itself, and no part of the command line.
    if arguments.get(1).is_some_and(|first| first == engine::REAP) {
        return engine::reaper_main();
    }
    match args::parse(arguments, redirect::of_stdout) {
        Ok(invocation) => run(&invocation).into(),
        Err(UsageError::Clap(error)) => {
            // Also help and version; a closed stream is no reason to complain.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8))
        }
        Err(UsageError::Word(WordError::Malformed(malformed))) => {
            Console::new(args::Color::Auto).malformed(&malformed);
            Exit::Usage.into()
        }
        Err(error) => {
            let console = Console::new(args::Color::Auto);
            console.failure(&Failure::usage(&error).hint("dprobe check --help tells what can be written"));
            Exit::Usage.into()
        }
    }
}

fn run(invocation: &Invocation) -> Exit {
    let console = Console::new(invocation.color);
    console::start_tracing();
    let done = match &invocation.command {
        Command::Check(args) => check(args, invocation.redirect.as_ref(), &console),
        Command::Explain(args) => explain(args, &console),
        Command::Doctor(args) => doctor(args, &console),
        Command::Demo { args, engine, verbosity } => demo(args, engine, *verbosity, &console),
        Command::Agent { command, engine } => agent(command, engine, &console),
    };
    done.unwrap_or_else(|failure| {
        console.failure(&failure);
        failure.exit
    })
}

fn explain(args: &ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    let options = console.options(args.output.as_deref(), args.verbosity, args.not);
    let (text, exit) = commands::explain::explain(args, &options).map_err(|error| Failure::from(&error))?;
    console.deliver(&text, args.output.as_deref())?;
    Ok(exit)
}

fn check(args: &CheckArgs, redirect: Option<&Redirect>, console: &Console) -> Result<Exit, Failure> {
    let draw = args.verbosity != Verbosity::Quiet;
    let done = console.until_interrupted(draw, async |progress| {
        commands::check::check(args, progress, &|text| console.note(text)).await
    });
    let delivered = done.and_then(|(report, exit)| deliver(&report, args, redirect, console).map(|()| exit));
    if let Some(redirect) = redirect {
        redirect::explain(redirect, args, console);
    }
    delivered
}

fn doctor(args: &DoctorArgs, console: &Console) -> Result<Exit, Failure> {
    let draw = args.verbosity != Verbosity::Quiet;
    let (doctor, exit) = console.until_interrupted(draw, async |progress| {
        commands::doctor::doctor(args, progress, &|text| console.note(text)).await
    })?;
    let output = args.output.as_deref();
    let options = console.options(output, args.verbosity, false);
    console.deliver(&dprobe::render::render_doctor(&doctor, args.format, &options), output)?;
    Ok(exit)
}

/// Puts a report where it is wanted: into the file, or to stdout; and to stderr as well where the arrow has become a redirect.
fn deliver(report: &Report, args: &CheckArgs, redirect: Option<&Redirect>, console: &Console) -> Result<(), Failure> {
    let render = |options| dprobe::render::render(report, args.format, &options);
    let output = args.output.as_deref();
    console.deliver(&render(console.options(output, args.verbosity, args.not)), output)?;
    if redirect.is_some() {
        console.to_stderr(&render(console.options_of_stderr(args.verbosity, args.not)));
    }
    Ok(())
}

fn demo(args: &DemoArgs, engine: &EngineArgs, verbosity: Verbosity, console: &Console) -> Result<Exit, Failure> {
    let options = console.options(None, verbosity, false);
    // Its output grows line by line, so there is no room for progress on the same terminal.
    console.until_interrupted(false, async |progress| {
        commands::demo::demo(args, &engine.choice(), &options, &mut Patient(io::stdout()), progress).await
    })
}

fn agent(command: &AgentCommand, engine: &EngineArgs, console: &Console) -> Result<Exit, Failure> {
    let mut out = Patient(io::stdout());
    if let AgentCommand::Export { output } = command {
        return match agent::export(output.clone(), &mut out, io::stdout().is_terminal()) {
            Ok(()) => Ok(Exit::Expected),
            Err(error) => Err(agent_failure(&error)),
        };
    }
    console.until_interrupted(false, async |_| {
        let connected = Engine::connect(&engine.choice()).await.map_err(AgentCommandError::from);
        let done = match (connected, command) {
            (Err(error), _) => Err(error),
            (Ok(engine), AgentCommand::Load) => agent::load(&engine, &mut out).await,
            (Ok(engine), AgentCommand::List | AgentCommand::Export { .. }) => agent::list(&engine, &mut out).await,
            (Ok(engine), AgentCommand::Rm) => agent::rm(&engine, &mut out).await,
        };
        done.map(|()| Exit::Expected).map_err(|error| agent_failure(&error))
    })
}

/// A command about the agent image that did not work, as a person reads it.
fn agent_failure(error: &AgentCommandError) -> Failure {
    let failure =
        if error.exit_code() == Exit::Usage as u8 { Failure::usage(error) } else { Failure::could_not_run(error) };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
