//! `dprobe agent`: the image that agents are started from.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;

use crate::engine::{EMBEDDED, Engine, EngineError};

/// What to do with the agent image.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AgentCommand {
    /// Load the built-in agent image into the engine and print its name
    ///
    /// A check does so by itself on its first run; this is for engines that are to be prepared beforehand.
    Load,
    /// Write the built-in agent image as an archive that `docker load` understands
    ///
    /// For registries and for policies that want to see an image before it runs. Needs no engine.
    Export {
        /// The file to write to, in place of stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// List the agent images on the engine, and the agents that are running
    List,
    /// Remove the agent images from the engine, this version's and others'
    Rm,
}

/// Why a command about the agent image did not work.
#[derive(Debug, thiserror::Error)]
pub enum AgentCommandError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The archive could not be written to its file.
    #[error("failed to write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The output could not be written.
    #[error("failed to write: {0}")]
    Output(#[from] io::Error),
    /// An archive was about to be written to a terminal.
    #[error("the archive is no text for a terminal")]
    Terminal,
    /// Some images are still there.
    #[error("{count} of the agent images could not be removed")]
    Kept {
        /// How many.
        count: usize,
    },
}

impl AgentCommandError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Terminal => Some("name a file with -o, or redirect it: `dprobe agent export > agent.tar`".to_owned()),
            Self::Kept { .. } => Some("remove the containers that use them first".to_owned()),
            Self::File { .. } | Self::Output(_) => None,
        }
    }

    /// The exit code of a run that ends with this.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Engine(error) => error.exit_code(),
            Self::Terminal => 2,
            Self::File { .. } | Self::Output(_) | Self::Kept { .. } => 3,
        }
    }
}

/// `dprobe agent load`: prints the name of the image.
///
/// # Errors
///
/// What the engine says.
pub async fn load(engine: &Engine, out: &mut dyn Write) -> Result<(), AgentCommandError> {
    let image = engine.load_agent().await?;
    writeln!(out, "{}", image.tag)?;
    Ok(())
}

/// `dprobe agent export`: writes the archive to `output`, or to `out` unless that is a terminal.
///
/// # Errors
///
/// [`AgentCommandError::Terminal`], and where it cannot be written.
pub fn export(output: Option<PathBuf>, out: &mut dyn Write, is_terminal: bool) -> Result<(), AgentCommandError> {
    let image = &EMBEDDED;
    match output {
        Some(path) => fs::write(&path, image.archive).map_err(|source| AgentCommandError::File { path, source }),
        None if is_terminal => Err(AgentCommandError::Terminal),
        None => {
            out.write_all(image.archive)?;
            out.flush()?;
            Ok(())
        }
    }
}

/// `dprobe agent list`: the images on the engine, the one this dprobe uses marked, and the agents of all runs.
///
/// # Errors
///
/// What the engine says.
pub async fn list(engine: &Engine, out: &mut dyn Write) -> Result<(), AgentCommandError> {
    let (images, agents) = tokio::try_join!(engine.agent_images(), engine.agents())?;
    let current = engine.agent_image_name();
    let mut rows = vec![["IMAGE", "VERSION", "SIZE", ""].map(str::to_owned)];
    let mut present = false;
    for image in &images {
        let names = if image.tags.is_empty() { std::slice::from_ref(&image.id) } else { &image.tags };
        for name in names {
            let used = *name == current || image.id.trim_start_matches("sha256:") == current;
            present |= used;
            let note = if used { "used by this dprobe" } else { "" };
            rows.push([name.clone(), image.version.clone(), megabytes(image.size), note.to_owned()]);
        }
    }
    if images.is_empty() {
        writeln!(out, "there is no agent image on the engine")?;
    } else {
        table(out, &rows)?;
    }
    if !present {
        writeln!(out, "this dprobe uses {current}, which it will load when it needs it")?;
    }
    if agents.is_empty() {
        writeln!(out, "no agents are running")?;
    } else {
        writeln!(out)?;
        let mut rows = vec![["AGENT", "VERSION", "STATUS", "IMAGE"].map(str::to_owned)];
        rows.extend(agents.into_iter().map(|agent| [agent.name, agent.version, agent.status, agent.image]));
        table(out, &rows)?;
    }
    Ok(())
}

/// `dprobe agent rm`: removes the agent images, each of which is named with what became of it.
///
/// # Errors
///
/// [`AgentCommandError::Kept`] where the engine refuses to remove one; the others are removed all the same.
pub async fn rm(engine: &Engine, out: &mut dyn Write) -> Result<(), AgentCommandError> {
    let images = engine.agent_images().await?;
    if images.is_empty() {
        writeln!(out, "there is no agent image on the engine")?;
    }
    let mut count = 0;
    for image in images {
        let names = if image.tags.is_empty() { vec![image.id] } else { image.tags };
        for name in names {
            match engine.remove_agent_image(&name).await {
                Ok(()) => writeln!(out, "removed {name}")?,
                Err(error) => {
                    count += 1;
                    writeln!(out, "kept {name}: {error}")?;
                }
            }
        }
    }
    if count > 0 { Err(AgentCommandError::Kept { count }) } else { Ok(()) }
}

/// Columns, each as wide as its widest cell.
fn table(out: &mut dyn Write, rows: &[[String; 4]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [first, second, third, last] in rows {
        let line = format!("{first:a$}  {second:b$}  {third:c$}  {last}", a = widths[0], b = widths[1], c = widths[2]);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A size for people, in decimal megabytes as `docker images` has them.
fn megabytes(bytes: u64) -> String {
    format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_goes_to_a_file_or_a_pipe_but_not_to_a_terminal() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let path = folder.path().join("agent.tar");
        let mut out = Vec::new();
        export(Some(path.clone()), &mut out, true).expect("an export to a file");
        assert!(out.is_empty());
        let mut piped = Vec::new();
        export(None, &mut piped, false).expect("an export to a pipe");
        assert_eq!(fs::read(&path).expect("the file"), piped);
        let error = export(None, &mut out, true).expect_err("a terminal");
        assert_eq!((error.exit_code(), out.len()), (2, 0));
        assert!(error.hint().is_some_and(|hint| hint.contains("-o")));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = export(Some("/nowhere/agent.tar".into()), &mut Vec::new(), false).expect_err("no such folder");
        assert!(error.to_string().starts_with("failed to write /nowhere/agent.tar: "), "{error}");
        assert_eq!(error.exit_code(), 3);
    }

    #[test]
    fn columns_line_up() {
        let mut out = Vec::new();
        let rows = [["IMAGE", "V", "SIZE", ""], ["a:1", "0.1.0", "1.50 MB", "used"]].map(|row| row.map(str::to_owned));
        table(&mut out, &rows).expect("a table");
        assert_eq!(String::from_utf8_lossy(&out), "IMAGE  V      SIZE\na:1    0.1.0  1.50 MB  used\n");
        assert_eq!((megabytes(1_505_000), megabytes(999)), ("1.50 MB".to_owned(), "0.00 MB".to_owned()));
    }
}
