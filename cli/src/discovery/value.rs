//! One value, whatever it is called: does it name something to connect to?

use crate::words::{self, Fault, HostWord, Malformed, TargetWord, WordError};

/// What a value names.
pub(super) enum Named {
    /// These.
    Targets(Vec<TargetWord>),
    /// Something that no driver can read.
    Malformed(Malformed),
    /// Nothing.
    Nothing,
}

/// What a connection string names. `surely`: its name says that it is one.
pub(super) fn connection(value: &str, surely: bool) -> Named {
    let trimmed = value.trim();
    let looks_like =
        trimmed.contains("://") || words::is_pairs(trimmed) || trimmed.contains("tcp(") || trimmed.starts_with("jdbc:");
    if trimmed.is_empty() || trimmed.len() > super::LONGEST || !looks_like && !surely {
        return Named::Nothing;
    }
    if is_no_server(trimmed) {
        return Named::Nothing;
    }
    match words::read(trimmed) {
        Ok(mut found) => {
            // A name without anything else, in a variable called URL, is no connection string.
            found.retain(|word| word.port.is_some() || word.scheme.as_deref() == Some("mongodb+srv"));
            if trimmed.len() < value.len() {
                for word in &mut found {
                    word.malformed.get_or_insert_with(|| padding(word.url.as_deref().unwrap_or(&word.typed)));
                }
            }
            if found.is_empty() { Named::Nothing } else { Named::Targets(found) }
        }
        Err(WordError::Malformed(malformed)) if is_telling(&malformed, trimmed) => Named::Malformed(malformed),
        Err(_) => Named::Nothing,
    }
}

fn padding(written: &str) -> Malformed {
    Malformed { written: written.to_owned(), fault: Fault::Padding, right: Some(written.to_owned()), certain: false }
}

/// Whether what is wrong with a value is a mistake, and no template, pattern or text that only looks like a URL.
fn is_telling(malformed: &Malformed, value: &str) -> bool {
    let of_the_web = ["http:", "https:", "ws:", "wss:"].iter().any(|web| value.starts_with(web));
    match malformed.fault {
        Fault::NoSlashes | Fault::Placeholder { .. } | Fault::Blank | Fault::NoHost => !of_the_web,
        // Quotes are part of a value in JSON and in shell words as well.
        Fault::Quotes { .. } => malformed.right.is_some(),
        _ => true,
    }
}

/// URLs of what is fetched with tools, and not connected to by the program.
fn is_no_server(value: &str) -> bool {
    let scheme = value.split("://").next().unwrap_or_default().to_ascii_lowercase();
    ["git", "ssh", "svn", "rsync", "docker", "oci", "s3", "gs", "npm", "jar", "vscode"]
        .iter()
        .any(|tool| scheme == *tool || scheme.starts_with(&format!("{tool}+")))
}

/// What a bare `HOST:PORT`, or a list of such, names. All of it has to be of that form.
pub(super) fn places(value: &str, kafka: bool) -> Option<Vec<TargetWord>> {
    let value = value.trim();
    // `zookeeper:2181/kafka`
    let value = value.split('/').next().unwrap_or(value);
    if value.is_empty() || value.len() > super::LONGEST || value.contains(char::is_whitespace) || value.contains('@') {
        return None;
    }
    let of_places =
        |word: &TargetWord| word.port.is_some() && matches!(word.host, HostWord::Name(_) | HostWord::Address(_));
    let found = if kafka && value.split(',').all(|part| part.contains(':')) {
        words::read(&format!("kafka://{value}")).ok()?
    } else {
        words::read(value).ok()?
    };
    (!found.is_empty() && found.iter().all(of_places)).then_some(found)
}
