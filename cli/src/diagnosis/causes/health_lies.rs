//! `health-lies`: the health check says one thing, and whoever connects sees another.

use super::{Cause, Found};
use crate::compose::flow_list;
use crate::diagnosis::case::Case;
use crate::diagnosis::fixes::{change, compose_service};
use crate::diagnosis::listening::{Listening, sockets_text};
use crate::report::{Fix, Severity, StageName};
use crate::topology::{Container, Health, HealthStatus};

pub(super) const CAUSE: Cause = Cause {
    code: "health-lies",
    summary: "the health check says healthy while nobody can connect, or unhealthy while it serves",
    page: r"
A health check is a command that runs inside the container. It says what that command found, which is not always what a
client finds: a check of the process or of a Unix socket passes while no port is open, a check on localhost passes while the
server listens on localhost alone, and a check of `localhost` may go to `::1` and fail while everybody else is served on
IPv4.

## How dprobe knows

`State.Health` is held against the listening sockets and the connect: *healthy* without any socket that takes connections
from outside, or *unhealthy* while the connection stands. It is told beside the cause itself, never in its place.

## Why it happens

`HEALTHCHECK CMD true`, `pgrep nginx`, `mysqladmin ping` through the socket; `wget http://localhost` of busybox, which tries
the first address only. With `condition: service_healthy`, others are then started too early, or never.

## How to fix it

Check what clients use, over TCP, with the address in numbers:

    services:
      web:
        healthcheck:
          test: ['CMD', 'nc', '-z', '127.0.0.1', '80']

To notice a server that is bound to loopback, check the container's own address: `nc -z $(hostname -i) 80`.

## How to reproduce it

    docker network create favorites-net
    docker run -d --name web --network favorites-net --health-cmd true --health-interval 1s busybox sleep infinity
    dprobe check net:favorites-net web:80

Related: nothing-listening, bind-loopback, target-starting
",
    yields_to: &[],
    find,
};

fn find(case: &Case<'_>) -> Option<Found> {
    let target = case.target()?;
    let health = target.state.health.as_ref()?;
    let (seen, found) = case.listening()?;
    let port = case.listen_port()?;
    let through = case.gets_through();
    let name = &target.name;
    let checks = checks(health);
    let (severity, title, explanation, fix) = match (health.status, found) {
        (HealthStatus::Healthy, Listening::Nothing) if !through => (
            Severity::Warning,
            format!("{name} is called healthy, although nothing in it listens"),
            format!("The health check{checks} passes, so it does not look at the port that clients use."),
            over_tcp(target, &["CMD".to_owned(), "nc".to_owned(), "-z".to_owned(), "127.0.0.1".to_owned(), port.to_string()]),
        ),
        (HealthStatus::Healthy, Listening::Loopback(sockets)) if !through && !case.same_namespace() => (
            Severity::Warning,
            format!("{name} is called healthy, although nobody outside can connect"),
            format!(
                "The health check{checks} runs inside the container, where {} can be reached. It says nothing of those who \
                 come from outside.",
                sockets_text(&sockets)
            ),
            over_tcp(target, &["CMD-SHELL".to_owned(), format!("nc -z $(hostname -i) {port}")]),
        ),
        (HealthStatus::Unhealthy, Listening::Good(socket)) if through => {
            let v4_only = socket.address.is_ipv4() && health.test.iter().any(|word| word.contains("localhost"));
            let family = if v4_only {
                " It asks `localhost`, which may be ::1 first, and the server listens on IPv4 only."
            } else {
                ""
            };
            let output = Some(health.last_output.as_str()).filter(|output| !output.is_empty());
            let output = output.map(|output| format!(" Its last words: {output}")).unwrap_or_default();
            (
                Severity::Note,
                format!("{name} is called unhealthy, although it answers on port {port}"),
                format!("The health check{checks} fails, while the connection stands.{family}{output}"),
                over_tcp(target, &["CMD".to_owned(), "nc".to_owned(), "-z".to_owned(), "127.0.0.1".to_owned(), port.to_string()]),
            )
        }
        _ => return None,
    };
    Some(Found {
        severity,
        stage: StageName::Listen,
        title,
        explanation,
        because: vec![Case::container_evidence(target), seen.id.to_owned()],
        fixes: vec![fix],
    })
}

/// What is run, in words.
fn checks(health: &Health) -> String {
    let words = match health.test.as_slice() {
        [shell, line] if shell == "CMD-SHELL" => line.clone(),
        [cmd, words @ ..] if cmd == "CMD" => shell_words::join(words),
        _ => return String::new(),
    };
    format!(" (`{words}`)")
}

fn over_tcp(target: &Container, test: &[String]) -> Fix {
    let typed = test.last().cloned().filter(|_| test.len() == 2).unwrap_or_else(|| shell_words::join(&test[1..]));
    let compose = compose_service(target, &format!("healthcheck:\n  test: {}", flow_list(test)));
    change(format!("let the health check of {} do what clients do, such as `{typed}`", target.name)).with_compose(compose)
}
