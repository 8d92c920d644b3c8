//! The command line: what it means. What was typed is in [`typed`], which clap reads.

mod duration;
#[cfg(test)]
mod tests;
pub mod typed;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;

use crate::arrow::{self, ArrowError, Redirect};
use crate::commands::agent::AgentCommand;
use crate::engine::EngineChoice;
use crate::render::{Format, Verbosity};
use crate::words::{self, PlaceWord, SourceWord, TargetWord, WordError};

pub use duration::{DurationError, duration};
pub use typed::{Color, DemoArgs};

/// A command line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// When to use colours.
    pub color: Color,
    /// The redirect of an arrow that was typed without quotes: the report goes to its file and to the terminal.
    pub redirect: Option<Redirect>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `dprobe check`.
    Check(CheckArgs),
    /// `dprobe explain`.
    Explain(ExplainArgs),
    /// `dprobe doctor`.
    Doctor(DoctorArgs),
    /// `dprobe demo`.
    Demo {
        /// What to play.
        args: DemoArgs,
        /// On which engine.
        engine: EngineArgs,
        /// How much to tell.
        verbosity: Verbosity,
    },
    /// `dprobe agent`.
    Agent {
        /// What to do.
        command: AgentCommand,
        /// On which engine.
        engine: EngineArgs,
    },
}

/// The arguments of `dprobe check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckArgs {
    /// Who wants to connect.
    pub from: SourceWord,
    /// To what, none twice; nothing where everything that the source depends on is meant.
    pub targets: Vec<TargetWord>,
    /// How long one attempt may take; what is not finished by then is reported as such. Longer than zero.
    pub timeout: Duration,
    /// How long to repeat the check until it ends as expected; none checks once.
    pub wait: Option<Duration>,
    /// The pause between two attempts of `wait`. Longer than zero.
    pub interval: Duration,
    /// The targets must not be reached.
    pub not: bool,
    /// Start no agents: only the engine's account is judged.
    pub no_agent: bool,
    /// A privileged helper may be started on the engine's host.
    pub deep: bool,
    /// Which engine, and with which agent.
    pub engine: EngineArgs,
    /// In which form to report.
    pub format: Format,
    /// The file to write the report to, in place of stdout.
    pub output: Option<PathBuf>,
    /// How much to tell.
    pub verbosity: Verbosity,
}

/// The arguments of `dprobe doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorArgs {
    /// A privileged helper may be started on the engine's host.
    pub deep: bool,
    /// Which engine, and with which agent.
    pub engine: EngineArgs,
    /// In which form to report.
    pub format: Format,
    /// The file to write the report to, in place of stdout.
    pub output: Option<PathBuf>,
    /// How much to tell.
    pub verbosity: Verbosity,
}

/// Which engine to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineArgs {
    /// `-H`: its address.
    pub host: Option<String>,
    /// `--context`: the context of the Docker CLI that has its address.
    pub context: Option<String>,
    /// `--agent-image`: an image on the engine to use in place of the embedded agent.
    pub agent_image: Option<String>,
}

impl EngineArgs {
    /// The engine that they choose.
    #[must_use]
    pub fn choice(&self) -> EngineChoice {
        EngineChoice { host: self.host.clone(), context: self.context.clone() }
    }
}

/// The arguments of `dprobe explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainArgs {
    /// What to explain.
    pub subject: Subject,
    /// In which form to report, where a report is replayed.
    pub format: Format,
    /// The file to write to, in place of stdout.
    pub output: Option<PathBuf>,
    /// How much to tell of a report.
    pub verbosity: Verbosity,
    /// The checks of the report were made with `--not`.
    pub not: bool,
}

/// What to explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `--list`: all codes, one line each.
    List,
    /// A code, or the path of a report.
    Word(OsString),
}

/// Why a command line can not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// Clap's own: an unknown flag, a missing value; also a request for help or for the version.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    /// FROM or a TARGET makes no sense.
    #[error(transparent)]
    Word(#[from] WordError),
    /// The words are not FROM and TARGETs.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// The same target more than once.
    #[error("target `{0}` is given twice; name each target once")]
    Twice(String),
    /// FROM alone, and nothing that has a configuration.
    #[error(
        "TARGET is missing: `{0}` is no container, whose configuration would tell what it depends on; \
             for example: dprobe check {0} mongodb:27017"
    )]
    NothingToFind(String),
    /// `--udp` and a target that says otherwise.
    #[error("`{0}` asks for TCP and --udp for UDP; leave one of them out")]
    UdpAndTcp(String),
}

/// Understands a command line, the program's name first. `redirected` finds out whether stdout is a regular file, and which.
///
/// # Errors
/// [`UsageError`] when it makes no sense, or when it asks for help.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    redirected: impl FnOnce() -> Option<Redirect>,
) -> Result<Invocation, UsageError> {
    let typed = typed::Cli::try_parse_from(arrow::keep_from_flags(arguments))?;
    let verbosity = match (typed.quiet, typed.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let engine = EngineArgs { host: typed.host, context: typed.context, agent_image: None };
    let (command, redirect) = match typed.command {
        typed::Command::Check(check) => {
            let (check, redirect) = self::check(check, engine, verbosity, redirected)?;
            (Command::Check(check), redirect)
        }
        typed::Command::Explain(explain) => (Command::Explain(self::explain(explain, verbosity)), None),
        typed::Command::Doctor(doctor) => {
            let typed::Doctor { deep, agent_image, report } = doctor;
            let engine = EngineArgs { agent_image, ..engine };
            let (format, output) = (report.format, report.output);
            (Command::Doctor(DoctorArgs { deep, engine, format, output, verbosity }), None)
        }
        typed::Command::Demo(args) => (Command::Demo { args, engine, verbosity }, None),
        typed::Command::Agent { command } => (Command::Agent { command, engine }, None),
    };
    Ok(Invocation { command, color: typed.color, redirect })
}

fn check(
    typed: typed::Check,
    engine: EngineArgs,
    verbosity: Verbosity,
    redirected: impl FnOnce() -> Option<Redirect>,
) -> Result<(CheckArgs, Option<Redirect>), UsageError> {
    let words = arrow::split(&typed.words, redirected)?;
    let mut targets: Vec<TargetWord> = Vec::with_capacity(words.targets.len());
    let named = words.targets.iter().map(|word| words::targets(word).map(|targets| (word, targets)));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    for (word, mut target) in
        named.into_iter().flat_map(|(word, targets)| targets.into_iter().map(move |one| (word, one)))
    {
        if typed.udp {
            if target.scheme.is_some() || word.to_ascii_lowercase().ends_with("/tcp") {
                return Err(UsageError::UdpAndTcp(target.typed));
            }
            target.protocol = crate::topology::Protocol::Udp;
        }
        if targets.iter().any(|other| same(other, &target)) {
            return Err(UsageError::Twice(target.typed));
        }
        targets.push(target);
    }
    let from = words::source(&words.from)?;
    if targets.is_empty() && matches!(from.place, PlaceWord::Host | PlaceWord::Network(_)) {
        return Err(UsageError::NothingToFind(from.typed));
    }
    let check = CheckArgs {
        from,
        targets,
        timeout: typed.timeout,
        wait: typed.wait,
        interval: typed.interval,
        not: typed.not,
        no_agent: typed.no_agent,
        deep: typed.deep,
        engine: EngineArgs { agent_image: typed.agent_image, ..engine },
        format: typed.report.format,
        output: typed.report.output,
        verbosity,
    };
    Ok((check, words.redirect))
}

fn explain(typed: typed::Explain, verbosity: Verbosity) -> ExplainArgs {
    ExplainArgs {
        // Clap sees to it that there is a word without `--list`.
        subject: typed.subject.filter(|_| !typed.list).map_or(Subject::List, Subject::Word),
        format: typed.report.format,
        output: typed.report.output,
        verbosity,
        not: typed.not,
    }
}

/// Whether two words ask for the same.
fn same(one: &TargetWord, other: &TargetWord) -> bool {
    let port = |word: &TargetWord| word.port.map(|port| port.port);
    one.host == other.host && port(one) == port(other) && one.protocol == other.protocol && one.url == other.url
}
