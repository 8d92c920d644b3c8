//! `flag-after-image`: a `-p` that the program got instead of the engine.

use super::{Cause, Found};
use crate::diagnosis::case::Case;
use crate::compose::ComposePort;
use crate::diagnosis::fixes::{change, compose_publish, log_tail};
use crate::report::{Fix, Severity, StageName};
use crate::topology::{Container, ContainerPort, Protocol};

pub(super) const CAUSE: Cause = Cause {
    code: "flag-after-image",
    summary: "`-p` stands after the image, where it is an argument of the program, not of docker run",
    page: r"
`docker run [OPTIONS] IMAGE [COMMAND] [ARG...]`: everything after the image belongs to the program in the container. In
`docker run nginx -p 8080:80` the engine sees no `-p`; the program gets two arguments that it did not expect, and often
ends over them.

## How dprobe knows

The container's arguments have a `-p` or `--publish` with a mapping such as `8080:80`, and the engine was not asked to
publish that port.

## Why it happens

Most programs take their options anywhere on the line; `docker run` takes them before the image only.

## How to fix it

Recreate the container with the flag before the image:

    docker run -d --name web -p 8080:80 nginx

## How to reproduce it

    docker run -d --name web nginx -p 8080:80
    docker inspect --format '{{.Args}} {{.HostConfig.PortBindings}}' web
    dprobe check host localhost:8080

Related: not-published, target-not-running
",
    yields_to: &[],
    find,
};

/// A mapping among the arguments of a container.
struct Stray {
    /// As it was typed.
    text: String,
    /// The port of the host.
    host: u16,
    /// The port inside.
    inside: ContainerPort,
    /// The command without the flag.
    rest: Vec<String>,
}

fn find(case: &Case<'_>) -> Option<Found> {
    if !(case.dials_host_itself() || case.unpublished() || case.target().is_some()) || case.gets_through() {
        return None;
    }
    let port = case.to.port;
    let meant = |stray: &Stray| {
        stray.inside.protocol == case.to.protocol
            && (port == Some(stray.host) || port == Some(stray.inside.port) || port.is_none())
    };
    let (container, stray) = match case.target() {
        Some(target) => stray(target).filter(meant).map(|stray| (target, stray))?,
        // Nobody publishes the port, so whose it is follows from the stray flag itself.
        None => case.topology.containers.values().find_map(|container| {
            stray(container).filter(|stray| port == Some(stray.host) && meant(stray)).map(|stray| (container, stray))
        })?,
    };
    let name = &container.name;
    let mapping = &stray.text;
    let runs = container.state.status.has_processes();
    let ended = if runs {
        String::new()
    } else {
        format!(" {name} does not run: many programs end over an argument that they do not know.{}", log_tail(container))
    };
    let edit = ComposePort::parse(mapping).and_then(|port| compose_publish(container, port));
    let mut because = vec![Case::container_evidence(container)];
    because.extend(case.dials().iter().map(|dial| dial.id.to_owned()));
    Some(Found {
        severity: Severity::Error,
        stage: if runs { StageName::Route } else { StageName::Target },
        title: format!("`-p {mapping}` was given to the program in {name}, not to docker run"),
        explanation: format!(
            "{name} runs `{}`. Everything after the image's name is the program's own command line, so the engine never saw \
             the `-p` and publishes nothing.{ended}",
            shell_words::join(&container.command)
        ),
        because,
        fixes: vec![Fix {
            argv: Some(stray.rest).filter(|rest| !rest.is_empty()),
            ..change(format!(
                "recreate {name} with the flag before the image: `docker run … -p {mapping} {} …`",
                container.image
            ))
            .with_edit(edit)
        }],
    })
}

/// The first mapping among a container's arguments that the engine was not asked for. Containers that run `docker` itself
/// have one by right.
fn stray(container: &Container) -> Option<Stray> {
    let words = &container.command;
    let program = words.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    if matches!(program, "docker" | "podman" | "nerdctl") {
        return None;
    }
    let (at, length, text) = words.iter().enumerate().find_map(|(at, word)| match word.as_str() {
        "-p" | "--publish" => words.get(at + 1).map(|next| (at, 2, next.as_str())),
        _ => {
            let attached = word.strip_prefix("--publish=").or_else(|| word.strip_prefix("-p"));
            attached.map(|text| (at, 1, text.trim_start_matches('=')))
        }
    })?;
    let (host, inside) = mapping(text)?;
    let asked = container
        .requested
        .iter()
        .chain(&container.published)
        .any(|port| port.container_port == inside.port && port.protocol == inside.protocol);
    let mut rest = words.clone();
    rest.drain(at..at + length);
    (!asked).then(|| Stray { text: text.to_owned(), host, inside, rest })
}

/// `8080:80`, `127.0.0.1:8080:80`, `53:53/udp`.
fn mapping(text: &str) -> Option<(u16, ContainerPort)> {
    let (ports, protocol) = match text.split_once('/') {
        Some((ports, "udp")) => (ports, Protocol::Udp),
        Some((ports, "tcp")) => (ports, Protocol::Tcp),
        Some(_) => return None,
        None => (text, Protocol::Tcp),
    };
    let (rest, inside) = ports.rsplit_once(':')?;
    let host = match rest.rsplit_once(':') {
        Some((address, host)) => address.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok().map(|_| host)?,
        None => rest,
    };
    Some((host.parse().ok()?, ContainerPort { port: inside.parse().ok()?, protocol }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::tests::facts::container;

    fn found(words: &[&str]) -> Option<(String, u16, u16, Vec<String>)> {
        let container = container("web", "nginx").runs(words);
        stray(&container).map(|stray| (stray.text, stray.host, stray.inside.port, stray.rest))
    }

    #[test]
    fn mappings_are_told_from_other_arguments() {
        let plain = found(&["nginx", "-p", "8080:80", "-g", "x"]).expect("a mapping");
        assert_eq!(plain, ("8080:80".to_owned(), 8080, 80, vec!["nginx".to_owned(), "-g".to_owned(), "x".to_owned()]));
        assert_eq!(found(&["nginx", "--publish=127.0.0.1:8080:80"]).map(|found| found.1), Some(8080));
        assert_eq!(found(&["-p8080:80"]).map(|found| found.3), Some(Vec::new()));
        for other in [
            &["postgres", "-p", "5433"][..],
            &["nginx", "-p", "/etc/nginx"],
            &["app", "-p", "db:5432"],
            &["docker", "run", "-p", "80:80", "x"],
            &["app", "--port", "80:80"],
            &["app", "-p"],
        ] {
            assert_eq!(found(other), None, "{other:?}");
        }
    }
}
