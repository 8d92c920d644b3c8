//! Connection strings of names and values: `host=db port=5432 password='x y'` (libpq, 32.1.1.1) and
//! `Server=db,1433;Database=shop;Password=x` (ADO.NET).

use super::malformed::{Fault, Malformed};
use super::parameters::{Parameters, plain};
use super::spec::{Place, Spec};
use super::{Login, WordError, error};
use crate::redact;

/// The names that tell the host, as they are compared.
const HOSTS: [&str; 8] = ["host", "hostaddr", "server", "datasource", "addr", "address", "networkaddress", "hostname"];

/// Further names that tell what a string is.
const OTHERS: [&str; 16] = [
    "port",
    "dbname",
    "database",
    "user",
    "userid",
    "uid",
    "username",
    "password",
    "pwd",
    "initialcatalog",
    "sslmode",
    "integratedsecurity",
    "encrypt",
    "trustservercertificate",
    "applicationname",
    "connecttimeout",
];

/// Whether a word is a string of names and values: its first name is one of them, before anything that no name has.
pub(super) fn is_one(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    is_known(name)
}

/// Whether a name is one of those that such strings have.
fn is_known(name: &str) -> bool {
    plain_name(name).is_some_and(|name| HOSTS.contains(&name.as_str()) || OTHERS.contains(&name.as_str()))
}

/// Whether pairs stand between semicolons: before the first of them there is one pair only.
fn between_semicolons(word: &str) -> bool {
    let Some((first, _)) = word.split_once(';') else { return false };
    !first.split_whitespace().skip(1).any(|next| next.split_once('=').is_some_and(|(name, _)| is_known(name)))
}

/// A name as it is compared; none where this is no name.
fn plain_name(name: &str) -> Option<String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-'));
    (is_name && name.len() <= 40).then(|| plain(name))
}

/// A data source of PHP's PDO, which has its driver in front (`mysql:host=db;dbname=shop`): the scheme and the pairs.
pub(super) fn of_php(word: &str) -> Option<(&'static str, &str)> {
    let (driver, pairs) = word.split_once(':')?;
    let scheme = match driver {
        "mysql" => "mysql",
        "pgsql" => "postgres",
        "sqlsrv" => "sqlserver",
        _ => return None,
    };
    is_one(pairs).then_some((scheme, pairs))
}

/// What such a string says. `scheme` is that of the database where it is known.
pub(super) fn read(word: &str, known: Option<&'static str>) -> Result<Spec, WordError> {
    let semicolon = between_semicolons(word);
    let pairs = if semicolon { semicolons(word) } else { blanks(word) };
    let parameters = Parameters::of_pairs(pairs);
    let wrong = || WordError::NoHost { typed: shown(&parameters), example: "host=db port=5432 dbname=shop" };
    let named = parameters.get(&HOSTS).ok_or_else(wrong)?.to_owned();
    if named.starts_with('/') || named.starts_with('(') {
        return Err(WordError::Local { typed: shown(&parameters) });
    }
    let scheme = known.unwrap_or_else(|| scheme(&parameters, semicolon, &named));
    let shown = shown(&parameters);
    let ports = parameters.get(&["port"]).unwrap_or_default().split(',').map(|text| port(text, &shown));
    let hosts = places(&named, scheme, &ports.collect::<Result<Vec<_>, _>>()?, &shown)?;
    if hosts.is_empty() {
        return Err(wrong());
    }
    let database = parameters.get(&["dbname", "database", "initial catalog"]).map(str::to_owned);
    let user = parameters.get(&["user", "user id", "uid", "username"]).map(str::to_owned);
    let mut spec = Spec::of(scheme, hosts, database.as_deref());
    spec.application = spec.application.map(|application| parameters.refine(application, false));
    spec.login = Login::of(user, database);
    Ok(spec)
}

/// The hosts: `a,b` of libpq, `tcp:db,1433` and `db\INSTANCE` of SQL Server, `db:5432` where somebody wrote it so.
fn places(named: &str, scheme: &str, ports: &[Option<u16>], shown: &str) -> Result<Vec<Place>, WordError> {
    let port_of = |at: usize| *ports.get(at).or(ports.first()).unwrap_or(&None);
    if scheme == "sqlserver" {
        let (host, behind) = named.split_once(',').unwrap_or((named, ""));
        let host = host.strip_prefix("tcp:").unwrap_or(host).split('\\').next().unwrap_or_default().trim();
        let host = if host == "." || host.eq_ignore_ascii_case("(local)") { "localhost" } else { host };
        return Ok(vec![Place { host: host.to_owned(), port: port(behind, shown)?.or_else(|| port_of(0)) }]);
    }
    let hosts = named.split(',').map(str::trim).filter(|host| !host.is_empty()).enumerate();
    hosts
        .map(|(at, host)| {
            let place = Place::read(host, shown)?;
            Ok(Place { port: place.port.or_else(|| port_of(at)), ..place })
        })
        .collect()
}

/// A port, or none where nothing stands there; `shown` is the string for messages.
fn port(text: &str, shown: &str) -> Result<Option<u16>, WordError> {
    match text.trim() {
        "" => Ok(None),
        number if redact::is_port(number) => Ok(number.parse().ok()),
        other => Err(WordError::Malformed(Malformed {
            written: shown.to_owned(),
            fault: Fault::Port { port: error::masked_port(other) },
            right: None,
            certain: true,
        })),
    }
}

/// Which database it is: SQL Server has names of its own, `MySQL` as well; the form of libpq is PostgreSQL's.
fn scheme(parameters: &Parameters, semicolons: bool, host: &str) -> &'static str {
    let port = parameters.get(&["port"]);
    let sql_server =
        ["initial catalog", "trusted_connection", "integrated security", "trustservercertificate", "encrypt"];
    if parameters.has(&sql_server)
        || parameters.has(&["server", "data source"]) && (host.contains(',') || host.contains('\\'))
    {
        return "sqlserver";
    }
    match port {
        Some("3306") => "mysql",
        Some("5432") => "postgres",
        Some("1433") => "sqlserver",
        _ if !semicolons => "postgres",
        _ if parameters.has(&["sslmode", "ssl mode"]) && parameters.has(&["uid", "pwd"]) => "mysql",
        _ if parameters.has(&["host"]) => "postgres",
        // Also what Connector/NET and Npgsql take for a host; the port of each of them would be a guess.
        _ if parameters.has(&["port"]) => "tcp",
        _ if parameters.has(&["uid", "pwd"]) => "mysql",
        _ => "sqlserver",
    }
}

/// A string of this kind without its values, for messages.
fn shown(parameters: &Parameters) -> String {
    error::shown(&parameters.names())
}

/// `name = value` pairs between blanks, values in single quotes or with backslashes.
fn blanks(word: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = word.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, left) = value(after.trim_start(), '\'', char::is_whitespace);
        pairs.push((name.trim().to_owned(), value));
        rest = left.trim_start();
    }
    pairs
}

/// `name=value` pairs between semicolons, values in quotes of either kind.
fn semicolons(word: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = word.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = if after.starts_with('\'') { '\'' } else { '"' };
        let (value, left) = value(after, quote, |c| c == ';');
        pairs.push((name.trim_start_matches(';').trim().to_owned(), value.trim().to_owned()));
        rest = left.trim_start_matches([';', ' ']);
    }
    pairs
}

/// A value and what follows it. A quote that is never closed is closed by the end.
fn value(text: &str, quote: char, ends: impl Fn(char) -> bool) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    let quoted = text.starts_with(quote);
    for (at, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' if quote == '\'' => escaped = true,
            _ if quoted && c == quote => return (value, &text[at + c.len_utf8()..]),
            _ if !quoted && ends(c) => return (value, &text[at..]),
            _ => value.push(c),
        }
    }
    (value, "")
}
