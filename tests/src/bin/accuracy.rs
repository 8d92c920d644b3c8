//! Makes `docs/accuracy.md` out of what `DPROBE_ACCURACY` has kept of a run of the tests (see `dprobe_tests::accuracy`).
//!
//! `accuracy DIR FILE` reads the lines in DIR and writes FILE; it ends with 1 where something was wrong.

#![expect(clippy::print_stderr, reason = "a program for people who work on dprobe")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use dprobe_tests::accuracy::{HEALTHY, NO_CAUSE};
use serde_json::Value;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(dir), Some(file)) = (args.next(), args.next()) else {
        eprintln!("usage: accuracy DIR FILE");
        return ExitCode::from(2);
    };
    let table = match read(Path::new(&dir)) {
        Ok(table) => table,
        Err(error) => {
            eprintln!("error: cannot read {}: {error}", dir.display());
            return ExitCode::from(2);
        }
    };
    if let Err(error) = std::fs::write(&file, table.text()) {
        eprintln!("error: cannot write {}: {error}", file.display());
        return ExitCode::from(2);
    }
    eprintln!("{}", table.summary());
    if table.is_perfect() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One check of a stack.
struct Row {
    test: String,
    expected: String,
    said: String,
    right: bool,
    took_ms: f64,
}

/// Everything that was kept of a run.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    /// For each code how many fixes were tried, and how many worked.
    fixes: BTreeMap<String, (usize, usize)>,
}

fn read(dir: &Path) -> std::io::Result<Table> {
    let mut table = Table::default();
    for entry in std::fs::read_dir(dir)? {
        for line in std::fs::read_to_string(entry?.path())?.lines() {
            let line: Value = serde_json::from_str(line)?;
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            if line.get("fixed").is_some() {
                let (tried, worked) = table.fixes.entry(text("fixed")).or_default();
                *tried += 1;
                *worked += usize::from(line["worked"] == true);
            } else {
                table.rows.push(Row {
                    test: text("test"),
                    expected: text("expected"),
                    said: text("said"),
                    right: line["right"] == true,
                    took_ms: line["took_ms"].as_f64().unwrap_or_default(),
                });
            }
        }
    }
    table.rows.sort_by(|one, other| (&one.expected, &one.test).cmp(&(&other.expected, &other.test)));
    Ok(table)
}

impl Table {
    fn healthy(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.expected == HEALTHY)
    }

    fn broken(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.expected != HEALTHY)
    }

    fn is_perfect(&self) -> bool {
        self.rows.iter().all(|row| row.right) && self.fixes.values().all(|(tried, worked)| tried == worked)
    }

    fn summary(&self) -> String {
        let stacks =
            |rows: &mut dyn Iterator<Item = &Row>| rows.map(|row| row.test.clone()).collect::<BTreeSet<String>>().len();
        let codes: BTreeSet<&str> = self.broken().map(|row| row.expected.as_str()).collect();
        let (tried, worked) = self.fixes.values().fold((0, 0), |(tried, worked), fix| (tried + fix.0, worked + fix.1));
        format!(
            "{} of {} checks of {} broken stacks were given the right cause first ({} codes); {} of {} checks of {} healthy stacks \
             raised a false alarm; {worked} of {tried} printed fixes that were applied made the check pass.",
            self.broken().filter(|row| row.right).count(),
            self.broken().count(),
            stacks(&mut self.broken()),
            codes.len(),
            self.healthy().filter(|row| !row.right).count(),
            self.healthy().count(),
            stacks(&mut self.healthy()),
        )
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# How often dprobe is right\n\n\
             Made by `./dev accuracy` from a run of all stacks of `tests/` on a real engine; not written by hand. A stack is right \
             where the first diagnosis has the code that its fault has in the catalogue and the verdict fits, and a healthy one \
             where no error and no warning is said. A machine that `dprobe doctor` looked over is right where the code is among \
             what was found.\n\n{}\n\n\
             ## By code\n\n\
             | code | stacks | checks | right first | fixes applied | worked |\n|---|---|---|---|---|---|\n",
            self.summary()
        );
        let codes: BTreeSet<&str> = self.rows.iter().map(|row| row.expected.as_str()).collect();
        for code in codes {
            let of_code: Vec<&Row> = self.rows.iter().filter(|row| row.expected == code).collect();
            let stacks: BTreeSet<&str> = of_code.iter().map(|row| row.test.as_str()).collect();
            let right = of_code.iter().filter(|row| row.right).count();
            let (tried, worked) = self.fixes.get(code).copied().unwrap_or_default();
            let _ =
                writeln!(text, "| `{code}` | {} | {} | {right} | {tried} | {worked} |", stacks.len(), of_code.len());
        }
        text += "\n## What was said in place of what\n\n";
        let wrong: Vec<&Row> = self.rows.iter().filter(|row| !row.right).collect();
        if wrong.is_empty() {
            text += "Nothing was taken for anything else.\n";
        } else {
            text += "| stack | expected | said |\n|---|---|---|\n";
            for row in wrong {
                let said = if row.said == NO_CAUSE { NO_CAUSE.to_owned() } else { format!("`{}`", row.said) };
                let _ = writeln!(text, "| {} | `{}` | {said} |", row.test, row.expected);
            }
        }
        text += "\n## Every check\n\n| stack | expected | said | took |\n|---|---|---|---|\n";
        for row in &self.rows {
            let _ = writeln!(
                text,
                "| {} | `{}` | `{}` | {:.1} s |",
                row.test,
                row.expected,
                row.said,
                row.took_ms / 1000.0
            );
        }
        text
    }
}
