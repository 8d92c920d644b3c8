//! `docs/causes.md` holds what `dprobe explain` says of every code, on one page.

use std::fmt::Write as _;
use std::path::Path;

use dprobe::diagnosis::topics;

/// `DPROBE_BLESS=1 cargo test -p dprobe --test causes` writes it anew.
#[test]
fn the_page_of_all_causes_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/causes.md");
    let page = page();
    if std::env::var_os("DPROBE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page is written");
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == page, "docs/causes.md is not what the causes say; DPROBE_BLESS=1 writes it anew");
}

/// The page: a table of all codes, then a section for each.
fn page() -> String {
    let topics = topics();
    let mut page = String::from(
        "# The causes that dprobe knows\n\nGenerated from `cli/src/diagnosis/causes/` and `cli/src/diagnosis/machine/`; \
         `dprobe explain CODE` shows the same at a terminal. A code is never renamed and never used for anything else.\n\n| code | what it is |\n\
         |---|---|\n",
    );
    for topic in &topics {
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} |", topic.code, topic.summary.replace('|', "\\|"));
    }
    for topic in topics {
        let _ = writeln!(page, "\n## {}\n\n{}.\n", topic.code, capitalized(topic.summary));
        for line in topic.page.trim_matches('\n').lines() {
            match (line.strip_prefix("## "), line.strip_prefix("Related: ")) {
                (Some(heading), _) => page.extend(["### ", heading, "\n"]),
                (_, Some(codes)) => page.extend(["Related: ", &links(codes), "\n"]),
                _ => page.extend([line, "\n"]),
            }
        }
    }
    page
}

/// A list of codes with each as a link to its section.
fn links(codes: &str) -> String {
    let link = |code: &str| format!("[`{code}`](#{code})");
    codes.split(", ").map(|code| link(code.trim_matches('`'))).collect::<Vec<_>>().join(", ")
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The catalogue of the failures that this version answers for: all of names, transport, the way to the host, published
/// ports, the way outside, TLS with HTTP and application protocols, and several engines. What becomes of each is checked
/// elsewhere: its page here and in `diagnosis::causes`, its recorded facts in `recorded.rs`, its stack in
/// `tests/tests/codes.rs`.
const CATALOGUE: [&str; 99] = [
    // Names
    "unknown-name",
    "default-bridge-no-dns",
    "no-shared-network",
    "target-not-running",
    "target-restarting",
    "target-paused",
    "target-starting",
    "health-lies",
    "source-not-running",
    "source-network-none",
    "source-netns-stranded",
    "source-host-network",
    "localhost-is-container",
    "localhost-socket",
    "stale-ip",
    "link-stale",
    "link-env-collision",
    "hosts-override",
    "ambiguous-name",
    "search-domain-shadow",
    "underscore-hostname",
    "embedded-dns-broken",
    "dns-server-unreachable",
    "dns-server-error",
    "dns-first-server-dead",
    "dns-loopback-stub",
    "dns-name-not-found",
    "libc-dns-difference",
    // Transport between containers
    "bind-loopback",
    "bind-other-address",
    "bind-one-family",
    "nothing-listening",
    "wrong-port",
    "host-port-used-inside",
    "udp-not-tcp",
    "icc-disabled",
    "firewall-drop",
    "firewall-reject",
    "accept-queue-full",
    "source-ports-exhausted",
    "mtu-black-hole",
    "subnet-overlap",
    "bridge-down",
    "macvlan-host-isolation",
    "engine-rules-wiped",
    "ipv6-no-route",
    "wrong-default-gateway",
    // Container to its host
    "host-name-missing",
    "host-bind-loopback",
    "host-not-listening",
    "host-firewall",
    "host-gateway-mismatch",
    "published-loopback-from-container",
    // Host to container
    "not-published",
    "published-wrong-port",
    "published-random-port",
    "published-loopback-only",
    "published-other-protocol",
    "publish-failed",
    "published-on-internal",
    "flag-after-image",
    "wrong-server-answers",
    "localhost-v6",
    "container-ip-from-desktop",
    // Container to the outside
    "internal-network",
    "ip-forward-off",
    "masquerade-off",
    "egress-blocked",
    "proxy-required",
    "proxy-captures-internal",
    "proxy-is-loopback",
    "proxy-unreachable",
    // Application protocols
    "protocol-mismatch",
    "advertised-address",
    "db-host-denied",
    "db-tls-mismatch",
    "protected-mode",
    "too-many-connections",
    // TLS, HTTP and application protocols
    "tls-untrusted",
    "tls-ca-bundle-missing",
    "tls-expired",
    "tls-name-mismatch",
    "tls-not-spoken",
    "tls-required",
    "http-error",
    "bad-gateway",
    "upstream-stale",
    "redirect-to-localhost",
    "host-header-rejected",
    "url-malformed",
    // Several engines and hosts
    "other-engine",
    "overlay-data-blocked",
    "overlay-gossip-blocked",
    "service-no-task",
    "vip-broken",
    "rootless-host-loopback",
    "network-recreated",
    "network-missing",
    "dind-localhost",
];

#[test]
fn every_failure_of_the_catalogue_has_its_cause() {
    let missing: Vec<&str> = CATALOGUE.into_iter().filter(|code| dprobe::diagnosis::cause(code).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
