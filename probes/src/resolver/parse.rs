//! The text of `resolv.conf` (resolv.conf(5)) and of the hosts file (hosts(5)), read as glibc reads it.
//!
//! Both files are whatever the user mounted, so a line that makes no sense is passed over, as a libc does.

use std::net::IpAddr;
use std::path::Path;

use super::{HostsEntry, ResolverFact};
use crate::bounded;
use crate::text::printable;

/// The most that is read of either file.
const MAX_BYTES: usize = 1024 * 1024;
/// The most entries that are kept of the hosts file, and servers and search domains of `resolv.conf`.
const MAX_ENTRIES: usize = 4096;
/// The longest name that is kept; longer ones can not be looked up (RFC 1035).
const MAX_NAME: usize = 255;

/// Where a Linux system keeps them.
const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";

/// Read the resolver configuration of this namespace.
#[must_use]
pub fn read() -> ResolverFact {
    read_from(Path::new(RESOLV_CONF), Path::new(HOSTS))
}

/// Read a resolver configuration from two files.
fn read_from(resolv_conf: &Path, hosts: &Path) -> ResolverFact {
    let mut problems = Vec::new();
    let mut fact = resolv_conf_text(&bytes_of(resolv_conf, &mut problems));
    fact.hosts = hosts_text(&bytes_of(hosts, &mut problems));
    fact.problems = problems;
    fact
}

fn bytes_of(path: &Path, problems: &mut Vec<String>) -> Vec<u8> {
    match bounded::read(path, MAX_BYTES) {
        Ok((bytes, cut)) => {
            if cut {
                problems.push(format!("{} is longer than {MAX_BYTES} bytes and was read up to there", path.display()));
            }
            bytes
        }
        Err(error) => {
            problems.push(format!("{} can not be read: {error}", path.display()));
            Vec::new()
        }
    }
}

/// Parse the text of a `resolv.conf`. The limits of the options are glibc's (`RES_MAXNDOTS` and its kin).
pub(crate) fn resolv_conf_text(bytes: &[u8]) -> ResolverFact {
    let mut fact = ResolverFact {
        nameservers: Vec::new(),
        search: Vec::new(),
        ndots: 1,
        timeout_s: 5,
        attempts: 2,
        rotate: false,
        hosts: Vec::new(),
        problems: Vec::new(),
    };
    for line in String::from_utf8_lossy(bytes).lines() {
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => {
                if let Some(server) = words.next().and_then(server_address)
                    && fact.nameservers.len() < MAX_ENTRIES
                {
                    fact.nameservers.push(server);
                }
            }
            // The last of the two keywords wins, and `domain` is a search list of one (resolv.conf(5)).
            Some("domain") => fact.search = words.take(1).filter_map(domain).collect(),
            Some("search") => fact.search = words.take(MAX_ENTRIES).filter_map(domain).collect(),
            Some("options") => words.for_each(|word| option(&mut fact, word)),
            _ => {}
        }
    }
    fact
}

/// The address of a server; the scope of a link-local one is dropped, as the report has no place for it.
fn server_address(word: &str) -> Option<IpAddr> {
    word.split('%').next()?.parse().ok()
}

fn domain(word: &str) -> Option<String> {
    (word.len() <= MAX_NAME).then(|| printable(word.as_bytes(), MAX_NAME))
}

fn option(fact: &mut ResolverFact, word: &str) {
    let (name, value) = word.split_once(':').unwrap_or((word, ""));
    // glibc reads the number with atoi(3), so rubbish is zero, and takes a zero for what it is.
    let number = || value.parse::<u32>().unwrap_or(0);
    match name {
        "ndots" => fact.ndots = number().min(15),
        "timeout" => fact.timeout_s = number().min(30),
        "attempts" => fact.attempts = number().min(5),
        "rotate" => fact.rotate = true,
        _ => {}
    }
}

/// Parse the text of a hosts file.
pub(crate) fn hosts_text(bytes: &[u8]) -> Vec<HostsEntry> {
    String::from_utf8_lossy(bytes).lines().filter_map(hosts_line).take(MAX_ENTRIES).collect()
}

fn hosts_line(line: &str) -> Option<HostsEntry> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let address = server_address(words.next()?)?;
    let names: Vec<String> = words.filter_map(domain).collect();
    (!names.is_empty()).then_some(HostsEntry { address, names })
}
