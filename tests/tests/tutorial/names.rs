//! The names and ports of the page, and what stands for them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use dprobe_tests::{Stack, host};

/// The containers, networks and compose projects that the page makes.
const NAMES: [&str; 9] =
    ["web", "mongodb", "favorites-net", "host-db", "first-router", "shop", "database", "app", "postgres_db"];

/// The ports of the host that the page uses and nothing else has. Where a port is the same inside of the container, the
/// words around it tell the two apart.
const PORTS: [(&str, &str); 5] = [
    ("8080:3000", "PORT:3000"),
    ("localhost:8080", "localhost:PORT"),
    ("8081", "PORT"),
    ("8082", "PORT"),
    ("5433", "PORT"),
];

/// What stands for the names and ports of the page.
#[derive(Debug)]
pub(crate) struct Names {
    /// The name on the page and the one in its place, as long and with the same separators, so that dprobe breaks and cuts
    /// lines at the same places.
    words: Vec<(String, String)>,
    /// What is replaced, by what, and the number that stands for it on the page.
    ports: Vec<(String, String)>,
    /// The number on the page and the one in its place.
    numbers: Vec<(String, String)>,
}

impl Names {
    /// Nothing is replaced.
    pub(crate) fn of_the_page(_: &Stack) -> Self {
        Self { words: Vec::new(), ports: Vec::new(), numbers: Vec::new() }
    }

    /// Names that nobody has, and free ports.
    pub(crate) fn replaced(stack: &Stack) -> Self {
        let mut numbers: Vec<(String, String)> = Vec::new();
        for page in ["8080", "8081", "8082", "5433", "5432"] {
            numbers.push((page.to_owned(), host::free_port().to_string()));
        }
        let free = |page: &str| numbers.iter().find(|(number, _)| number == page).expect("a number").1.clone();
        let mut ports: Vec<(String, String)> = PORTS
            .iter()
            .map(|&(from, to)| {
                let page =
                    from.split(':').find(|part| numbers.iter().any(|(number, _)| number == part)).expect("a port");
                (from.to_owned(), to.replace("PORT", &free(page)))
            })
            .collect();
        // For the host alone: in the file of the application it is what has to be wrong.
        for around in ["PORT:5432", "host postgres://app:secret@localhost:PORT"] {
            ports.push((around.replace("PORT", "5432"), around.replace("PORT", &free("5432"))));
        }
        let mut names: Vec<(String, String)> = NAMES.map(|name| (name.to_owned(), instead(name, stack))).to_vec();
        // What compose calls the network `backend` of the project.
        let project = instead("database", stack);
        names.push(("database_backend".to_owned(), format!("{project}_backend")));
        // A short name may be a part of a longer one.
        names.sort_by_key(|(page, _)| std::cmp::Reverse(page.len()));
        Self { words: names, ports, numbers }
    }

    /// Whether names are replaced.
    pub(crate) fn are_replaced(&self) -> bool {
        !self.words.is_empty()
    }

    /// A text of the page with other names and ports.
    pub(crate) fn put_into(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.ports {
            text = text.replace(from, to);
        }
        for (page, name) in &self.words {
            text = renamed(&text, page, name);
        }
        text
    }

    /// What was printed, with the names and ports of the page.
    pub(crate) fn put_back(&self, text: &str) -> String {
        if !self.are_replaced() {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        for (page, other) in self.words.iter().chain(&self.numbers) {
            text = text.replace(other, page);
        }
        text
    }
}

/// Another name of the same length, of letters that no word and no number has side by side.
fn instead(name: &str, stack: &Stack) -> String {
    const LETTERS: &[u8] = b"gjkqvxzw";
    let mut hash = DefaultHasher::new();
    (name, stack.unique("")).hash(&mut hash);
    let mut number = hash.finish();
    let other = |letter: char| {
        if !letter.is_ascii_alphanumeric() {
            return letter;
        }
        let picked = LETTERS[usize::try_from(number % 8).unwrap_or_default()];
        number /= 8;
        char::from(picked)
    };
    name.chars().map(other).collect()
}

/// The text with one name in place of another, wherever that is a whole word and not the scheme of a URL.
fn renamed(text: &str, name: &str, other: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let last = before.chars().next_back().or_else(|| result.chars().next_back());
        let whole = !last.is_some_and(is_part) && !after.starts_with(is_part) && !after.starts_with("://");
        result.push_str(before);
        result.push_str(if whole { other } else { name });
        rest = after;
    }
    result + rest
}

#[test]
fn only_whole_words_are_renamed() {
    assert_eq!(renamed("web web-1 my_web a/web:80 web:// web", "web", "vqx"), "vqx web-1 my_web a/vqx:80 web:// vqx");
}
