//! Configurations and logs of reverse proxies, read from their containers.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dprobe::reverse_proxy::nginx_log::LogLine;
use dprobe::reverse_proxy::nginx_servers::Files;
use dprobe::reverse_proxy::{caddy, haproxy, nginx_log};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::{self, SECRET, escaped};

/// The longest text that is kept, and the most servers and errors.
const TEXT: usize = 500;
const SERVERS: usize = 100;
const ERRORS: usize = 30;

fn judge<T: Serialize + DeserializeOwned + PartialEq + Debug>(found: &Vec<T>, most: usize) {
    assert!(found.len() <= most, "{} are found", found.len());
    check::no_secret(&format!("{found:?}"));
    check::all_printable(found);
    check::all_shorter(found, escaped(TEXT));
    check::comes_back(found);
}

/// Files of nginx. Each begins with a line `=== PATH`; what comes before the first is `nginx.conf`.
pub(super) fn nginx_config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let main = "/etc/nginx/nginx.conf".to_owned();
    let mut texts = BTreeMap::new();
    for (number, part) in text.split("\n=== ").enumerate() {
        let (path, text) =
            if number == 0 { (main.as_str(), part) } else { part.split_once('\n').unwrap_or((part, "")) };
        texts.insert(path.to_owned(), text.to_owned());
    }
    let files = Files { main: main.clone(), texts };
    judge(&files.servers(), SERVERS);
    for path in files.missing() {
        assert!(path.starts_with('/'), "{path:?}");
    }
    let _ = files.error_logs();
    let secret = format!("http {{ server {{ location / {{ proxy_pass http://user:{SECRET}@db:8080; }} }}\n{text}");
    judge(&Files { texts: BTreeMap::from([(main.clone(), secret)]), main }.servers(), SERVERS);
}

fn lines(text: &str) -> Vec<LogLine> {
    text.lines().map(|line| LogLine { age_s: None, text: line.to_owned() }).collect()
}

/// The error log of nginx. `@` stands for the beginning of a URL with a password.
pub(super) fn nginx_errors(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('@', &format!("http://user:{SECRET}@"));
    judge(&nginx_log::errors(&lines(&text)), ERRORS);
    let plain: Vec<String> = String::from_utf8_lossy(data).lines().map(str::to_owned).collect();
    if let Some(unknown) = nginx_log::unknown_upstream(&plain) {
        check::printable(&unknown.name);
        check::printable(&unknown.file);
        assert!(!unknown.name.is_empty());
    }
}

/// A Caddyfile.
pub(super) fn caddyfile(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    judge(&caddy::servers(&text, "/etc/caddy/Caddyfile"), SERVERS);
}

/// The log of Caddy.
pub(super) fn caddy_errors(data: &[u8]) {
    judge(&caddy::errors(&lines(&String::from_utf8_lossy(data))), ERRORS);
}

/// The configuration of `HAProxy`.
pub(super) fn haproxy_config(data: &[u8]) {
    judge(&haproxy::servers(&String::from_utf8_lossy(data), "/etc/haproxy/haproxy.cfg"), SERVERS);
}
