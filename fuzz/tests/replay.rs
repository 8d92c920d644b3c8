//! The seeds, and what fuzzing has found, once more: what was mended stays mended.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use dprobe_fuzz::TARGETS;

/// The files below a folder of this crate, by the target that they are for.
fn inputs(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries(&folder)
        .flat_map(|target| entries(&target).map(move |input| (name(&target), input)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn nothing_fails_that_was_put_right() {
    let mut failed = Vec::new();
    for (name, input) in inputs("seeds").into_iter().chain(inputs("regressions")) {
        let target = dprobe_fuzz::target(&name).unwrap_or_else(|| panic!("`{name}` is no target"));
        let bytes = fs::read(&input).expect("an input");
        if catch_unwind(|| target.feed(&bytes)).is_err() {
            failed.push(input);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_has_seeds() {
    let seeded: BTreeSet<String> = inputs("seeds").into_iter().map(|(name, _)| name).collect();
    let without: Vec<&str> = TARGETS.iter().map(|target| target.name).filter(|name| !seeded.contains(*name)).collect();
    assert!(without.is_empty(), "without seeds: {without:?}");
}

#[test]
fn no_target_minds_an_empty_input() {
    for target in TARGETS {
        target.feed(b"");
    }
}
