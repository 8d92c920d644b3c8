//! The compose projects of the tutorial, as tests start them.

use std::time::Duration;

use dprobe_tests::{Compose, Stack, docker, host, until};

/// What becomes of a file of the tutorial where a test uses it: the images that a reader exports, and networks that cannot
/// meet those of others.
pub(crate) fn lesson(text: &str) -> String {
    text.replace("image: ${ACTOR}", "<<: @actor")
        .replace("image: ${SERVERS}", "<<: @servers")
        .replace(": {}", ": @subnet")
}

/// The same text with something else in it, which has to be there.
pub(crate) fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    text.replace(from, to)
}

/// The text with another host port in place of one that everybody may have, and that port.
pub(crate) fn published(text: &str, mapping: &str) -> (String, u16) {
    let (_, inside) = mapping.split_once(':').expect("a mapping");
    let port = host::free_port();
    (with(text, mapping, &format!("{port}:{inside}")), port)
}

/// Waits until an nginx of a project has opened its sockets, which it does before it writes down its number.
pub(crate) fn wait_for_nginx(project: &Compose, service: &str) {
    let container = project.container(service);
    until("nginx to listen", Duration::from_secs(30), || {
        docker::docker(["exec", &container, "test", "-s", "/run/nginx.pid"]).status.success().then_some(())
    });
}

/// The stack of a project that dies or is misspelt needs a DNS server that knows nothing, for what is not the engine's own is
/// asked of the machine's. The text with a network that has one, and services that ask it.
pub(crate) fn with_nameserver(stack: &Stack, text: &str, network: &str) -> String {
    let net = stack.network(network);
    let dns = stack.nameserver(Some(&net), &[]);
    let external = format!("  {network}: {{ external: true, name: {} }}", net.name());
    let text = with(text, &format!("  {network}: {{}}"), &external);
    text.replace("    image: ", &format!("    dns: {dns}\n    image: "))
}
