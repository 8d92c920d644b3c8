//! The names and ports of the page, and what stands for them.

use dprobe_tests::{Stack, host};

/// The containers, networks and compose projects that the page makes.
const NAMES: [&str; 10] = [
    "web",
    "mongodb",
    "favorites-net",
    "host-db",
    "first-router",
    "shop",
    "database",
    "database_backend",
    "app",
    "postgres_db",
];

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
    /// Before each name; empty where they are left alone.
    prefix: String,
    /// What is replaced, by what, and the number that stands for it on the page.
    ports: Vec<(String, String)>,
    /// The number on the page and the one in its place.
    numbers: Vec<(String, String)>,
}

impl Names {
    /// Nothing is replaced.
    pub(crate) fn of_the_page(_: &Stack) -> Self {
        Self { prefix: String::new(), ports: Vec::new(), numbers: Vec::new() }
    }

    /// Names that begin with the stack's, and free ports.
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
        for around in ["PORT:5432", "localhost:PORT"] {
            ports.push((around.replace("PORT", "5432"), around.replace("PORT", &free("5432"))));
        }
        Self { prefix: stack.unique(""), ports, numbers }
    }

    /// Whether names are replaced.
    pub(crate) fn are_replaced(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// A text of the page with other names and ports.
    pub(crate) fn put_into(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.ports {
            text = text.replace(from, to);
        }
        for name in NAMES {
            text = self.prefixed(&text, name);
        }
        text
    }

    /// What was printed, with the names and ports of the page.
    pub(crate) fn put_back(&self, text: &str) -> String {
        if !self.are_replaced() {
            return text.to_owned();
        }
        let mut text = text.replace(&self.prefix, "");
        for (page, number) in &self.numbers {
            text = text.replace(number, page);
        }
        text
    }

    /// The prefix before each occurrence of a name as a whole word, but for the scheme of a URL.
    fn prefixed(&self, text: &str, name: &str) -> String {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(name) {
            let (before, after) = (&rest[..at], &rest[at + name.len()..]);
            let last = before.chars().next_back().or_else(|| result.chars().next_back());
            let whole = !last.is_some_and(is_part) && !after.starts_with(is_part) && !after.starts_with("://");
            result.push_str(before);
            if whole {
                result.push_str(&self.prefix);
            }
            result.push_str(name);
            rest = after;
        }
        result + rest
    }
}
