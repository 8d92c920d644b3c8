//! Secrets taken out of argument lists, URLs and log lines before they are stored or shown.
//!
//! What is taken out is replaced by [`MASK`]. Rather too much is hidden than too little: the value of anything whose name
//! speaks of a password, a token, a secret or a key goes, whatever it is.

mod clients;
mod line;
mod spans;
#[cfg(test)]
mod tests;
mod url;

use clients::Clients;
pub use line::line;
pub(crate) use url::{has_odd_port, is_port, split_at_port};
pub use url::{query, url};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Parts of names whose values are secret, in lower case and without separators.
const SECRET_PARTS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sessionkey",
    "accountkey",
    "credential",
    "requirepass",
    "masterauth",
];

/// Whole names whose values are secret, in lower case and without separators.
const SECRET_NAMES: [&str; 12] = [
    "pass",
    "pw",
    "pwd",
    "auth",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "sig",
    "signature",
    "jwt",
    "pat",
];

/// Whether what goes by this name (of a flag, of a variable, of a header, of a URL's parameter) is to be hidden.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    // `POSTGRES_PASSWORD_FILE` and the like say where the secret is, not what it is.
    if ["file", "path", "dir"].iter().any(|end| name.ends_with(end)) {
        return false;
    }
    SECRET_NAMES.contains(&name.as_str())
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || (name.ends_with("pass") && !name.ends_with("bypass"))
}

/// An argument list (a program and its arguments) without its secrets. It keeps its length.
#[must_use]
pub fn arguments(arguments: &[String]) -> Vec<String> {
    let mut clients = Clients::default();
    let mut after_secret_flag = false;
    let masked = |argument: &String| {
        clients.note(argument);
        let is_secret = after_secret_flag && !argument.starts_with("--");
        after_secret_flag = clients.announces_secret(argument);
        if is_secret { MASK.to_owned() } else { line::flag(argument, &clients).unwrap_or_else(|| line(argument)) }
    };
    arguments.iter().map(masked).collect()
}
