//! The arguments: connection strings in any of them, and host and port of client programs that are known here.

use super::merge::Merged;
use super::value::{self, Named};
use super::{Finding, Surroundings, VARIABLES, names};
use crate::topology::Origin;
use crate::words::{self, TargetWord};

/// Client programs: their name, the flags of host and port, and the scheme of their server.
const CLIENTS: [(&str, &[&str], &[&str], &str); 20] = [
    ("mariadb", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("mariadb-admin", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("mariadb-dump", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("mongo", &["--host"], &["--port"], "mongodb"),
    ("mongodump", &["-h", "--host"], &["--port"], "mongodb"),
    ("mongorestore", &["-h", "--host"], &["--port"], "mongodb"),
    ("mongosh", &["--host"], &["--port"], "mongodb"),
    ("mosquitto_pub", &["-h", "--host"], &["-p", "--port"], "mqtt"),
    ("mosquitto_sub", &["-h", "--host"], &["-p", "--port"], "mqtt"),
    ("mysql", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("mysqladmin", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("mysqldump", &["-h", "--host"], &["-P", "--port"], "mysql"),
    ("pg_dump", &["-h", "--host"], &["-p", "--port"], "postgres"),
    ("pg_isready", &["-h", "--host"], &["-p", "--port"], "postgres"),
    ("pg_restore", &["-h", "--host"], &["-p", "--port"], "postgres"),
    ("pgbench", &["-h", "--host"], &["-p", "--port"], "postgres"),
    ("psql", &["-h", "--host"], &["-p", "--port"], "postgres"),
    ("redis-benchmark", &["-h"], &["-p"], "redis"),
    ("redis-cli", &["-h"], &["-p"], "redis"),
    ("valkey-cli", &["-h"], &["-p"], "redis"),
];

/// The longest flag that is shown, in bytes.
const FLAG: usize = 60;

/// Everything that the arguments name.
pub(super) fn find(arguments: &[String], around: &Surroundings<'_>, found: &mut Merged) {
    let arguments = &arguments[..arguments.len().min(VARIABLES)];
    for (at, argument) in arguments.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| arguments.get(at)).map(String::as_str);
        for (flag, value) in values(argument, before) {
            if flag.is_some_and(is_of_itself) {
                continue;
            }
            let flag_shown = flag.filter(|flag| is_plain(flag));
            let origin = || Origin::Argument(flag_shown.map_or_else(|| at.to_string(), str::to_owned));
            match value::connection(value, false) {
                Named::Targets(targets) => {
                    for word in targets.into_iter().filter(|word| !around.is_own(&word.host)) {
                        found.add(Finding { word, origin: origin() });
                    }
                }
                Named::Malformed(malformed) if flag.is_some() => found.malformed(malformed, origin()),
                Named::Malformed(_) | Named::Nothing => {}
            }
        }
    }
    if let Some((word, flag)) = client(arguments).filter(|(word, _)| !around.is_own(&word.host)) {
        found.add(Finding { word, origin: Origin::Argument(flag.to_owned()) });
    }
}

/// The values in an argument with their flags: of a shell's line each word is one.
fn values<'a>(argument: &'a str, before: Option<&'a str>) -> Vec<(Option<&'a str>, &'a str)> {
    if argument.len() > super::LONGEST || !argument.contains("://") && !words::is_pairs(argument) {
        return Vec::new();
    }
    let flag = before.filter(|before| before.starts_with('-') && !before.contains('='));
    if let Some((name, value)) = argument.split_once('=').filter(|(name, _)| name.starts_with('-')) {
        return vec![(Some(name), value)];
    }
    if argument.contains(char::is_whitespace) && !words::is_pairs(argument) {
        let ends: &[char] = &['"', '\'', ';', '(', ')', '`'];
        let mut tokens = Vec::new();
        let mut last: Option<&str> = None;
        for token in argument.split_whitespace().take(VARIABLES) {
            let (name, value) = token.split_once('=').filter(|(name, _)| !name.contains("://")).unwrap_or(("", token));
            if value.contains("://") {
                let flag = Some(name).filter(|name| !name.is_empty()).or(last.filter(|last| last.starts_with('-')));
                tokens.push((flag, value.trim_matches(ends)));
            }
            last = Some(token);
        }
        return tokens;
    }
    vec![(flag, argument)]
}

/// Whether a flag has nothing in it but what names are made of, so that it holds no value and can be shown.
fn is_plain(flag: &str) -> bool {
    flag.len() <= FLAG && flag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether a flag speaks of the program itself: what it listens on, how others see it.
fn is_of_itself(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').replace('-', "_");
    let parts = [
        "HTTP_ADDRESS",
        "WEB_EXTERNAL_URL",
        "H",
        "CORS",
        "ORIGIN",
        "ADVERTISE",
        "PUBLIC",
        "EXTERNAL",
        "ROOT_URL",
        "REDIRECT",
    ];
    let upper = name.to_ascii_uppercase();
    names::is_own(&name)
        || names::is_for_browsers(&name)
        || parts.iter().any(|part| upper == *part || part.len() > 3 && upper.contains(part))
}

/// The server of a known client program, with the flag that names it.
fn client(arguments: &[String]) -> Option<(TargetWord, &'static str)> {
    let program = |argument: &str| {
        let name = argument.rsplit('/').next().unwrap_or(argument);
        CLIENTS.iter().find(|(known, ..)| *known == name)
    };
    let at = arguments.iter().position(|argument| program(argument).is_some())?;
    let (_, hosts, ports, scheme) = program(&arguments[at])?;
    let rest = &arguments[at + 1..];
    let (flag, host) = flag_value(rest, hosts)?;
    let port = flag_value(rest, ports).map(|(_, port)| format!(":{port}")).unwrap_or_default();
    let word = words::target(&format!("{scheme}://{host}{port}")).ok()?;
    Some((word, flag))
}

/// The value of the first of these flags: `-h db`, `-hdb`, `--host=db`.
fn flag_value<'a>(arguments: &'a [String], flags: &[&'static str]) -> Option<(&'static str, &'a str)> {
    arguments.iter().enumerate().find_map(|(at, argument)| {
        flags.iter().find_map(|flag| {
            if argument == flag {
                return arguments.get(at + 1).map(|value| (*flag, value.as_str()));
            }
            let attached = argument.strip_prefix(flag)?;
            let value = if flag.starts_with("--") { attached.strip_prefix('=')? } else { attached };
            Some((*flag, value))
        })
    })
}
