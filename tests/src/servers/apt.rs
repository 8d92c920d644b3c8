//! What the apt of this machine knows of the way to its packages, so that others go the same.

use std::process::Command;
use std::time::Duration;

use crate::command::run;

const LIMIT: Duration = Duration::from_secs(20);

/// Whether a program is in the search path.
pub(super) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The mirror that this machine has a release of Debian from; none where it has it from nowhere.
pub(super) fn mirror(suite: &str) -> Option<String> {
    // apt-get(8), indextargets: one line for each list of packages, whatever the format of the files that name them.
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
    let sources = ask("apt-get", &["indextargets", "--format", format, "Created-By: Packages"]);
    sources.lines().find_map(|line| {
        let uri = line.strip_prefix(suite)?.strip_prefix(" main ")?;
        uri.starts_with("http").then(|| uri.trim_end_matches('/').to_owned())
    })
}

/// Proxies as variables of an environment: those of apt, where it has its own (apt.conf(5), `Acquire::http::Proxy`), else
/// those of this process.
pub(super) fn proxies() -> Vec<(String, String)> {
    let config = ask("apt-config", &["dump"]);
    let proxy = |scheme: &str| {
        let own = value(&config, &format!("Acquire::{scheme}::Proxy")).filter(|proxy| *proxy != "DIRECT");
        let name = format!("{scheme}_proxy");
        let value = own.map(ToOwned::to_owned).or_else(|| std::env::var(&name).ok())?;
        (!value.is_empty()).then_some((name, value))
    };
    ["http", "https"].into_iter().filter_map(proxy).collect()
}

/// What apt is told about dates here, as options of a command line: an archive of the past has lists that have expired.
pub(super) fn options() -> String {
    let config = ask("apt-config", &["dump"]);
    let option = |name: &&str| value(&config, name).is_some_and(|value| value == "false");
    let names = ["Acquire::Check-Valid-Until", "Acquire::Check-Date"];
    names.into_iter().filter(option).map(|name| format!("-o {name}=false")).collect::<Vec<_>>().join(" ")
}

/// A value of `apt-config dump`.
fn value<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    config.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" \"")?.strip_suffix("\";"))
}

/// What a program of apt says; nothing where it is not there.
fn ask(program: &str, args: &[&str]) -> String {
    if has(program) { run(Command::new(program).args(args), LIMIT).stdout } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_configuration() {
        let config =
            "Acquire::http \"\";\nAcquire::http::Proxy \"http://proxy.test:3128\";\nAcquire::Check-Date \"false\";\n";
        assert_eq!(value(config, "Acquire::http::Proxy"), Some("http://proxy.test:3128"));
        assert_eq!(value(config, "Acquire::Check-Date"), Some("false"));
        assert_eq!(value(config, "Acquire::https::Proxy"), None);
    }
}
