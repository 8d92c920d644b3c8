//! The text of `resolv.conf` (resolv.conf(5)) and of the hosts file (hosts(5)), read as glibc reads it.
//!
//! Both files are whatever the user mounted, so a line that makes no sense is passed over, as a libc does.

use std::net::IpAddr;
use std::path::Path;

use super::{ExternalServer, HostsEntry, ResolverFact};
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
        use_vc: false,
        single_request: false,
        external: Vec::new(),
        hosts: Vec::new(),
        problems: Vec::new(),
    };
    for line in String::from_utf8_lossy(bytes).lines() {
        if line.starts_with(['#', ';']) {
            if let Some(list) = line.strip_prefix("# ExtServers: [") {
                fact.external =
                    list.trim_end().trim_end_matches(']').split(' ').filter_map(external).take(16).collect();
            }
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

/// `198.51.100.1` or `host(127.0.0.53)`, as libnetwork's resolvconf writes a server that it has taken out of the file.
fn external(word: &str) -> Option<ExternalServer> {
    match word.strip_prefix("host(") {
        Some(inner) => Some(ExternalServer { address: server_address(inner.strip_suffix(')')?)?, from_host: true }),
        None => Some(ExternalServer { address: server_address(word)?, from_host: false }),
    }
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
        "use-vc" => fact.use_vc = true,
        "single-request" | "single-request-reopen" => fact.single_request = true,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_as_the_engine_writes_it() {
        let text = "# Generated by Docker Engine.\n\nnameserver 127.0.0.11\nsearch .\noptions edns0 trust-ad ndots:0\n\n\
            # Based on host file: '/etc/resolv.conf' (internal resolver)\n# ExtServers: [host(127.0.0.53)]\n\
            # Overrides: []\n# Option ndots from: internal\n";
        let fact = resolv_conf_text(text.as_bytes());
        assert_eq!(fact.nameservers, ["127.0.0.11".parse::<IpAddr>().unwrap()]);
        assert_eq!((fact.search.as_slice(), fact.ndots), (&[".".to_owned()][..], 0));
        assert_eq!((fact.timeout_s, fact.attempts, fact.rotate), (5, 2, false));
        assert_eq!(fact.external, [ExternalServer { address: "127.0.0.53".parse().unwrap(), from_host: true }]);
    }

    #[test]
    fn the_servers_behind_the_engines_own_are_read_from_its_comment() {
        let several = |text: &str| -> Vec<(String, bool)> {
            let external = resolv_conf_text(text.as_bytes()).external;
            external.into_iter().map(|server| (server.address.to_string(), server.from_host)).collect()
        };
        assert_eq!(
            several("# ExtServers: [198.51.100.1 host(127.0.0.53) fd00::1]\n"),
            [("198.51.100.1".to_owned(), false), ("127.0.0.53".to_owned(), true), ("fd00::1".to_owned(), false)]
        );
        assert_eq!(several("# ExtServers: [host( x host(1.2.3.4 1.2.3]\n# ExtServers\n"), []);
    }

    #[test]
    fn options_of_the_transport() {
        let fact = resolv_conf_text(b"options use-vc single-request-reopen\n");
        assert!(fact.use_vc && fact.single_request);
    }

    #[test]
    fn lines_that_make_no_sense_are_passed_over() {
        let text = "nameserver\nnameserver nonsense\n nameserver\t198.51.100.1 \nnameserver fe80::1%eth0\n\
            ; nameserver 198.51.100.2\noptions ndots:abc timeout: attempts:99 rotate\nwhatever\n\u{fffd}\n";
        let fact = resolv_conf_text(text.as_bytes());
        let expected: Vec<IpAddr> = vec!["198.51.100.1".parse().unwrap(), "fe80::1".parse().unwrap()];
        assert_eq!(fact.nameservers, expected);
        assert_eq!((fact.ndots, fact.timeout_s, fact.attempts, fact.rotate), (0, 0, 5, true));
    }

    #[test]
    fn the_last_of_domain_and_search_wins() {
        assert_eq!(resolv_conf_text(b"search a.test b.test\ndomain c.test d.test\n").search, ["c.test"]);
        assert_eq!(resolv_conf_text(b"domain c.test\nsearch a.test b.test\n").search, ["a.test", "b.test"]);
    }

    #[test]
    fn hosts_lines_have_an_address_and_names() {
        let text = "127.0.0.1\tlocalhost loop # comment\n#198.51.100.1 no\n198.51.100.2\nnonsense name\n\
            ::1 ip6-localhost\n198.51.100.3 a\x1bb\n";
        let names: Vec<(String, Vec<String>)> =
            hosts_text(text.as_bytes()).into_iter().map(|entry| (entry.address.to_string(), entry.names)).collect();
        let expected = [
            ("127.0.0.1", vec!["localhost", "loop"]),
            ("::1", vec!["ip6-localhost"]),
            ("198.51.100.3", vec!["a\\x1bb"]),
        ];
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(address, names)| (address.to_owned(), names.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_huge_hosts_file_is_bounded() {
        assert_eq!(hosts_text("198.51.100.1 a\n".repeat(MAX_ENTRIES + 10).as_bytes()).len(), MAX_ENTRIES);
    }

    #[test]
    fn a_file_that_is_not_there_is_a_problem() {
        let fact = read_from(Path::new("/nonexistent/resolv.conf"), Path::new("/nonexistent/hosts"));
        assert_eq!(fact.problems.len(), 2);
        assert!(fact.problems[0].contains("/nonexistent/resolv.conf"), "{:?}", fact.problems);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = resolv_conf_text(&bytes);
            let _ = hosts_text(&bytes);
        }

        #[test]
        fn any_words_are_read_without_a_panic(
            text in "((nameserver|search|domain|options|127.0.0.1|::1)[ \t:](ndots:|timeout:)?\\PC{0,20}\n?){0,10}",
        ) {
            let fact = resolv_conf_text(text.as_bytes());
            prop_assert!(fact.ndots <= 15 && fact.timeout_s <= 30 && fact.attempts <= 5);
            let _ = hosts_text(text.as_bytes());
        }
    }
}
