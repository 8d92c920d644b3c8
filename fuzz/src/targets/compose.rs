//! A user's compose file, and a change made to it.

use std::net::IpAddr;
use std::path::Path;

use dprobe::compose::{
    ComposeChange, ComposeEdit, ComposeNetwork, ComposePort, Declared, Edited, edit as edited, edit_one_of, patch,
};
use dprobe::topology::Protocol;

use crate::check;

/// A change, by the first byte of the input.
fn change(number: u8) -> ComposeChange {
    let text = |text: &str| text.to_owned();
    let network = |name: &str, declared| ComposeNetwork { name: text(name), declared };
    let port = ComposePort::new(18_080, 80, Protocol::Tcp);
    match number % 9 {
        0 => ComposeChange::SetCommand { argv: vec![text("serve"), text("--host"), text("a b: $c")] },
        1 => {
            ComposeChange::JoinNetwork { network: network("wanted", Declared::External), beside: vec![text("default")] }
        }
        2 => ComposeChange::JoinNetwork { network: network("known", Declared::Already), beside: Vec::new() },
        3 => ComposeChange::LeaveNetworkMode { mode: text("host"), network: None },
        4 => ComposeChange::Publish { port, instead_of: None },
        5 => {
            let old = ComposePort { host_ip: Some(IpAddr::from([127, 0, 0, 1])), ..port };
            ComposeChange::Publish { port, instead_of: Some(old) }
        }
        6 => ComposeChange::AddExtraHost { name: text("host.docker.internal"), address: text("host-gateway") },
        7 => ComposeChange::RemoveExtraHost { name: text("db") },
        _ => ComposeChange::WaitUntilHealthy { service: text("db"), checked: true },
    }
}

/// A compose file after the number of a change. A line of `===` divides two files that are merged.
pub(super) fn edit(data: &[u8]) {
    let Some((number, file)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(file) else { return };
    let wanted = ComposeEdit { project: "shop".to_owned(), service: "web".to_owned(), change: change(*number) };
    if let Some(edited) = edited(text, &wanted) {
        judge(text, &edited);
    }
    let files: Vec<String> = text.split("\n===\n").map(str::to_owned).collect();
    if let Some((place, edited)) = edit_one_of(&files, &wanted) {
        judge(&files[place], &edited);
    }
}

/// The patch of an edit makes of the file what the edit made of it.
fn judge(text: &str, edited: &Edited) {
    assert_ne!(text, edited.text);
    let Some(diff) = patch(Path::new("/srv/compose.yml"), text, edited) else { return };
    for line in diff.lines() {
        check::printable(line);
    }
    assert_eq!(patched(text, &diff), edited.text, "{diff}");
}

/// What patch(1) does with a unified diff whose hunks have no context.
fn patched(text: &str, diff: &str) -> String {
    let old: Vec<&str> = text.split_inclusive('\n').collect();
    let mut new = String::new();
    let mut at = 0;
    let mut lines = diff.split_inclusive('\n').skip(2).peekable();
    while let Some(head) = lines.next() {
        // `@@ -START,COUNT +… @@`, where a count of one is left out.
        let range = head.strip_prefix("@@ -").and_then(|rest| rest.split(' ').next()).expect("the head of a hunk");
        let (start, count) = range.split_once(',').unwrap_or((range, "1"));
        let start: usize = start.parse().expect("a number");
        let first = if count == "0" { start } else { start - 1 };
        new.extend(old[at..first].iter().copied());
        at = first;
        let mut added = false;
        while let Some(line) = lines.next_if(|line| !line.starts_with("@@")) {
            match line.split_at(1) {
                ("-", gone) => {
                    assert_eq!(gone.trim_end_matches('\n'), old[at].trim_end_matches('\n'), "{diff}");
                    at += 1;
                    added = false;
                }
                ("+", more) => {
                    new.push_str(more);
                    added = true;
                }
                // `\ No newline at end of file` is about the line before it.
                _ if added => new.truncate(new.trim_end_matches('\n').len()),
                _ => {}
            }
        }
    }
    new.extend(old[at..].iter().copied());
    new
}
