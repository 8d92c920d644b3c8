//! What an environment tells by the form of its values. The values themselves go no further than here.

use dprobe_probes::text::printable;

use crate::discovery::assignment;
use crate::topology::{Variable, VariableForm};

/// The most variables that are kept of one container.
const MAX: usize = 32;

/// The longest name of a variable that is kept, in characters.
const NAME: usize = 100;

/// The variables by which programs are told the host of their `MySQL` or `MariaDB`. The general ones are here as well: which
/// database they mean is for a diagnosis to find out.
const DATABASE_HOSTS: [&str; 9] = [
    "DATABASE_HOST",
    "DB_HOST",
    "DB_HOSTNAME",
    "MARIADB_HOST",
    "MYSQL_HOST",
    "MYSQL_HOSTNAME",
    "PMA_HOST",
    "WORDPRESS_DB_HOST",
    "ZABBIX_DB_HOST",
];

/// What the variables of `Config.Env` tell.
pub(super) fn variables(env: &[String]) -> Vec<Variable> {
    env.iter().filter_map(|entry| assignment(entry)).filter_map(variable).take(MAX).collect()
}

fn variable((name, value): (&str, &str)) -> Option<Variable> {
    let form = if DATABASE_HOSTS.contains(&name.to_ascii_uppercase().as_str()) {
        database_host(value)?
    } else if name.ends_with("_PORT") {
        if value.starts_with("tcp://") { VariableForm::TcpUrl } else { VariableForm::Port }
    } else {
        return None;
    };
    Some(Variable { name: printable(name.as_bytes(), NAME), form })
}

fn database_host(value: &str) -> Option<VariableForm> {
    let host = value.trim().split(':').next().unwrap_or_default();
    match host {
        "" => Some(VariableForm::Empty),
        _ if host.eq_ignore_ascii_case("localhost") => Some(VariableForm::Localhost),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(env: &[&str]) -> Vec<(String, VariableForm)> {
        let env: Vec<String> = env.iter().map(ToString::to_string).collect();
        variables(&env).into_iter().map(|variable| (variable.name, variable.form)).collect()
    }

    #[test]
    fn only_the_form_is_kept() {
        let found = forms(&["DB_HOST=localhost", "MYSQL_HOST=", "REDIS_PORT=tcp://172.17.0.2:6379", "PG_PORT=5432"]);
        let said: Vec<(&str, VariableForm)> = found.iter().map(|(name, form)| (name.as_str(), *form)).collect();
        assert_eq!(
            said,
            [
                ("DB_HOST", VariableForm::Localhost),
                ("MYSQL_HOST", VariableForm::Empty),
                ("REDIS_PORT", VariableForm::TcpUrl),
                ("PG_PORT", VariableForm::Port),
            ]
        );
        assert_eq!(forms(&["WORDPRESS_DB_HOST=localhost:3306"])[0].1, VariableForm::Localhost);
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let nothing = ["DB_HOST=db", "MYSQL_HOST=127.0.0.1", "MYSQL_PASSWORD=localhost", "HOST=localhost", "X"];
        assert!(forms(&nothing).is_empty());
    }
}
