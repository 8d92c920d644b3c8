//! What a reverse proxy says of its upstreams, read where it answers that one of them failed, or where it ended for one: its
//! log and its configuration, through the engine.

use dprobe_probes::text::printable;
use dprobe_probes::wire::Observation;

use super::look::Pair;
use crate::diagnosis::Case;
use crate::diagnosis::failed_start::FailedStart;
use crate::engine::Engine;
use crate::redact;
use crate::reverse_proxy::nginx_log::{self, LogLine};
use crate::reverse_proxy::nginx_servers::Files;
use crate::reverse_proxy::{caddy, haproxy};
use crate::topology::{Container, ProxyProgram, ReverseProxy, Topology};

/// How many lines of the log are read. A busy proxy notes every request there.
const LOG_LINES: usize = 500;

/// How much of a log file is read, and how much of its end is looked at, in bytes. A file that is longer is left alone, for
/// its end cannot be had without the rest.
const LOG_FILE: usize = 8 * 1024 * 1024;
const LOG_TAIL: usize = 64 * 1024;

/// How much of a folder of configuration is read, in bytes, and how many files and folders beside it.
const FOLDER: usize = 2 * 1024 * 1024;
const FURTHER: usize = 8;

/// How much of a file of configuration is read, in bytes.
const FILE: usize = 256 * 1024;

/// Where nginx has its configuration: Debian and the official image, `OpenResty`, Bitnami, a build of one's own.
const NGINX: [&str; 4] = [
    "/etc/nginx/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/opt/bitnami/nginx/conf/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
];

/// Where Caddy and HAProxy have theirs.
const CADDY: [&str; 1] = ["/etc/caddy/Caddyfile"];
const HAPROXY: [&str; 2] = ["/usr/local/etc/haproxy/haproxy.cfg", "/etc/haproxy/haproxy.cfg"];

/// Where nginx logs errors unless it is told otherwise.
const NGINX_LOG: &str = "/var/log/nginx/error.log";

/// Reads them for every target that answered so.
pub(super) async fn read(engine: &Engine, pairs: &[Pair], topology: &mut Topology, observations: &[Observation]) {
    let mut wanted: Vec<(String, ProxyProgram)> = pairs
        .iter()
        .filter_map(|pair| proxy(&Case::new(&pair.from, &pair.to, topology, observations)))
        .filter(|(container, _)| container.reverse_proxy.is_none())
        .map(|(container, program)| (container.name.clone(), program))
        .collect();
    wanted.sort_by(|one, other| one.0.cmp(&other.0));
    wanted.dedup_by(|one, other| one.0 == other.0);
    for (name, program) in wanted {
        let Some(container) = topology.containers.get(&name) else { continue };
        let said = match program {
            ProxyProgram::Nginx => nginx(engine, container).await,
            ProxyProgram::Caddy => caddy(engine, container).await,
            ProxyProgram::Haproxy => haproxy(engine, container).await,
            program => ReverseProxy { program, ..ReverseProxy::default() },
        };
        if let Some(container) = topology.containers.get_mut(&name) {
            container.reverse_proxy = Some(said);
        }
    }
}

/// The target, where it answers for an upstream or has ended because it did not find one.
fn proxy<'a>(case: &Case<'a>) -> Option<(&'a Container, ProxyProgram)> {
    let ended = || {
        let target = case.target()?;
        FailedStart::of(case, target).map(|_| (target, ProxyProgram::Nginx))
    };
    case.answers_for_upstream().or_else(ended)
}

async fn nginx(engine: &Engine, container: &Container) -> ReverseProxy {
    let (lines, files) = tokio::join!(engine.log(&container.id, LOG_LINES), nginx_files(engine, container));
    let mut errors = nginx_log::errors(&lines.unwrap_or_default());
    let files = files.unwrap_or_default();
    if errors.is_empty() {
        let mut paths = files.error_logs();
        paths.push(NGINX_LOG.to_owned());
        for path in paths.iter().take(3) {
            errors = nginx_log::errors(&log_file(engine, container, path).await);
            if !errors.is_empty() {
                break;
            }
        }
    }
    ReverseProxy { program: ProxyProgram::Nginx, servers: files.servers(), errors }
}

async fn caddy(engine: &Engine, container: &Container) -> ReverseProxy {
    let lines = engine.log(&container.id, LOG_LINES).await.unwrap_or_default();
    let (file, text) = one_file(engine, container, &["--config", "-c"], &CADDY).await.unwrap_or_default();
    ReverseProxy { program: ProxyProgram::Caddy, servers: caddy::servers(&text, &file), errors: caddy::errors(&lines) }
}

async fn haproxy(engine: &Engine, container: &Container) -> ReverseProxy {
    let (file, text) = one_file(engine, container, &["-f"], &HAPROXY).await.unwrap_or_default();
    ReverseProxy { program: ProxyProgram::Haproxy, servers: haproxy::servers(&text, &file), errors: Vec::new() }
}

/// The configuration of a program that has it in one file: the one that a flag names, or where it usually is.
async fn one_file(engine: &Engine, container: &Container, flags: &[&str], usual: &[&str]) -> Option<(String, String)> {
    let named = container.command.iter().position(|word| flags.contains(&word.as_str()));
    let named = named.and_then(|at| container.command.get(at + 1)).filter(|path| path.starts_with('/'));
    for path in named.map(String::as_str).into_iter().chain(usual.iter().copied()) {
        if let Ok(Some(bytes)) = engine.read_file(&container.id, path, FILE).await {
            return Some((path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    None
}

/// The last lines of a log file.
async fn log_file(engine: &Engine, container: &Container, path: &str) -> Vec<LogLine> {
    // An engine that does not hand out a file leaves the matter open.
    let Ok(Some(bytes)) = engine.read_file(&container.id, path, LOG_FILE).await else { return Vec::new() };
    if bytes.len() >= LOG_FILE {
        return Vec::new();
    }
    let tail = &bytes[bytes.len().saturating_sub(LOG_TAIL)..];
    let line = |line: &[u8]| {
        let text = redact::line(&String::from_utf8_lossy(line));
        LogLine { age_s: None, text: printable(text.as_bytes(), 2000) }
    };
    tail.split(|byte| *byte == b'\n').filter(|one| !one.is_empty()).map(line).collect()
}

/// The files of nginx's configuration, as far as they are found.
async fn nginx_files(engine: &Engine, container: &Container) -> Option<Files> {
    let named = named_configuration(container);
    for main in named.iter().map(String::as_str).chain(NGINX) {
        let folder = main.rsplit_once('/')?.0;
        let Ok(Some(found)) = engine.read_folder(&container.id, folder, FOLDER).await else { continue };
        let mut files = Files { main: main.to_owned(), ..Files::default() };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        files.texts.extend(
            found.into_iter().filter(|(_, bytes)| bytes.len() <= FILE).map(|(path, bytes)| (path, text(bytes))),
        );
        // A large folder may have pushed it out.
        if !files.texts.contains_key(main) {
            let Ok(Some(bytes)) = engine.read_file(&container.id, main, FILE).await else { continue };
            files.texts.insert(main.to_owned(), text(bytes));
        }
        let mut asked: Vec<String> = Vec::new();
        // What is included may include more.
        while let Some(pattern) = files.missing().into_iter().find(|pattern| !asked.contains(pattern)) {
            if asked.len() >= FURTHER {
                break;
            }
            let folder = pattern.rsplit_once('/').map_or("/", |(folder, _)| folder);
            if !pattern.contains(['*', '?', '[']) {
                if let Ok(Some(bytes)) = engine.read_file(&container.id, &pattern, FILE).await {
                    files.texts.insert(pattern.clone(), text(bytes));
                }
            } else if let Ok(Some(found)) = engine.read_folder(&container.id, folder, FILE).await {
                files.texts.extend(found.into_iter().map(|(path, bytes)| (path, text(bytes))));
            }
            asked.push(pattern);
        }
        return Some(files);
    }
    None
}

/// The file that nginx was started with (`nginx -c FILE`).
fn named_configuration(container: &Container) -> Option<String> {
    let at = container.command.iter().position(|word| word == "-c")?;
    container.command.get(at + 1).filter(|path| path.starts_with('/')).cloned()
}
