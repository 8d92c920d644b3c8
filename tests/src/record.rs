//! Reports kept as facts: with `DPROBE_RECORD=DIR` in the environment, every report that a test has asserted is written to
//! DIR, from where `cli/tests/recorded.rs` replays it without any engine. What is kept is what a diagnosis follows from,
//! and the codes that it led to. What belongs to others on the same engine is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};

/// How the names of stacks begin (see [`crate::Stack`]); digits of the process and a number follow.
const PREFIX: &str = "dpt";

/// A record with more containers than this is left out: it is of a test of size, and has nothing new to tell.
const MAX_CONTAINERS: usize = 20;

/// The address that takes the place of the machine's own DNS servers (TEST-NET-1, RFC 5737).
const SOME_NAMESERVER: &str = "192.0.2.53";

/// Writes a report of the running test, where the environment asks for it.
pub(crate) fn keep(report: &Value) {
    let Some(dir) = std::env::var_os("DPROBE_RECORD").map(PathBuf::from) else { return };
    let kept = without_numbers(&pruned(report));
    if kept["topology"]["containers"].as_object().is_none_or(|containers| containers.len() > MAX_CONTAINERS) {
        return;
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("main").replace("::", "-");
    // Of many checks, the first that something was said of.
    let said = |check: &&Value| check["diagnoses"].as_array().is_some_and(|all| !all.is_empty());
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let check = checks.iter().find(said).unwrap_or(&report["checks"][0]);
    let established = check["diagnoses"][0]["code"].as_str();
    let code = established.unwrap_or(if check["verdict"] == "reachable" { "healthy" } else { "unknown" });
    let file = dir.join(format!("{}.json", numbered(format!("{test}--{code}"))));
    std::fs::create_dir_all(&dir).expect("the directory of the records");
    std::fs::write(file, lines(&kept)).expect("a record");
}

/// JSON with a line for each container, network, observation and check, so that a difference can be read.
fn lines(report: &Value) -> String {
    format!("{}\n", broken(report, 3))
}

/// JSON whose outer levels, so many of them, are broken into lines.
fn broken(value: &Value, levels: usize) -> String {
    let Some(inner) = levels.checked_sub(1) else { return value.to_string() };
    match value {
        Value::Array(items) if !items.is_empty() => {
            format!("[\n{}\n]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n"))
        }
        Value::Object(fields) if !fields.is_empty() => {
            let entries = fields.iter().map(|(key, value)| format!("{}: {}", json!(key), broken(value, inner)));
            format!("{{\n{}\n}}", entries.collect::<Vec<_>>().join(",\n"))
        }
        _ => value.to_string(),
    }
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
    // Nobody else is in a lab.
    let lab = report["engine"]["address"].as_str().is_some_and(|address| address.contains(crate::lab::PREFIX));
    let is_ours = |key: &str| lab || !stacks_in(key).is_disjoint(&stacks);
    retain(&mut report["topology"]["containers"], is_ours);
    retain(&mut report["topology"]["networks"], |key| matches!(key, "bridge" | "host" | "none") || is_ours(key));
    for container in values(&mut report["topology"]["containers"]) {
        let files = container.pointer_mut("/compose/files").and_then(Value::as_array_mut).into_iter().flatten();
        for file in files {
            let path = PathBuf::from(file.as_str().unwrap_or_default());
            *file = json!(path.file_name().map(|name| name.to_string_lossy()));
        }
        if let Some(compose) = container["compose"].as_object_mut() {
            compose.remove("working_dir");
        }
    }
    values(&mut report["checks"]).for_each(without_words);
    without_the_machine(&mut report, lab);
    report
}

/// Leaves out of a check, and of those that it led to, what a replay makes anew.
fn without_words(check: &mut Value) {
    check["stages"] = json!([]);
    for diagnosis in values(&mut check["diagnoses"]) {
        for (words, blank) in [("title", json!("")), ("explanation", json!("")), ("fixes", json!([]))] {
            diagnosis[words] = blank;
        }
    }
    if let Some(followed) = check.get_mut("followed") {
        values(followed).filter_map(|followed| followed.get_mut("check")).for_each(without_words);
    }
}

/// Drops what the facts tell of the machine beside the stack: its kernel, its other interfaces and sockets, its own name,
/// its DNS servers.
fn without_the_machine(report: &mut Value, lab: bool) {
    for field in ["kernel", "os"] {
        report["engine"][field] = json!("Linux");
    }
    if report["engine"].get("address").is_some() {
        report["engine"]["address"] = json!("unix:///var/run/docker.sock");
    }
    for node in report.pointer_mut("/topology/swarm/nodes").map(values).into_iter().flatten() {
        node["hostname"] = json!("node");
    }
    let topology = report["topology"].to_string();
    let about = format!("{topology}{}", report["checks"]);
    let speaks_of = |port: &Value| {
        let words = [format!("port\":{port},"), format!("port\":{port}}}"), format!(":{port}\"")];
        words.iter().any(|word| about.contains(word))
    };
    let is_host =
        |fact: &Value| fact["interfaces"].as_array().into_iter().flatten().any(|one| one["name"] == "docker0");
    let observations = report["observations"].as_array().cloned().unwrap_or_default();
    let mut hosts: BTreeSet<String> = observations.iter().filter(|fact| is_host(fact)).map(place).collect();
    hosts.insert("host".to_owned());

    for fact in values(&mut report["observations"]) {
        // Podman hands the names of its host on to its containers.
        keep_items(fact, "hosts", |entry| {
            let own = |address: &str| address.starts_with("127.");
            !entry["address"].as_str().is_some_and(own) || entry["names"].to_string().contains("\"localhost\"")
        });
    }
    // The host of a lab is as much of the stack as its containers.
    for fact in values(&mut report["observations"]).filter(|fact| !lab && hosts.contains(&place(fact))) {
        keep_items(fact, "sockets", |socket| speaks_of(&socket["port"]));
        keep_items(fact, "hosts", |entry| entry["names"].to_string().contains("\"localhost\""));
        keep_items(fact, "interfaces", |one| {
            let ours = |address: &Value| topology.contains(&address["address"].to_string());
            one["loopback"] == true || one["addresses"].as_array().into_iter().flatten().any(ours)
        });
        let left: Vec<Value> =
            fact["interfaces"].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
        keep_items(fact, "routes", |route| left.contains(&route["interface"]));
    }

    let servers: BTreeSet<&str> = observations
        .iter()
        .flat_map(|fact| fact["nameservers"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .filter(|server| !server.starts_with("127.") && !topology.contains(&format!("\"{server}\"")))
        .collect();
    let mut text = report.to_string();
    for server in servers {
        text = text.replace(&format!("\"{server}\""), &format!("\"{SOME_NAMESERVER}\""));
    }
    *report = serde_json::from_str(&text).expect("the same JSON with another address");
}

/// Where a fact was seen.
fn place(fact: &Value) -> String {
    fact["in"].as_str().unwrap_or_default().to_owned()
}

/// The elements of an array, or the values of an object.
fn values(of: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match of {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(fields) => Box::new(fields.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Drops the elements of a field's array that are not wanted.
fn keep_items(of: &mut Value, field: &str, wanted: impl Fn(&Value) -> bool) {
    if let Some(items) = of.get_mut(field).and_then(Value::as_array_mut) {
        items.retain(|item| wanted(item));
    }
}

/// Drops the entries of an object whose keys are not wanted.
fn retain(object: &mut Value, wanted: impl Fn(&str) -> bool) {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|key, _| wanted(key));
    }
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

    fn report() -> Value {
        json!({
            "engine": { "kernel": "6.1.0-special" },
            "checks": [{
                "from": { "typed": "dpt1f2e00-1-web" },
                "to": { "port": 80 },
                "stages": [1],
                "diagnoses": [{ "title": "x" }],
            }],
            "observations": [
                { "in": "dpt1f2e00-1-web", "nameservers": ["10.9.8.7", "127.0.0.11"], "search": [] },
                {
                    "in": "host",
                    "sockets": [{ "port": 80 }, { "port": 8080 }],
                    "interfaces": [
                        { "name": "lo", "loopback": true },
                        { "name": "docker0", "addresses": [{ "address": "172.17.0.1" }] },
                        { "name": "eth0", "addresses": [{ "address": "10.9.8.1" }] },
                    ],
                    "routes": [{ "interface": "eth0" }, { "interface": "docker0" }],
                },
            ],
            "topology": {
                "containers": {
                    "dpt1f2e00-1-web": { "compose": { "files": ["/tmp/x/docker-compose.yml"], "working_dir": "/tmp/x" } },
                    "dpt1f2e00-11-web": {},
                    "somebody": {},
                },
                "networks": { "bridge": { "gateway": "172.17.0.1" }, "dpt1f2e00-1-net": {}, "other": {} },
            },
        })
    }

    #[test]
    fn what_belongs_to_others_is_left_out() {
        let kept = without_numbers(&pruned(&report()));
        assert_eq!(
            kept["topology"],
            json!({
                "containers": { "dpt-1-web": { "compose": { "files": ["docker-compose.yml"] } } },
                "networks": { "bridge": { "gateway": "172.17.0.1" }, "dpt-1-net": {} },
            })
        );
        assert_eq!(kept["checks"][0]["from"]["typed"], "dpt-1-web");
        assert_eq!(
            (&kept["checks"][0]["stages"], &kept["checks"][0]["diagnoses"][0]["title"]),
            (&json!([]), &json!(""))
        );
    }

    #[test]
    fn what_belongs_to_the_machine_is_left_out() {
        let kept = pruned(&report());
        assert_eq!(kept["engine"]["kernel"], "Linux");
        assert_eq!(kept["observations"][0]["nameservers"], json!([SOME_NAMESERVER, "127.0.0.11"]));
        let host = &kept["observations"][1];
        assert_eq!(host["sockets"], json!([{ "port": 80 }]));
        assert_eq!(host["interfaces"].as_array().map(Vec::len), Some(2));
        assert_eq!(host["routes"], json!([{ "interface": "docker0" }]));
        assert!(host.get("hosts").is_none(), "{host}");
    }

    #[test]
    fn a_record_is_the_same_json_in_lines() {
        let text = lines(&report());
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), report());
        assert!(text.contains("\n\"somebody\": {}\n"), "{text}");
    }

    #[test]
    fn a_name_that_is_used_again_gets_a_number() {
        assert_eq!(numbered("a--healthy".to_owned()), "a--healthy");
        assert_eq!(numbered("a--healthy".to_owned()), "a--healthy-2");
    }
}
