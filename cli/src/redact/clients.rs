//! Client programs that take a password in a flag whose name says nothing: `redis-cli -a`, `sqlcmd -P`, `mysql -psecret`.

use super::is_secret_name;

/// How a program takes its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// In the argument after this flag.
    After(&'static str),
    /// In the flag itself, behind `-p`.
    Within,
}

/// The programs. `*` stands for whatever follows: the members of a family, and versions.
const PROGRAMS: [(&str, Habit); 21] = [
    ("bcp", Habit::After("-P")),
    ("cqlsh*", Habit::After("-p")),
    ("curl", Habit::After("-u")),
    ("curl", Habit::After("--user")),
    ("cypher-shell", Habit::After("-p")),
    ("etcdctl", Habit::After("--user")),
    ("http", Habit::After("-a")),
    ("https", Habit::After("-a")),
    ("ldap*", Habit::After("-w")),
    ("mariadb*", Habit::Within),
    ("microsocks", Habit::After("-P")),
    ("mongo*", Habit::After("-p")),
    ("mosquitto_*", Habit::After("-P")),
    ("mysql*", Habit::Within),
    ("rabbitmqadmin*", Habit::After("-p")),
    ("redis-*", Habit::After("-a")),
    ("sqlcmd", Habit::After("-P")),
    ("sshpass", Habit::After("-p")),
    ("sshpass", Habit::Within),
    ("tsql", Habit::After("-P")),
    ("valkey-*", Habit::After("-a")),
];

/// The habits of all the programs that a command line has named so far. Which of them a flag belongs to is not always to be
/// told (`timeout 5 redis-cli -h mysql -a …`), so each counts to the end.
#[derive(Debug, Default)]
pub(super) struct Clients(Vec<Habit>);

impl Clients {
    /// Takes note of a word that may name a program.
    pub(super) fn note(&mut self, word: &str) {
        let name = word.rsplit('/').next().unwrap_or(word);
        let is_called = |program: &str| match program.strip_suffix('*') {
            Some(family) => name.starts_with(family),
            None => name == program,
        };
        for (_, habit) in PROGRAMS.iter().filter(|(program, _)| is_called(program)) {
            if !self.0.contains(habit) {
                self.0.push(*habit);
            }
        }
    }

    /// Whether the argument after this one is a secret: `--requirepass`, `redis-cli -a`, `curl -u`.
    pub(super) fn announces_secret(&self, argument: &str) -> bool {
        let is_flag = argument.starts_with('-') && !argument.contains('=');
        is_flag
            && (is_secret_name(argument)
                || self.0.iter().any(|habit| matches!(habit, Habit::After(flag) if *flag == argument)))
    }

    /// Whether an argument is a flag with a password in it: `mysql -psecret`.
    pub(super) fn is_with_password(&self, argument: &str) -> bool {
        argument.starts_with("-p") && self.0.contains(&Habit::Within)
    }
}
