//! Variables in a connection string that somebody was to replace: `${DB_HOST}`, `$DB_HOST`, `{{ host }}`, `<password>`.

/// Parts of the names that people give to what stands in a connection string.
const PARTS: [&str; 10] = ["DATABASE", "DB", "HOST", "NAME", "PASS", "PORT", "PW", "SECRET", "URL", "USER"];

/// The first placeholder in a text. What may be something else than the name of a variable is not repeated.
pub(super) fn in_text(text: &str) -> Option<String> {
    let braces = between(text, "${", "}").or_else(|| between(text, "{{", "}}")).or_else(|| angle(text));
    braces.or_else(|| {
        let start = text.find('$')?;
        let length = text[start + 1..].find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        let name = &text[start + 1..length.map_or(text.len(), |length| start + 1 + length)];
        is_telling(name).then(|| format!("${name}"))
    })
}

fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let start = text.find(open)? + open.len();
    let inside = &text[start..start + text[start..].find(close)?];
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':' | '?' | '|' | '"');
    if inside.trim().is_empty() || inside.len() > 60 || !inside.chars().all(is_name) {
        return None;
    }
    let shown = if is_telling(variable_name(inside)) { inside } else { "…" };
    Some(format!("{open}{shown}{close}"))
}

/// `<password>`, as documentation has it.
fn angle(text: &str) -> Option<String> {
    let start = text.find('<')? + 1;
    let inside = &text[start..start + text[start..].find('>')?];
    let plain = inside.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' '));
    (plain && is_telling(&inside.to_ascii_uppercase())).then(|| "<…>".to_owned())
}

/// Whether this is the name of a variable that one would expect there, in capitals.
fn is_telling(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | ' '));
    plain && PARTS.iter().any(|part| name.contains(part))
}

/// `DB_HOST` of `DB_HOST:-localhost`.
fn variable_name(inside: &str) -> &str {
    let end = inside.find([':', '-', '?']).unwrap_or(inside.len());
    inside[..end].trim()
}

/// The name of the variable that a placeholder stands for, where it is one of an environment.
pub(crate) fn variable(placeholder: &str) -> Option<&str> {
    let inside = placeholder.strip_prefix('$')?;
    let name = variable_name(inside.strip_prefix('{').unwrap_or(inside).trim_end_matches('}'));
    (!name.is_empty() && !name.contains('…')).then_some(name)
}
