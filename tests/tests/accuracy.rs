//! `docs/accuracy.md` is in step with the stacks: each test that asserts what dprobe says of a stack is in it, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a test calls that is kept for the table.
const ASSERTIONS: [&str; 4] = [".unreachable(\"", ".degraded(\"", ".finds(\"", ".healthy()"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The files of the tests by the names of their modules, also those of a test that is a folder of files.
fn sources(folder: &Path, within: &str) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).expect("the tests").flatten() {
        let path = entry.path();
        let name = format!("{within}{}", path.file_stem().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            sources.extend(self::sources(&path, &format!("{name}::")));
        } else if path.extension().is_some_and(|is| is == "rs") {
            sources.push((name, fs::read_to_string(path).unwrap_or_default()));
        }
    }
    sources
}

#[test]
fn the_table_is_in_step_with_the_stacks() {
    let table = fs::read_to_string(root().join("docs/accuracy.md")).expect("docs/accuracy.md");
    let listed: BTreeSet<String> = table
        .split("## Every check")
        .nth(1)
        .expect("the list of checks")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next().map(str::to_owned))
        .filter(|test| test.contains("::"))
        .collect();

    let mut known = BTreeSet::new();
    let mut asserting = BTreeSet::new();
    for (binary, text) in sources(&root().join("tests/tests"), "") {
        for test in text.split("#[test]\nfn ").skip(1) {
            let name = format!("{binary}::{}", test.split('(').next().unwrap_or_default());
            // A test may be followed by helpers of its neighbours, which assert nothing of its own.
            let body = test.split("\n}\n").next().unwrap_or_default();
            if binary != "accuracy" && ASSERTIONS.iter().any(|assertion| body.contains(assertion)) {
                asserting.insert(name.clone());
            }
            known.insert(name);
        }
    }
    let missing: Vec<&String> = asserting.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&known).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "`./dev accuracy` makes it anew; missing {missing:?}, gone {gone:?}"
    );
    assert!(listed.len() > 100, "{}", listed.len());
}

#[test]
fn the_table_is_of_a_run_in_which_all_was_right() {
    let table = fs::read_to_string(root().join("docs/accuracy.md")).expect("docs/accuracy.md");
    assert!(table.contains("Nothing was taken for anything else."));
    let healthy = table.lines().find(|line| line.starts_with("| `healthy`")).expect("a row of the healthy stacks");
    let stacks: usize = healthy.split('|').nth(2).and_then(|cell| cell.trim().parse().ok()).expect("how many");
    assert!(stacks >= 30, "{stacks} healthy stacks");
}
