//! Every code that dprobe can say has a stack here that makes it say so.

use std::fs;
use std::path::Path;

use dprobe_tests::Dprobe;

#[test]
fn every_code_has_a_stack() {
    let listed = Dprobe::new(["explain", "--list"]).run();
    assert!(listed.status.success(), "{}", listed.stderr);
    // The lines below a code are indented.
    let firsts = listed.stdout.lines().filter(|line| !line.starts_with(char::is_whitespace));
    let codes: Vec<&str> = firsts.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(codes.len() >= 27, "{codes:?}");

    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let stacks: String = fs::read_dir(tests)
        .expect("the tests")
        .flatten()
        .map(|file| fs::read_to_string(file.path()).unwrap_or_default())
        .collect();
    let asserted = |code: &&&str| {
        // Some causes never come first, for they block nothing by themselves.
        let verdicts = ["unreachable", "degraded", "also", "finds"];
        !verdicts.iter().any(|verdict| stacks.contains(&format!(".{verdict}(\"{code}\")")))
    };
    let missing: Vec<&&str> = codes.iter().filter(asserted).collect();
    assert!(missing.is_empty(), "no stack asserts {missing:?}");
}
