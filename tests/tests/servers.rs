//! Real servers: each starts with its configuration, is reached at its port, and goes with its stack.

use dprobe_tests::servers::certificates::Claims;
use dprobe_tests::servers::{
    Access, Authority, Caddy, Haproxy, Mariadb, Memcached, Microsocks, Mosquitto, Nats, Nginx, Postgres, RabbitMq,
    Redis, Server, Smtp, Tinyproxy,
};
use dprobe_tests::stack::Container;
use dprobe_tests::{Stack, check, docker};

/// A server is reached by its alias from another container, and nothing of it stays behind.
fn reached(server: &impl Server, port: u16) {
    reached_and(server, port, |_, _| {});
}

/// The same, with a look at the server and a container beside it that has the programs of the image.
fn reached_and(server: &impl Server, port: u16, look: impl FnOnce(&Container, &Container)) {
    let Some(stack) = Stack::with_servers() else { return };
    let net = stack.network("backend");
    let web = stack.server("web", &Nginx::default()).on(&net).start();
    let started = std::time::Instant::now();
    let made = stack.server("server", server).on(&net).alias("server").start();
    println!("ready after {:?}", started.elapsed());
    check([web.name(), &format!("server:{port}")]).healthy();
    look(&made, &web);
    drop(stack);
    assert!(docker::inspect(made.name()).is_none(), "{made} stays behind");
}

/// What a shell line prints in a container, both streams of it.
fn says(container: &Container, line: &str) -> String {
    let done = container.exec(&["sh", "-c", line]);
    done.stdout + &done.stderr
}

/// Asserts that something is part of what a shell line prints in a container.
fn prints(container: &Container, line: &str, what: &str) {
    let said = says(container, line);
    assert!(said.contains(what), "`{line}` does not print `{what}`:\n{said}");
}

#[test]
fn nginx() {
    reached_and(&Nginx::default(), 80, |server, _| {
        assert!(server.log().contains("worker process"), "{}", server.log())
    });
}
