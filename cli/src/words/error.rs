//! What can be wrong with a word. Each message says what was typed, why it is wrong, and what is right.

use dprobe_probes::text::printable;

use super::malformed::Malformed;

/// The longest word that is looked at, in bytes.
pub(super) const LONGEST: usize = 4096;

/// The longest name in the DNS, in characters (RFC 1035, 2.3.4).
pub(super) const LONGEST_NAME: usize = 253;

/// Why a word is neither a source nor a target. What was typed is shown printable, cut, and without credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages show")]
pub enum WordError {
    /// Nothing at all, or blanks.
    #[error("{role} is empty; is a variable unset? For example: dprobe check web mongodb:27017")]
    Empty { role: &'static str },
    /// More than any name or URL has.
    #[error("`{typed}` is too long: {bytes} bytes, and {limit} is the limit")]
    TooLong { typed: String, bytes: usize, limit: usize },
    /// A newline, an escape sequence and the like.
    #[error(
        "`{typed}` contains a control character, or one that is not seen, which no name has; for example: mongodb:27017"
    )]
    ControlCharacter { typed: String },
    /// `net:`.
    #[error("`net:` names no network; for example: net:favorites-net")]
    NetworkWithoutName,
    /// A URL as FROM.
    #[error("`{typed}` is a URL, and FROM is who connects: a container, `host`, or `net:NAME`; for example: web")]
    SourceUrl { typed: String },
    /// An address as FROM.
    #[error("`{typed}` is an address, and FROM is who connects: a container, `host`, or `net:NAME`; for example: web")]
    SourceAddress { typed: String },
    /// `web:80` as FROM.
    #[error("`{typed}` has a port, and FROM takes none, for it is who connects; for example: web")]
    SourcePort { typed: String },
    /// `net:NAME` as TARGET.
    #[error("`{typed}` is a network, and only FROM can be one; TARGET is something in it, for example: mongodb:27017")]
    TargetNetwork { typed: String },
    /// `web:`.
    #[error("`{typed}` ends where its port should be; is a variable unset? For example: {example}")]
    MissingPort { typed: String, example: String },
    /// Port 0, 65536 or a word.
    #[error("`{port}` in `{typed}` is not a port: ports are numbers from 1 to 65535; for example: {example}")]
    Port { typed: String, port: String, example: String },
    /// `:80`.
    #[error("`{typed}` has a port and no host; for example: mongodb{typed}, or localhost{typed} for FROM itself")]
    PortOnly { typed: String },
    /// `web:80/sctp`.
    #[error("`{protocol}` in `{typed}` is not a protocol: write /tcp or /udp; for example: {example}")]
    UnknownProtocol { typed: String, protocol: String, example: String },
    /// `web:80/path`.
    #[error("`{typed}` looks like a URL without its scheme; for example: {example}")]
    PathWithoutScheme { typed: String, example: String },
    /// `a/b/c` and the like.
    #[error(
        "`{typed}` has a slash without a name on both sides; a compose service is written project/service, \
             for example: shop/web"
    )]
    Slash { typed: String },
    /// `[::1`, `[web]`, `[::1]80`.
    #[error("`{typed}` has brackets that do not enclose an IPv6 address; for example: [::1]:8080")]
    Brackets { typed: String },
    /// `2001:db8::1:99999` and the like.
    #[error(
        "`{typed}` has several colons and is no IPv6 address; with a port, the address stands in brackets, \
             for example: {example}"
    )]
    Colons { typed: String, example: String },
    /// `fe80::1%eth0`.
    #[error(
        "`{typed}` names an interface after `%`, which depends on who connects and is not supported; \
             for example: [fe80::1]:8080"
    )]
    Zone { typed: String },
    /// `10.0.0.300`, `10.0.0`.
    #[error("`{typed}` is not an IPv4 address: that is four numbers from 0 to 255; for example: 172.18.0.2:27017")]
    Ipv4 { typed: String },
    /// `10.0.0.0/24`.
    #[error("`{typed}` is a range of addresses; name one of them, for example: {example}")]
    Range { typed: String, example: String },
    /// A blank, a quote, an `@`.
    #[error(
        "`{character}` in `{typed}` can not stand there; names have letters, digits, `_`, `.` and, not first, `-`, \
             for example: mongodb:27017"
    )]
    Character { typed: String, character: String },
    /// `a..b`.
    #[error("`{typed}` has a dot too many; for example: db.example.test:5432")]
    EmptyLabel { typed: String },
    /// More than the DNS allows.
    #[error("`{typed}` is too long for a name: {length} characters, and 253 is the limit (RFC 1035)")]
    NameTooLong { typed: String, length: usize },
    /// `://web`, `1http://web`.
    #[error("`{typed}` has no scheme before `://`; for example: http://web:8080/")]
    Scheme { typed: String },
    /// A connection string that is not written as it has to be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// `dbname=shop user=app`, `server=;database=shop`.
    #[error("`{typed}` names no host; for example: {example}")]
    NoHost { typed: String, example: &'static str },
    /// A path of a Unix socket, a file, a database in memory.
    #[error("`{typed}` is something on the same machine, to which no network leads; for example: postgres://db/shop")]
    Local { typed: String },
}

/// Hosts with their ports, separated by commas, without what is no port: of `postgres://user:password` it is not known that
/// the host is missing.
pub(super) fn masked_ports(hosts: &str) -> String {
    let masked = |host: &str| match crate::redact::split_at_port(host) {
        Some((name, port)) => {
            format!(
                "{}:{}",
                name.split(':').next().filter(|_| !name.starts_with('[')).unwrap_or(name),
                masked_port(port)
            )
        }
        None => host.to_owned(),
    };
    hosts.split(',').map(masked).collect::<Vec<_>>().join(",")
}

/// A port, where it may be one.
pub(super) fn masked_port(port: &str) -> String {
    let is_number = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { port.to_owned() } else { crate::redact::MASK.to_owned() }
}

/// A word as an error shows it: printable, cut, and without anything that stands before an `@`.
///
/// An error is about a word that could not be taken apart, so nothing after `://` is known not to be a password until the
/// last `@` is past.
pub(super) fn shown(word: &str) -> String {
    let visible = match (scheme_end(word), word.rfind('@')) {
        (Some(end), Some(at)) if end < at => format!("{}***{}", &word[..end], &word[at..]),
        (None, Some(at)) => format!("***{}", &word[at..]),
        _ => word.to_owned(),
    };
    printable(crate::redact::line(&visible).as_bytes(), 80)
}

/// Where a scheme with its `://` ends at the beginning of a word, and nothing else: `jdbc:` of a driver and `net:` of a network
/// may stand in front of it, and a password may not.
fn scheme_end(word: &str) -> Option<usize> {
    let at = word.find("://")?;
    let before = &word[..at];
    let bare = before.strip_prefix("net:").unwrap_or(before);
    (super::url::is_scheme(bare) || before.is_empty()).then_some(at + 3)
}
