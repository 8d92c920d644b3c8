//! The streams of the process: what they are, and writing to them without ever panicking.

use std::convert::Infallible;
use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use dprobe::args::Color;
use dprobe::exit::{Exit, Failure};
use dprobe::render::RenderOptions;
use dprobe::render::Verbosity;
use dprobe::words::Malformed;
use terminal_size::{Width, terminal_size_of};

/// How long a run may take before it is told what it is at: most are over sooner.
const PATIENCE: Duration = Duration::from_millis(400);

/// The time between two pictures of the progress.
const TICK: Duration = Duration::from_millis(100);

/// The pictures of the progress.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What is known of the streams.
pub(crate) struct Console {
    stdout_color: bool,
    stderr_color: bool,
    file_color: bool,
}

impl Console {
    /// `NO_COLOR` (no-color.org) and a dumb terminal count where the command line leaves it open.
    pub(crate) fn new(color: Color) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let plain = set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let of = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !plain,
        };
        Self {
            stdout_color: of(io::stdout().is_terminal()),
            stderr_color: of(io::stderr().is_terminal()),
            file_color: of(false),
        }
    }

    /// How to draw for stdout, or for a file in its place.
    pub(crate) fn options(&self, output: Option<&Path>, verbosity: Verbosity, not: bool) -> RenderOptions {
        let (width, color) = match output {
            Some(_) => (None, self.file_color),
            None => (terminal_size_of(io::stdout()), self.stdout_color),
        };
        options(width.map(|(width, _)| width), color, verbosity, not)
    }

    /// How to draw for stderr.
    pub(crate) fn options_of_stderr(&self, verbosity: Verbosity, not: bool) -> RenderOptions {
        options(terminal_size_of(io::stderr()).map(|(width, _)| width), self.stderr_color, verbosity, not)
    }

    /// Writes a result to stdout, or to a file in its place. A reader that has gone away ends it quietly.
    #[expect(clippy::unused_self, reason = "whoever writes has a console")]
    pub(crate) fn deliver(&self, text: &str, output: Option<&Path>) -> Result<(), Failure> {
        let Some(path) = output else {
            let mut stdout = Patient(io::stdout().lock());
            return stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure {
                exit: Exit::Inconclusive,
                message: format!("failed to write to standard output: {error}"),
                hints: Vec::new(),
            });
        };
        fs::write(path, text).map_err(|error| Failure {
            exit: Exit::Usage,
            message: format!("failed to write `{}`: {error}", printable(path)),
            hints: Vec::new(),
        })
    }

    /// Writes a text to stderr.
    #[expect(clippy::unused_self, reason = "whoever writes has a console")]
    pub(crate) fn to_stderr(&self, text: &str) {
        // There is nobody left to tell when stderr fails.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says something beside the result.
    pub(crate) fn note(&self, text: &str) {
        self.labelled("note:", AnsiColor::Cyan.on_default().bold(), text);
    }

    /// Says why there is no result, and what to do about it.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.labelled("error:", AnsiColor::Red.on_default().bold(), &failure.message);
        for hint in &failure.hints {
            self.labelled("  hint:", AnsiColor::Green.on_default(), hint);
        }
    }

    /// Says what is wrong with a connection string, as a diagnosis of it would.
    pub(crate) fn malformed(&self, malformed: &Malformed) {
        let style = AnsiColor::Red.on_default().bold();
        self.labelled("error[url-malformed]:", style, &format!("`{}` {}", malformed.written, malformed.complaint()));
        self.labelled("  fix:", AnsiColor::Green.on_default(), &malformed.advice());
        self.to_stderr("  more: dprobe explain url-malformed\n");
    }

    fn labelled(&self, label: &str, style: Style, text: &str) {
        let text = text.replace('\n', &format!("\n{:1$}", "", label.len() + 1));
        let line =
            if self.stderr_color { format!("{style}{label}{style:#} {text}\n") } else { format!("{label} {text}\n") };
        self.to_stderr(&line);
    }

    /// Does something until it is done, or until the user has had enough. What it is at is told on a terminal, if `draw`.
    pub(crate) fn until_interrupted<T>(
        &self,
        draw: bool,
        work: impl AsyncFnOnce(&(dyn Fn(&str) + Sync)) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::could_not_run(&error).hint("the system refused what an event loop needs; is a limit reached?")
        })?;
        let at: Mutex<String> = Mutex::default();
        let tell = |text: &str| {
            if let Ok(mut at) = at.lock() {
                text.clone_into(&mut at);
            }
        };
        let drawn = draw && io::stderr().is_terminal();
        let done = runtime.block_on(async {
            tokio::select! {
                done = work(&tell) => done,
                () = interrupted() => Err(Failure {
                    exit: Exit::Interrupted, message: "interrupted".to_owned(), hints: Vec::new(),
                }),
                never = self.draw_progress(&at), if drawn => match never {},
            }
        });
        // What still runs in other threads is not worth waiting for.
        runtime.shutdown_background();
        if drawn {
            self.to_stderr("\r\x1b[K");
        }
        done
    }

    /// Draws what the work is at, for ever.
    async fn draw_progress(&self, at: &Mutex<String>) -> Infallible {
        let start = Instant::now();
        tokio::time::sleep(PATIENCE).await;
        for turn in 0.. {
            let text = at.lock().map(|at| at.clone()).unwrap_or_default();
            let picture = SPINNER[turn % SPINNER.len()];
            self.to_stderr(&format!("\r\x1b[K{picture} {text} ({:.1} s)", start.elapsed().as_secs_f32()));
            tokio::time::sleep(TICK).await;
        }
        std::future::pending().await
    }
}

/// Until Ctrl-C, or until the process is asked to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {},
        Some(()) = terminate.recv() => {},
        else => std::future::pending().await,
    }
}

fn options(width: Option<Width>, color: bool, verbosity: Verbosity, not: bool) -> RenderOptions {
    let defaults = RenderOptions::default();
    RenderOptions { width: width.map_or(defaults.width, |Width(columns)| columns.into()), color, verbosity, not }
}

fn printable(path: &Path) -> String {
    dprobe_probes::text::printable(path.as_os_str().as_encoded_bytes(), 200)
}

/// Logs for developers go to stderr where `DPROBE_LOG` asks for them, such as `DPROBE_LOG=dprobe=debug`.
pub(crate) fn start_tracing() {
    let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("DPROBE_LOG") else { return };
    let started = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).try_init();
    debug_assert!(started.is_ok(), "tracing is started once");
}

/// A writer that does not mind when its reader has gone away.
pub(crate) struct Patient<W>(pub(crate) W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}
