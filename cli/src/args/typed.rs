//! The command line as it is typed: each flag with its short and its long help, from which clap makes everything else.
#![expect(clippy::doc_markdown, reason = "these comments are the help, which is plain text")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Style, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::duration;
use crate::commands::agent::AgentCommand;
use crate::render::Format;

/// The styles of clap's own messages: the same colours as those of a report.
const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default());

/// Tells why one container cannot reach another, and what to type to fix it
#[derive(Debug, Parser)]
#[command(
    name = "dprobe",
    bin_name = "dprobe",
    version,
    styles = STYLES,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = EXIT_CODES,
)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// The engine's address, such as unix:///var/run/docker.sock or tcp://HOST:2376
    ///
    /// Without it, DOCKER_HOST, then the context, then the usual sockets decide, as for the Docker CLI.
    #[arg(
        short = 'H',
        long,
        global = true,
        value_name = "ADDRESS",
        conflicts_with = "context",
        help_heading = "Engine"
    )]
    pub(super) host: Option<String>,

    /// The context of the Docker CLI whose engine to ask
    #[arg(long, global = true, value_name = "NAME", help_heading = "Engine")]
    pub(super) context: Option<String>,

    /// Print the answer alone: one line for each check
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,

    /// Print every observation as well
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) verbose: bool,

    /// When to use colours; NO_COLOR turns them off as well
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(super) color: Color,
}

/// The exit codes, as the help tells them.
const EXIT_CODES: &str = "\
Exit codes:
  0    everything is as expected
  1    a check failed, or the doctor found something wrong
  2    the command line or a file makes no sense
  3    inconclusive, or it could not run (no engine, no permission)
  124  --wait ran out
  130  interrupted";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Why can't FROM reach TARGET?
    Check(Check),
    /// Explain a code at length, or replay a report without an engine
    Explain(Explain),
    /// Look the engine and its host over: forwarding, rules, bridges, MTU, subnets, DNS
    Doctor(Doctor),
    /// Watch a broken stack being diagnosed, fixed, and diagnosed again
    ///
    /// Makes containers and networks with names of its own, shows each command, and removes everything at the end. The
    /// programs are played by the agent's image, so nothing is pulled.
    Demo(DemoArgs),
    /// Handle the image that agents are started from
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
}

/// Why can't FROM reach TARGET?
///
/// Measures from inside the network namespace of FROM, exactly as its own process would connect, holds that against what
/// the engine says, and names the cause and the fix.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(override_usage = "dprobe check [OPTIONS] FROM [[->] TARGET...]", after_help = CHECK_EXAMPLES)]
pub(super) struct Check {
    /// Who connects, and to what
    ///
    /// FROM is a container's name or id, a compose service (web, project/web), `host`, or net:NAME for a fresh agent in that
    /// network.
    ///
    /// TARGET is a container, a service, a name or an address, with :PORT or :PORT/udp; `host`, `gateway`, `internet`; or a
    /// connection string in any of the usual forms: a URL, whose scheme implies the port, JDBC, `host=… port=…`,
    /// `Server=…;Database=…`, a list of brokers. Every host in it is checked, and no password goes any further. Without a
    /// port, the port that the target listens on is used.
    ///
    /// Without TARGET, everything is checked that the environment and the arguments of FROM, its links and the services
    /// that it waits for name; also what is outside.
    #[arg(required = true, num_args = 1.., value_name = "FROM [->] TARGET")]
    pub(super) words: Vec<OsString>,

    /// How long one attempt may take, such as 500ms or 2s
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(super) timeout: Duration,

    /// Repeat until the check ends as expected, for at most this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) wait: Option<Duration>,

    /// The pause between two attempts of --wait
    #[arg(long, value_name = "DURATION", default_value = "1s", requires = "wait", value_parser = duration)]
    pub(super) interval: Duration,

    /// Expect that no TARGET can be reached
    #[arg(long)]
    pub(super) not: bool,

    /// Dial UDP in place of TCP
    #[arg(long)]
    pub(super) udp: bool,

    /// Start no agents: judge by the engine's account only
    #[arg(long)]
    pub(super) no_agent: bool,

    /// Allow a privileged helper on the engine's host, for a moment, to read the packet filter
    ///
    /// Only needed where dprobe does not run as root on the engine's own machine, and only used where a connection is
    /// refused or dropped for no reason that can be seen without it.
    #[arg(long, conflicts_with = "no_agent")]
    pub(super) deep: bool,

    /// An image on the engine to use in place of the embedded agent
    ///
    /// For engines that run images from a registry of their own only. DPROBE_AGENT_IMAGE does the same.
    #[arg(long, value_name = "IMAGE", help_heading = "Engine")]
    pub(super) agent_image: Option<String>,

    #[command(flatten)]
    pub(super) report: ReportFlags,
}

/// What `dprobe check --help` ends with.
const CHECK_EXAMPLES: &str = "\
Examples:
  dprobe check web                         everything that web depends on
  dprobe check web mongodb                 the port that mongodb listens on
  dprobe check 'web -> mongodb:27017'      the same, and the port named
  dprobe check web http://api:8080/health  an HTTP request
  dprobe check web 'host=db port=5432 dbname=shop sslmode=require'
  dprobe check shop/web host:5432          from a compose service to the engine's host
  dprobe check net:shop_default db dns:53/udp
  dprobe check web db --wait 30s && ./migrate";

/// Look the engine and its host over: forwarding, rules, bridges, MTU, subnets, DNS
///
/// Tells what would trouble every container, without any FROM and TARGET. Starts one agent in the host's network namespace,
/// which reads and changes nothing. Notes are good to know and no failure.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Allow a privileged helper on the engine's host, for a moment, to read the packet filter
    ///
    /// Only needed, and only used, where dprobe does not run as root on the engine's own machine.
    #[arg(long)]
    pub(super) deep: bool,

    /// An image on the engine to use in place of the embedded agent
    ///
    /// For engines that run images from a registry of their own only. DPROBE_AGENT_IMAGE does the same.
    #[arg(long, value_name = "IMAGE", help_heading = "Engine")]
    pub(super) agent_image: Option<String>,

    #[command(flatten)]
    pub(super) report: ReportFlags,
}

/// Explain a code at length, or replay a report without an engine
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A code such as bind-loopback, or a file that check or doctor wrote with `--format json`
    #[arg(required_unless_present = "list", value_name = "CODE|FILE")]
    pub(super) subject: Option<OsString>,

    /// List all codes
    #[arg(long, conflicts_with = "subject")]
    pub(super) list: bool,

    /// The report's checks were expected to fail (check --not)
    #[arg(long, conflicts_with = "list")]
    pub(super) not: bool,

    #[command(flatten)]
    pub(super) report: ReportFlags,
}

/// Where and how a report is written.
#[derive(Debug, Args)]
pub(super) struct ReportFlags {
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(super) format: Format,

    /// Write the report to FILE in place of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,
}

/// The arguments of `dprobe demo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct DemoArgs {
    /// Which scenario to play; see --list
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,

    /// List the scenarios
    #[arg(long, conflicts_with_all = ["scenario", "keep", "clean"])]
    pub list: bool,

    /// Leave the broken stack running, to play with
    #[arg(long, conflicts_with = "clean")]
    pub keep: bool,

    /// Remove what earlier demos with --keep have left
    #[arg(long, conflicts_with = "scenario")]
    pub clean: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
