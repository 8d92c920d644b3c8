//! `HOST`, `HOST:PORT` and `HOST:PORT/PROTOCOL`.

use std::net::{IpAddr, Ipv6Addr};

use dprobe_probes::text::printable;

use crate::topology::Protocol;

use super::error::{LONGEST_NAME, shown};
use super::{HostWord, Login, PortWord, TargetWord, WordError};

/// A target that is not a URL.
pub(super) fn target(word: &str) -> Result<TargetWord, WordError> {
    let (rest, protocol) = split_protocol(word)?;
    let (host_part, port) = split_port(rest, word)?;
    let host = match host_part {
        "host" => HostWord::Host,
        "gateway" => HostWord::Gateway,
        "internet" => HostWord::Internet,
        _ => host(host_part, word)?,
    };
    Ok(TargetWord {
        typed: word.to_owned(),
        host,
        port: port.map(|port| PortWord { port, typed: true }),
        protocol,
        scheme: None,
        url: None,
        application: None,
        login: Login::default(),
        malformed: None,
    })
}

/// Takes `/tcp` or `/udp` off. Only what follows a port or an address is a protocol: `shop/udp` is a compose service.
fn split_protocol(word: &str) -> Result<(&str, Protocol), WordError> {
    let Some((rest, last)) = word.rsplit_once('/') else { return Ok((word, Protocol::Tcp)) };
    let address = rest.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    if address.is_none() && !rest.contains(':') {
        return Ok((word, Protocol::Tcp));
    }
    match last.to_ascii_lowercase().as_str() {
        "tcp" => Ok((rest, Protocol::Tcp)),
        "udp" => Ok((rest, Protocol::Udp)),
        "sctp" | "icmp" | "tls" | "http" | "quic" => Err(WordError::UnknownProtocol {
            typed: shown(word),
            protocol: shown(last),
            example: format!("{}/udp", shown(rest)),
        }),
        _ => Err(match address {
            Some(address) if last.parse::<u8>().is_ok() => {
                WordError::Range { typed: shown(word), example: with_port(&address.to_string(), 80) }
            }
            _ => WordError::PathWithoutScheme { typed: shown(word), example: format!("http://{}", shown(word)) },
        }),
    }
}

/// Takes a port off; `whole` is the word for the errors.
pub(super) fn split_port<'a>(text: &'a str, whole: &str) -> Result<(&'a str, Option<u16>), WordError> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let Some((inside, after)) = bracketed.split_once(']') else {
            return Err(WordError::Brackets { typed: shown(whole) });
        };
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((&text[..inside.len() + 2], None)),
            None => Err(WordError::Brackets { typed: shown(whole) }),
            Some(port) => Ok((&text[..inside.len() + 2], Some(self::port(port, &text[..inside.len() + 2], whole)?))),
        };
    }
    // `fe80::1:80` is an address; one who means a port writes brackets.
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, None));
    }
    let Some((host, last)) = text.rsplit_once(':') else { return Ok((text, None)) };
    if host.is_empty() {
        port(last, "mongodb", whole)?;
        return Err(WordError::PortOnly { typed: shown(text) });
    }
    if text.contains('%') && host.contains(':') {
        return Err(WordError::Zone { typed: shown(whole) });
    }
    if host.contains(':') {
        let example = match host.parse::<Ipv6Addr>() {
            Ok(address) => with_port(&address.to_string(), last.parse().unwrap_or(8080)),
            Err(_) => "[2001:db8::1]:8080".to_owned(),
        };
        return Err(WordError::Colons { typed: shown(whole), example });
    }
    if last.parse::<u16>().is_err() && !last.is_empty() && host == "net" {
        return Err(WordError::TargetNetwork { typed: shown(whole) });
    }
    Ok((host, Some(port(last, host, whole)?)))
}

/// The number of a port. `host` makes the example.
fn port(text: &str, host: &str, whole: &str) -> Result<u16, WordError> {
    let example = || format!("{}:8080", shown(host));
    if text.is_empty() {
        return Err(WordError::MissingPort { typed: shown(whole), example: example() });
    }
    match text.parse::<u16>() {
        // `parse` takes a leading `+`, which nobody means.
        Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => Err(WordError::Port { typed: shown(whole), port: shown(text), example: example() }),
    }
}

/// A host without a port: a name, `project/service` or an address; `whole` is the word for the errors.
pub(super) fn host(text: &str, whole: &str) -> Result<HostWord, WordError> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let inside = bracketed.strip_suffix(']').unwrap_or(bracketed);
        return match inside.parse::<Ipv6Addr>() {
            Ok(address) => Ok(HostWord::Address(address.into())),
            Err(_) if inside.contains('%') => Err(WordError::Zone { typed: shown(whole) }),
            Err(_) => Err(WordError::Brackets { typed: shown(whole) }),
        };
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(HostWord::Address(address));
    }
    match text.split_once('/') {
        Some((project, service)) => {
            if project.is_empty() || service.is_empty() || service.contains('/') {
                return Err(WordError::Slash { typed: shown(whole) });
            }
            Ok(HostWord::Service { project: name(project, whole)?, service: name(service, whole)? })
        }
        None => Ok(HostWord::Name(name(text, whole)?)),
    }
}

/// A name of a container, of a service or of the DNS.
fn name(text: &str, whole: &str) -> Result<String, WordError> {
    let typed = || shown(whole);
    if let Some((host, port)) = text.split_once(':') {
        return Err(if host.contains(':') || port.contains(':') {
            WordError::Colons { typed: typed(), example: "[2001:db8::1]:8080".to_owned() }
        } else {
            WordError::SourcePort { typed: typed() }
        });
    }
    let odd = |c: &char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if let Some(character) = text.chars().find(odd).or(text.starts_with('-').then_some('-')) {
        return Err(WordError::Character { typed: typed(), character: printable(character.to_string().as_bytes(), 1) });
    }
    let length = text.chars().count();
    if length > LONGEST_NAME {
        return Err(WordError::NameTooLong { typed: typed(), length });
    }
    // One dot at the end makes a name absolute and is fine.
    let relative = text.strip_suffix('.').unwrap_or(text);
    if relative.split('.').any(str::is_empty) {
        return Err(WordError::EmptyLabel { typed: typed() });
    }
    if text.contains('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(WordError::Ipv4 { typed: typed() });
    }
    Ok(text.to_owned())
}

/// A host and a port, in brackets where it needs them.
fn with_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
