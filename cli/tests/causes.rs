//! `docs/causes.md` holds what `dprobe explain` says of every code, on one page.

use std::fmt::Write as _;
use std::path::Path;

use dprobe::diagnosis::topics;

/// `DPROBE_BLESS=1 cargo test -p dprobe --test causes` writes it anew.
#[test]
fn the_page_of_all_causes_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/causes.md");
    let page = page();
    if std::env::var_os("DPROBE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page is written");
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == page, "docs/causes.md is not what the causes say; DPROBE_BLESS=1 writes it anew");
}

/// The page: a table of all codes, then a section for each.
fn page() -> String {
    let topics = topics();
    let mut page = String::from(
        "# The causes that dprobe knows\n\nGenerated from `cli/src/diagnosis/causes/` and `cli/src/diagnosis/machine/`; \
         `dprobe explain CODE` shows the same at a terminal. A code is never renamed and never used for anything else.\n\n| code | what it is |\n\
         |---|---|\n",
    );
    for topic in &topics {
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} |", topic.code, topic.summary.replace('|', "\\|"));
    }
    for topic in topics {
        let _ = writeln!(page, "\n## {}\n\n{}.\n", topic.code, capitalized(topic.summary));
        for line in topic.page.trim_matches('\n').lines() {
            match (line.strip_prefix("## "), line.strip_prefix("Related: ")) {
                (Some(heading), _) => page.extend(["### ", heading, "\n"]),
                (_, Some(codes)) => page.extend(["Related: ", &links(codes), "\n"]),
                _ => page.extend([line, "\n"]),
            }
        }
    }
    page
}

/// A list of codes with each as a link to its section.
fn links(codes: &str) -> String {
    let link = |code: &str| format!("[`{code}`](#{code})");
    codes.split(", ").map(|code| link(code.trim_matches('`'))).collect::<Vec<_>>().join(", ")
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
