//! Reports kept as facts: with `DPROBE_RECORD=DIR` in the environment, every report that a test has asserted is written to
//! DIR, from where `cli/tests/recorded.rs` replays it without any engine. What is kept is what a diagnosis follows from,
//! and the codes that it led to. What belongs to others on the same engine is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

/// How the names of stacks begin (see [`crate::Stack`]); digits of the process and a number follow.
const PREFIX: &str = "dpt";

/// Writes a report of the running test, where the environment asks for it.
pub(crate) fn keep(report: &Value) {
    let Some(dir) = std::env::var_os("DPROBE_RECORD").map(PathBuf::from) else { return };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("main").replace("::", "-");
    let code = report["checks"][0]["diagnoses"][0]["code"].as_str().unwrap_or("healthy");
    let file = dir.join(format!("{}.json", numbered(format!("{test}--{code}"))));
    std::fs::create_dir_all(&dir).expect("the directory of the records");
    std::fs::write(file, format!("{:#}\n", without_numbers(&pruned(report)))).expect("a record");
}

/// The name, with a number where this process has used it before.
fn numbered(name: String) -> String {
    static USED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let mut used = USED.lock().expect("no panic while it is held");
    let count = used.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
    if *count == 1 { name } else { format!("{name}-{count}") }
}

/// The facts of a report: without words, and without what no stack of this test has made.
fn pruned(report: &Value) -> Value {
    let mut report = report.clone();
    let stacks = stacks_in(&report["checks"].to_string());
    let is_ours = |key: &str| !stacks_in(key).is_disjoint(&stacks);
    for (key, container) in retain(&mut report["topology"]["containers"], is_ours) {
        let files = container["compose"]["files"].as_array_mut().into_iter().flatten();
        for file in files {
            *file = json!(Path::new(file.as_str().unwrap_or(&key)).file_name().map(|name| name.to_string_lossy()));
        }
    }
    retain(&mut report["topology"]["networks"], |key| matches!(key, "bridge" | "host" | "none") || is_ours(key));
    for check in report["checks"].as_array_mut().into_iter().flatten() {
        check["stages"] = json!([]);
        for diagnosis in check["diagnoses"].as_array_mut().into_iter().flatten() {
            for (words, blank) in [("title", json!("")), ("explanation", json!("")), ("fixes", json!([]))] {
                diagnosis[words] = blank;
            }
        }
    }
    report
}

/// Drops the entries of an object whose keys are not wanted, and hands out the others.
fn retain(object: &mut Value, wanted: impl Fn(&str) -> bool) -> Vec<(String, &mut Value)> {
    let Some(object) = object.as_object_mut() else { return Vec::new() };
    object.retain(|key, _| wanted(key));
    object.iter_mut().map(|(key, value)| (key.clone(), value)).collect()
}

/// The names of the stacks that a text speaks of, such as `dpt1f2e00-1`.
fn stacks_in(text: &str) -> BTreeSet<String> {
    text.match_indices(PREFIX)
        .filter_map(|(at, _)| {
            let rest = &text[at + PREFIX.len()..];
            let digits = rest.find(|c: char| !c.is_ascii_hexdigit())?;
            let number = rest[digits..].strip_prefix('-')?;
            let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            (digits > 0 && end > 0).then(|| format!("{PREFIX}{}", &rest[..digits + 1 + end]))
        })
        .collect()
}

/// The same with the names of stacks shortened to what does not change from run to run: `dpt-1`.
fn without_numbers(report: &Value) -> Value {
    let mut text = report.to_string();
    // The longest first: `dpt1f2e00-1` is the beginning of `dpt1f2e00-11`.
    let mut stacks: Vec<String> = stacks_in(&text).into_iter().collect();
    stacks.sort_by_key(|stack| std::cmp::Reverse(stack.len()));
    for stack in stacks {
        let number = stack.rsplit('-').next().unwrap_or_default();
        text = text.replace(&stack, &format!("{PREFIX}-{number}"));
    }
    serde_json::from_str(&text).expect("the same JSON with shorter names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_others_is_left_out() {
        let report = json!({
            "checks": [{ "from": { "typed": "dpt1f2e00-1-web" }, "stages": [1], "diagnoses": [{ "title": "x" }] }],
            "topology": {
                "containers": {
                    "dpt1f2e00-1-web": { "compose": { "files": ["/tmp/x/docker-compose.yml"] } },
                    "dpt1f2e00-11-web": {},
                    "somebody": {},
                },
                "networks": { "bridge": {}, "dpt1f2e00-1-net": {}, "other": {} },
            },
        });
        let kept = without_numbers(&pruned(&report));
        assert_eq!(
            kept["topology"],
            json!({
                "containers": { "dpt-1-web": { "compose": { "files": ["docker-compose.yml"] } } },
                "networks": { "bridge": {}, "dpt-1-net": {} },
            })
        );
        assert_eq!(kept["checks"][0]["from"]["typed"], "dpt-1-web");
        assert_eq!(
            (&kept["checks"][0]["stages"], &kept["checks"][0]["diagnoses"][0]["title"]),
            (&json!([]), &json!(""))
        );
    }

    #[test]
    fn a_name_that_is_used_again_gets_a_number() {
        assert_eq!(numbered("a--healthy".to_owned()), "a--healthy");
        assert_eq!(numbered("a--healthy".to_owned()), "a--healthy-2");
    }
}
