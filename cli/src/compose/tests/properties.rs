//! Whatever the style of a file: an edit keeps every other line, and what comes out means the same plus the change.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::compose::document::Document;

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,6}".prop_filter("a word that YAML keeps", |name| {
        !matches!(name.as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "web" | "wanted")
    })
}

/// A key of a service with its value, in one of the ways to write it.
fn key() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let list = |key: &'static str, items: BoxedStrategy<Vec<String>>| {
        (items, 0..4_u8).prop_map(move |(items, style)| (key, written(key, &items, style))).boxed()
    };
    let names =
        || prop::collection::btree_set(name(), 1..4).prop_map(|set| set.into_iter().collect::<Vec<_>>()).boxed();
    let ports = prop::collection::btree_map(1000..60000_u16, 1..60000_u16, 1..3)
        .prop_map(|map| map.into_iter().map(|(host, inner)| format!("{host}:{inner}")).collect::<Vec<_>>())
        .boxed();
    let hosts = prop::collection::btree_set(name(), 1..3)
        .prop_map(|set| set.into_iter().map(|name| format!("{name}:10.0.0.1")).collect::<Vec<_>>())
        .boxed();
    let words = prop::collection::vec("[a-z0-9./-]{1,8}", 1..4).boxed();
    prop_oneof![
        list("networks", names()),
        list("ports", ports),
        list("extra_hosts", hosts),
        list("depends_on", names()),
        list("command", words),
        Just(("environment", vec!["environment:".to_owned(), "  PASSWORD: \"s3cret: #x\"".to_owned()])),
        Just(("labels", vec!["labels: { a: \"b, ]\", c: 'it''s' }".to_owned()])),
        Just((
            "healthcheck",
            vec!["healthcheck:".to_owned(), "  test: |".to_owned(), "    a: b".to_owned(), "    - c".to_owned()]
        )),
        Just(("build", vec!["build: .  # here".to_owned()])),
    ]
}

fn written(key: &str, items: &[String], style: u8) -> Vec<String> {
    let quoted = |item: &String| format!("'{item}'");
    match style {
        0 => vec![format!("{key}: [{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", "))],
        1 => {
            std::iter::once(format!("{key}:")).chain(items.iter().map(|item| format!("  - {}", quoted(item)))).collect()
        }
        2 => std::iter::once(format!("{key}:   # c"))
            .chain(items.iter().map(|item| format!("- \"{item}\"  # s3cret")))
            .collect(),
        _ => {
            let mut lines = vec![format!("{key}: [")];
            lines.extend(items.iter().map(|item| format!("    {},", quoted(item))));
            lines.push("  ]".to_owned());
            lines
        }
    }
}

/// A compose file with a service `web`, in some style.
fn file() -> impl Strategy<Value = String> {
    let service = || (prop::collection::vec(key(), 0..6), 1..4_usize);
    let others = prop::collection::btree_map(name(), service(), 0..3);
    (service(), others, any::<bool>(), 0..4_u8, any::<bool>(), 0..3_u8).prop_map(
        |(web, others, first, top, crlf, end)| {
            let mut services: Vec<String> = others.iter().map(|(name, service)| service_text(name, service)).collect();
            let at = if first { 0 } else { services.len() };
            services.insert(at, service_text("web", &web));
            let services = format!("services:\n{}", services.join("\n  # between\n\n"));
            let networks = [
                "",
                "networks:\n  known: {}\n",
                "networks: { known: { external: true } }\n",
                "networks:\n  known:\n    driver: bridge\n\n# end\n",
            ];
            let mut text = format!("# a file\nversion: '3.7'\n\n{services}{}", networks[usize::from(top)]);
            match end {
                0 => text = text.trim_end().to_owned(),
                1 => text.push('\n'),
                _ => {}
            }
            if crlf { text.replace('\n', "\r\n") } else { text }
        },
    )
}

fn service_text(name: &str, (keys, indent): &(Vec<(&'static str, Vec<String>)>, usize)) -> String {
    let blanks = " ".repeat(2 + indent);
    let mut seen = std::collections::BTreeSet::new();
    let lines = keys.iter().filter(|(key, _)| seen.insert(*key)).flat_map(|(_, lines)| lines);
    let body: String = lines.flat_map(|line| [blanks.as_str(), line, "\n"]).collect();
    format!("  {name}:\n{blanks}image: x  # s3cret\n{body}")
}

fn change() -> impl Strategy<Value = ComposeEdit> {
    prop_oneof![
        Just(join("wanted", Declared::External)),
        Just(join("wanted", Declared::New)),
        Just(join("known", Declared::Already)),
        Just(command(&["serve", "--host", "0.0.0.0", "a b: $c"])),
        Just(publish(61000, 80)),
        Just(add_host()),
        Just(wait_for("wanted")),
    ]
}

/// Without what a change may touch: the service's key, and the declaration of the new network.
fn rest(text: &str, key: &str) -> Value {
    let mut value = Document::parse(text).and_then(|document| document.value()).expect("a document");
    value["services"]["web"].as_object_mut().expect("a service").remove(key);
    if let Some(networks) = value.get_mut("networks").and_then(Value::as_object_mut) {
        networks.remove("wanted");
    }
    if value.get("networks") == Some(&Value::Object(Map::new())) {
        value.as_object_mut().expect("a mapping").remove("networks");
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_means_the_same_plus_the_change(text in file(), change in change()) {
        let edited = edit(&text, &change);
        // All of these styles are common: none of them is given up.
        let Some(edited) = edited else { return Err(TestCaseError::fail(format!("no edit of\n{text}"))) };
        let key = match change.change {
            ComposeChange::SetCommand { .. } => "command",
            ComposeChange::JoinNetwork { .. } => "networks",
            ComposeChange::Publish { .. } => "ports",
            ComposeChange::AddExtraHost { .. } => "extra_hosts",
            _ => "depends_on",
        };
        prop_assert_eq!(rest(&text, key), rest(&edited.text, key), "{}", edited.text);
        let now = Document::parse(&edited.text).and_then(|document| document.value()).expect("a document");
        let now = now["services"]["web"][key].to_string();
        for word in ["wanted", "known", "serve", "61000:80", "host-gateway"] {
            if format!("{change:?}").contains(&format!("\"{word}")) {
                prop_assert!(now.contains(word), "{} in {}", word, now);
            }
        }
        if let Some(diff) = patch(Path::new("compose.yml"), &text, &edited) {
            for line in diff.lines().filter(|line| !line.starts_with(['+', '@', '\\'])) {
                prop_assert!(!line.contains("PASSWORD") && !line.contains("image"), "{}", diff);
            }
        }
    }

    #[test]
    fn any_text_is_survived(text in "[ -~\n\t]{0,200}", change in change()) {
        let _ = edit(&text, &change);
        let _ = edit(&format!("services:\n  web:\n{text}"), &change);
        let _ = edit(&format!("services:\n  web:\n    image: x\n    networks:\n{text}"), &change);
    }
}
