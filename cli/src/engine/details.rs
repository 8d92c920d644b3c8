//! What is read of a container only where a diagnosis may need it: its processes and its last words.

use std::time::Duration;

use bollard::query_parameters::LogsOptionsBuilder;
use dprobe_probes::text::printable;
use futures_util::StreamExt;
use serde::Deserialize;

use super::client::Client;
use super::clock::EngineClock;
use crate::redact;
use crate::reverse_proxy::nginx_log::LogLine;
use crate::topology::Process;

/// How long each of the two may take. They enrich a diagnosis and are not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many processes are kept, and how much of each command line in characters.
const PROCESSES: usize = 100;
const COMMAND: usize = 1000;

/// How many lines of the log are kept, how much of each in characters (where it is to be read by a program, too), and how
/// many bytes are read for them.
const LOG_LINES: usize = 15;
const LOG_LINE: usize = 500;
const LONG_LINE: usize = 2000;
const LOG_BYTES: usize = 256 * 1024;

/// A container's processes and its last log lines, secrets removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// `docker top`; none where it does not run or the engine cannot tell.
    pub processes: Option<Vec<Process>>,
    /// The last lines of its log, oldest first; none where its log driver keeps nothing.
    pub last_log: Option<Vec<String>>,
}

/// Reads both at the same time.
pub(super) async fn details(client: &Client, id: &str) -> Details {
    let (processes, last_log) = tokio::join!(
        tokio::time::timeout(PATIENCE, processes(client, id)),
        tokio::time::timeout(PATIENCE, last_log(client, id)),
    );
    Details { processes: processes.ok().flatten(), last_log: last_log.ok().flatten() }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct TopBody {
    titles: Vec<String>,
    processes: Vec<Vec<String>>,
}

async fn processes(client: &Client, id: &str) -> Option<Vec<Process>> {
    let doing = "list the processes";
    // The engine runs ps(1) on its host. These two columns keep the whole command line in the last one.
    match client.get(doing, &format!("/containers/{id}/top?ps_args=-eo%20pid,args")).await {
        Ok(body) => processes_of(&body),
        // A ps without such options, as BusyBox has it.
        Err(_) => processes_of(&client.get(doing, &format!("/containers/{id}/top")).await.ok()?),
    }
}

pub(super) fn processes_of(body: &TopBody) -> Option<Vec<Process>> {
    let column = |names: &[&str]| body.titles.iter().position(|title| names.contains(&title.as_str()));
    let pid = column(&["PID"])?;
    let command = column(&["COMMAND", "CMD", "ARGS"])?;
    Some(
        body.processes
            .iter()
            .take(PROCESSES)
            .filter_map(|row| {
                let words: Vec<String> = row.get(command)?.split(' ').map(str::to_owned).collect();
                let command = redact::arguments(&words).join(" ");
                Some(Process {
                    pid: row.get(pid)?.trim().parse().ok()?,
                    command: printable(command.as_bytes(), COMMAND),
                })
            })
            .collect(),
    )
}

async fn last_log(client: &Client, id: &str) -> Option<Vec<String>> {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&LOG_LINES.to_string());
    Some(log_lines(&read(client, id, options).await?))
}

/// The last lines of a log with their ages.
pub(super) async fn log(client: &Client, id: &str, lines: usize, clock: Option<EngineClock>) -> Option<Vec<LogLine>> {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail(&lines.to_string());
    let bytes = tokio::time::timeout(PATIENCE, read(client, id, options)).await.ok()??;
    let line = |line: String| match line.split_once(' ') {
        Some((time, text)) => LogLine { age_s: clock.and_then(|clock| clock.since(time)), text: text.to_owned() },
        None => LogLine { age_s: None, text: line },
    };
    Some(printable_lines(&bytes, LONG_LINE).map(line).collect())
}

async fn read(client: &Client, id: &str, options: LogsOptionsBuilder) -> Option<Vec<u8>> {
    // bollard takes the frames apart; the log of a terminal comes without frames.
    let mut frames = client.docker().logs(id, Some(options.build()));
    let mut bytes = Vec::new();
    while let Some(frame) = frames.next().await {
        bytes.extend_from_slice(frame.ok()?.as_ref());
        // The last ones count.
        if bytes.len() > 2 * LOG_BYTES {
            bytes.drain(..bytes.len() - LOG_BYTES);
        }
    }
    Some(bytes)
}

pub(super) fn log_lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = printable_lines(bytes, LOG_LINE).collect();
    lines.drain(..lines.len().saturating_sub(LOG_LINES));
    lines
}

/// The lines that are not empty, secrets removed, each cut at so many characters.
fn printable_lines(bytes: &[u8], longest: usize) -> impl Iterator<Item = String> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(move |line| printable(redact::line(&String::from_utf8_lossy(line)).as_bytes(), longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(titles: &[&str], rows: &[&[&str]]) -> TopBody {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        TopBody { titles: owned(titles), processes: rows.iter().map(|row| owned(row)).collect() }
    }

    #[test]
    fn columns_are_found_by_their_titles() {
        let short =
            processes_of(&top(&["PID", "COMMAND"], &[&["4711", "mongod --bind_ip 127.0.0.1"]])).expect("processes");
        assert_eq!(short, [Process { pid: 4711, command: "mongod --bind_ip 127.0.0.1".to_owned() }]);
        let long = processes_of(&top(
            &["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
            &[&["root", "4711", "1", "0", "10:00", "?", "00:00:00", "nginx: master process"]],
        ));
        assert_eq!(long.expect("processes")[0].command, "nginx: master process");
        assert_eq!(processes_of(&top(&["USER"], &[&["root"]])), None);
    }

    #[test]
    fn a_password_on_a_command_line_is_not_kept() {
        let found = processes_of(&top(&["PID", "CMD"], &[&["1", "redis-server --requirepass hunter2 --port 6379"]]));
        let command = &found.expect("processes")[0].command;
        assert!(!command.contains("hunter2") && command.contains("--port 6379"), "{command}");
    }

    #[test]
    fn log_lines_are_cut_and_made_printable() {
        assert_eq!(log_lines(b"one\r\n\n\x1b[31mtwo\n"), ["one", "\\x1b[31mtwo"]);
        let many = (0..40).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let kept = log_lines(many.as_bytes());
        assert_eq!((kept.len(), kept.last().map(String::as_str)), (LOG_LINES, Some("line 39")));
    }
}
