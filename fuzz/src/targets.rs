//! The targets, one file for what belongs together.

mod certificates;
mod compose;
mod discovery;
mod dns;
mod engine;
mod firewall;
mod greetings;
mod http;
mod kernel;
mod proxies;
mod redact;
mod report;
mod resolver;
mod reverse_proxies;
mod server;
mod text;
mod wire;
mod words;

use crate::Target;

/// Every target. One that reads JSON says so.
pub const TARGETS: &[Target] = &[
    // What is said to the agent by peers, by its kernel and by the programs of its host.
    Target { name: "arp", run: kernel::arp, json: false },
    Target { name: "certificate", run: certificates::certificate, json: false },
    Target { name: "certificate_chain", run: certificates::chain, json: false },
    Target { name: "dns_answer", run: dns::answer, json: false },
    Target { name: "dns_question", run: dns::question, json: false },
    Target { name: "greeting", run: greetings::greeted, json: false },
    Target { name: "greeting_parsers", run: greetings::parsers, json: false },
    Target { name: "hosts", run: resolver::hosts, json: false },
    Target { name: "http", run: http::answer, json: false },
    Target { name: "http2", run: http::answer_of_http2, json: false },
    Target { name: "http_tunnel", run: http::tunnel, json: false },
    Target { name: "http_url", run: http::url, json: false },
    Target { name: "iptables_save", run: firewall::iptables_save, json: false },
    Target { name: "nft", run: firewall::nft, json: false },
    Target { name: "printable", run: text::printable, json: false },
    Target { name: "resolv_conf", run: resolver::resolv_conf, json: false },
    Target { name: "routes", run: kernel::routes, json: false },
    Target { name: "socket_table", run: kernel::socket_table, json: false },
    Target { name: "socks", run: http::socks, json: false },
    Target { name: "tls", run: http::tls, json: false },
    // The next parser of what comes over a network goes here.

    // What the two ends say to each other.
    Target { name: "replies", run: wire::replies, json: true },
    Target { name: "requests", run: wire::requests, json: true },
    // What is said to the CLI by its user, by the engine and by files.
    Target { name: "archive", run: engine::archive, json: false },
    Target { name: "caddy_errors", run: reverse_proxies::caddy_errors, json: false },
    Target { name: "caddyfile", run: reverse_proxies::caddyfile, json: false },
    Target { name: "compose", run: compose::edit, json: false },
    Target { name: "daemon_json", run: engine::daemon_json, json: false },
    Target { name: "dependencies", run: discovery::configured, json: false },
    Target { name: "docker_host", run: engine::docker_host, json: false },
    Target { name: "engine", run: engine::topology, json: true },
    Target { name: "haproxy_config", run: reverse_proxies::haproxy_config, json: false },
    Target { name: "log", run: engine::log, json: false },
    Target { name: "nginx_config", run: reverse_proxies::nginx_config, json: false },
    Target { name: "nginx_errors", run: reverse_proxies::nginx_errors, json: false },
    Target { name: "processes", run: engine::processes, json: true },
    Target { name: "proxies", run: proxies::environment, json: false },
    Target { name: "redact", run: redact::line, json: false },
    Target { name: "refusal", run: engine::refusal, json: true },
    Target { name: "report", run: report::explain, json: true },
    Target { name: "words", run: words::words, json: false },
    Target { name: "words_secret", run: words::secret, json: false },
    // Whatever else is read of files and of the engine comes here.
];

/// Waits for what never has to wait long: everything that it reads is there already.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without I/O needs nothing that may be missing");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}
