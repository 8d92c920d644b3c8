//! Which program runs in a container, and how that program is told to listen on every address.

use std::path::Path;

use super::fixes::{change, compose_edit};
use crate::compose::ComposeChange;
use crate::report::Fix;
use crate::topology::Container;

/// Programs that start others and serve nothing themselves.
const STARTERS: [&str; 15] = [
    "sh",
    "bash",
    "dash",
    "ash",
    "env",
    "tini",
    "dumb-init",
    "docker-init",
    "catatonit",
    "gosu",
    "su-exec",
    "exec",
    "s6-svscan",
    "npm",
    "yarn",
];

/// Programs that wait and serve nothing at all.
const IDLERS: [&str; 6] = ["sleep", "tail", "pause", "cat", "true", "idle"];

/// How a program is told where to listen.
struct Program {
    /// Its names, as the last part of a path.
    names: &'static [&'static str],
    /// The options that set the address, each followed by `=` or a space and a value.
    options: &'static [&'static str],
    /// The arguments that make it listen on every address.
    everywhere: &'static [&'static str],
    /// How else it is told so, for people.
    hint: &'static str,
}

/// The programs that people run in containers and that listen on loopback unless told otherwise.
const PROGRAMS: [Program; 24] = [
    Program {
        names: &["mongod"],
        options: &["--bind_ip"],
        everywhere: &["--bind_ip_all"],
        hint: "or set `net.bindIpAll: true` in mongod.conf",
    },
    Program {
        names: &["redis-server", "valkey-server", "keydb-server"],
        options: &["--bind"],
        // Without a password it would turn clients from elsewhere away (protected mode). What a password or a file of its own
        // says about that is left alone, see `has_protection`.
        everywhere: &["--bind", "0.0.0.0", "--protected-mode", "no"],
        hint: "or set `bind 0.0.0.0` in redis.conf, and a password with `requirepass`, without which Redis then refuses \
               clients from elsewhere (protected mode)",
    },
    Program {
        names: &["postgres", "postmaster"],
        options: &["-h"],
        everywhere: &["-c", "listen_addresses=*"],
        hint: "or set `listen_addresses = '*'` in postgresql.conf",
    },
    Program {
        names: &["mysqld", "mariadbd"],
        options: &["--bind-address"],
        everywhere: &["--bind-address=0.0.0.0"],
        hint: "or set `bind-address = 0.0.0.0` in my.cnf",
    },
    Program {
        names: &["memcached"],
        options: &["-l", "--listen"],
        everywhere: &["-l", "0.0.0.0"],
        hint: "or remove its `-l` option",
    },
    Program {
        names: &["vite"],
        options: &["--host"],
        everywhere: &["--host", "0.0.0.0"],
        hint: "or set `server.host` in vite.config",
    },
    Program {
        names: &["next", "next-server"],
        options: &["-H", "--hostname"],
        everywhere: &["-H", "0.0.0.0"],
        hint: "or set HOSTNAME=0.0.0.0",
    },
    Program { names: &["ng"], options: &["--host"], everywhere: &["--host", "0.0.0.0"], hint: "" },
    Program {
        names: &["webpack", "webpack-dev-server"],
        options: &["--host"],
        everywhere: &["--host", "0.0.0.0"],
        hint: "",
    },
    Program {
        names: &["flask"],
        options: &["--host", "-h"],
        everywhere: &["--host", "0.0.0.0"],
        hint: "or `app.run(host=\"0.0.0.0\")`",
    },
    Program { names: &["uvicorn", "hypercorn"], options: &["--host"], everywhere: &["--host", "0.0.0.0"], hint: "" },
    Program { names: &["rails", "puma"], options: &["-b", "--binding"], everywhere: &["-b", "0.0.0.0"], hint: "" },
    Program { names: &["hugo"], options: &["--bind"], everywhere: &["--bind", "0.0.0.0"], hint: "" },
    Program { names: &["jekyll"], options: &["--host", "-H"], everywhere: &["--host", "0.0.0.0"], hint: "" },
    Program {
        names: &["jupyter", "jupyter-lab", "jupyter-notebook"],
        options: &["--ip"],
        everywhere: &["--ip=0.0.0.0"],
        hint: "",
    },
    Program { names: &["gunicorn"], options: &[], everywhere: &[], hint: "start it with `--bind 0.0.0.0:PORT`" },
    Program {
        names: &["manage.py", "django-admin"],
        options: &[],
        everywhere: &[],
        hint: "start it with `runserver 0.0.0.0:PORT`",
    },
    Program {
        names: &["nginx"],
        options: &[],
        everywhere: &[],
        hint: "write `listen PORT;` without an address in its configuration",
    },
    Program {
        names: &["httpd", "apache2"],
        options: &[],
        everywhere: &[],
        hint: "write `Listen PORT` without an address in its configuration",
    },
    Program {
        names: &["node", "nodejs", "bun", "deno"],
        options: &[],
        everywhere: &[],
        hint: "in the code: `server.listen(PORT, '0.0.0.0')`",
    },
    Program {
        names: &["python", "python3"],
        options: &[],
        everywhere: &[],
        hint: "in the code or the options: host `0.0.0.0`",
    },
    Program { names: &["java"], options: &[], everywhere: &[], hint: "for Spring Boot: `server.address=0.0.0.0`" },
    Program {
        names: &["mosquitto"],
        options: &[],
        everywhere: &[],
        hint: "write `listener 1883 0.0.0.0` in mosquitto.conf",
    },
    Program { names: &["php"], options: &[], everywhere: &[], hint: "start it with `php -S 0.0.0.0:PORT`" },
];

/// The arguments of the program that serves in a container: what is left of the command once shells, init programs and
/// entrypoint scripts in front of it are taken away.
pub(super) fn arguments(container: &Container) -> Vec<String> {
    let from_command = strip_starters(&container.command);
    if !from_command.is_empty() {
        return from_command;
    }
    let processes = container.processes.iter().flatten();
    processes
        .filter_map(|process| shell_words::split(&process.command).ok())
        .map(|words| strip_starters(&words))
        .find(|words| !words.is_empty())
        .unwrap_or_default()
}

fn strip_starters(words: &[String]) -> Vec<String> {
    let starts = |word: &&String| {
        let name = base_name(word);
        STARTERS.contains(&name)
            || Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sh"))
            || name.starts_with("docker-entrypoint")
            || name.starts_with('-')
    };
    let skip = words.iter().take_while(starts).count();
    words[skip..].to_vec()
}

/// The name of the program that serves in a container, for people.
pub(super) fn name(container: &Container) -> String {
    let own = arguments(container);
    match own.first().map(|word| base_name(word)).filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => container.name.clone(),
    }
}

/// Whether what runs in a container only waits, as `sleep infinity` does, or is no more than a shell.
pub(super) fn idles(container: &Container) -> bool {
    let own = strip_starters(&container.command);
    if own.is_empty() {
        // Nothing but a shell or an init program: what it has started, if anything, is among the processes.
        return !container.command.is_empty() && container.processes.as_ref().is_none_or(|list| list.len() <= 1);
    }
    own.iter().take(2).any(|word| waits(word) || word == "infinity")
}

/// Whether a word of a command is a program that waits, or a script of `sh -c` with that one command in it.
fn waits(word: &str) -> bool {
    let first = word.split_whitespace().next().unwrap_or_default();
    IDLERS.contains(&base_name(first)) && !word.contains([';', '&', '|', '\n'])
}

/// How to make the program of a container listen on every address.
pub(super) fn listen_everywhere(container: &Container) -> Fix {
    let own = arguments(container);
    let known =
        own.iter().take(3).find_map(|word| PROGRAMS.iter().find(|program| program.names.contains(&base_name(word))));
    let argv = rebind(&own, known);
    let program = name(container);
    let hint = known.map_or("", |program| program.hint);
    let title = match &argv {
        Some(argv) => {
            let line = shell_words::join(argv);
            let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
            format!("start it with `{line}`{hint}")
        }
        None if !hint.is_empty() => format!("make {program} listen on 0.0.0.0: {hint}"),
        None => format!(
            "make {program} listen on 0.0.0.0 (every address) instead of 127.0.0.1, in its configuration or options"
        ),
    };
    let edit = argv
        .as_ref()
        .and_then(|argv| behind_entrypoint(container, &own, argv))
        .and_then(|argv| compose_edit(container, ComposeChange::SetCommand { argv }));
    Fix { argv, ..change(title) }.with_edit(edit)
}

/// The program of a container with other options: those named `without` taken away, those in `with` added. None where the
/// container's command does not tell which program it is.
pub(super) fn start_with(container: &Container, without: &[&str], with: &[&str]) -> Option<Fix> {
    let own = arguments(container);
    let (first, rest) = own.split_first()?;
    PROGRAMS.iter().find(|program| program.names.contains(&base_name(first)))?;
    let mut argv = vec![base_name(first).to_owned()];
    argv.extend(without_options(rest, without));
    argv.extend(with.iter().map(ToString::to_string));
    let edit = behind_entrypoint(container, &own, &argv)
        .and_then(|argv| compose_edit(container, ComposeChange::SetCommand { argv }));
    let title = format!("for good, start it with `{}`", shell_words::join(&argv));
    Some(Fix { argv: Some(argv), ..change(title) }.with_edit(edit))
}

/// What compose's `command:` has to be for a container to run `argv`, which takes the place of `own`: the words before
/// that stay, but for those that the entrypoint adds by itself.
fn behind_entrypoint(container: &Container, own: &[String], argv: &[String]) -> Option<Vec<String>> {
    let added = container.entrypoint_words;
    match container.command.strip_suffix(own) {
        Some(before) if added <= before.len() => Some([&before[added..], argv].concat()),
        Some(before) => {
            let of_program = added - before.len();
            let same = own.iter().zip(argv).take(of_program).all(|(one, other)| base_name(one) == base_name(other));
            (same && of_program <= argv.len()).then(|| argv[of_program..].to_vec())
        }
        // The program was found among the processes: its command is the entrypoint's doing, or unknown.
        None => (added == container.command.len()).then(|| argv.to_vec()),
    }
}

/// The same arguments with the address of loopback replaced by every address; none where nothing in them says where the
/// program listens and the program is not known.
fn rebind(own: &[String], known: Option<&Program>) -> Option<Vec<String>> {
    let (first, rest) = own.split_first()?;
    if let Some(program) = known.filter(|program| !program.everywhere.is_empty()) {
        let mut argv = vec![base_name(first).to_owned()];
        argv.extend(
            without_options(rest, program.options).into_iter().filter(|word| !word.starts_with("listen_addresses=")),
        );
        // `-c listen_addresses=…` leaves its flag behind.
        if argv.last().is_some_and(|word| word == "-c") {
            argv.pop();
        }
        let everywhere =
            program.everywhere.iter().take_while(|word| **word != "--protected-mode" || !has_protection(rest));
        argv.extend(everywhere.map(ToString::to_string));
        return Some(argv);
    }
    let replaced: Vec<String> = own
        .iter()
        .map(|word| word.replace("127.0.0.1", "0.0.0.0").replace("localhost", "0.0.0.0").replace("[::1]", "0.0.0.0"))
        .collect();
    (replaced != own).then_some(replaced)
}

/// Whether the arguments of a Redis say by themselves who is let in: by a password, by users, by protected mode or by a file.
fn has_protection(words: &[String]) -> bool {
    let says = ["--requirepass", "--aclfile", "--user", "--protected-mode"];
    words.iter().any(|word| {
        says.contains(&word.as_str()) || std::path::Path::new(word).extension().is_some_and(|is| is == "conf")
    })
}

/// Arguments without some options and their values, in the forms `--option=value` and `--option value`.
fn without_options(words: &[String], options: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        if !options.contains(&name) {
            kept.push(word.clone());
        } else if !word.contains('=') && words.peek().is_some_and(|next| !next.starts_with('-')) {
            words.next();
        }
    }
    kept
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebound(line: &str) -> Option<String> {
        let words = shell_words::split(line).expect("words");
        let own = strip_starters(&words);
        let known = own
            .iter()
            .take(3)
            .find_map(|word| PROGRAMS.iter().find(|program| program.names.contains(&base_name(word))));
        rebind(&own, known).map(|argv| argv.join(" "))
    }

    #[test]
    fn what_only_waits_is_told_from_what_waits_first() {
        let idle = |line: &str| {
            let command = shell_words::split(line).expect("words");
            idles(&Container { command, ..crate::diagnosis::tests::facts::container("app", "image") })
        };
        for line in ["sleep infinity", "tail -f /dev/null", "sh -c 'sleep 3600'", "/bin/sh", "tini -- sleep 5"] {
            assert!(idle(line), "{line}");
        }
        for line in ["sh -c 'sleep 5; exec nginx'", "sh -c 'sleep 5 && mongod'", "mongod", "node app.js"] {
            assert!(!idle(line), "{line}");
        }
    }

    #[test]
    fn each_program_is_told_in_its_own_words() {
        let cases = [
            ("mongod --bind_ip 127.0.0.1 --port 27018", "mongod --port 27018 --bind_ip_all"),
            ("docker-entrypoint.sh mongod", "mongod --bind_ip_all"),
            ("/usr/bin/mongod --bind_ip=localhost", "mongod --bind_ip_all"),
            ("redis-server --bind 127.0.0.1 --save ''", "redis-server --save  --bind 0.0.0.0 --protected-mode no"),
            ("redis-server --bind 127.0.0.1 --requirepass x", "redis-server --requirepass x --bind 0.0.0.0"),
            ("redis-server /etc/redis.conf --bind ::1", "redis-server /etc/redis.conf --bind 0.0.0.0"),
            ("postgres -c listen_addresses=localhost", "postgres -c listen_addresses=*"),
            ("mysqld --bind-address=127.0.0.1", "mysqld --bind-address=0.0.0.0"),
            ("tini -- uvicorn app:app --host 127.0.0.1 --port 80", "uvicorn app:app --port 80 --host 0.0.0.0"),
            ("python3 -m http.server --bind 127.0.0.1 80", "python3 -m http.server --bind 0.0.0.0 80"),
            ("gunicorn -b 127.0.0.1:8000 app", "gunicorn -b 0.0.0.0:8000 app"),
        ];
        for (line, wanted) in cases {
            assert_eq!(rebound(line).as_deref(), Some(wanted), "{line}");
        }
        assert_eq!(rebound("node server.js"), None);
    }
}
